//! What anybody can do to the API, and what others notice of it: nothing.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use aegis_testkit::{NatsServer, wait_until};
use futures_util::{SinkExt as _, StreamExt as _, future};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::MaybeTlsStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::serve::Serve;
use crate::subscriptions::{Socket, connect, hear};
use crate::support::{ControlPlane, PATIENCE};

/// How long a health check may take meanwhile. Binaries of tests are not optimised, and other tests run beside this one.
const HEALTH: Duration = Duration::from_millis(500);

/// The head of a text frame that says that it has 2^40 bytes; a frame without a mask; a text that is none.
const OVERSIZED: &[u8] = &[0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4];
const UNMASKED: &[u8] = &[0x81, 0x02, b'{', b'}'];
const NO_UTF8: &[u8] = &[0x81, 0x81, 0, 0, 0, 0, 0xff];

async fn start() -> (NatsServer, tempfile::TempDir, ControlPlane) {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    (nats, folder, control)
}

async fn is_healthy(control: &ControlPlane) {
    let begun = Instant::now();
    let status = control.http.get(control.at("/healthz")).send().await.unwrap().status();
    assert!(status == 200 && begun.elapsed() < HEALTH, "{status} after {:?}", begun.elapsed());
}

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap()
}

async fn introduced(control: &ControlPlane) -> Socket {
    let mut socket = connect(control, None).await.unwrap();
    let init = json!({ "type": "connection_init", "payload": { "token": control.token } });
    socket.send(Message::text(init.to_string())).await.unwrap();
    socket
}

#[tokio::test]
async fn documents_that_double_or_nest_are_refused_while_health_is_answered() {
    let (_nats, _folder, control) = start().await;
    let doubling: String =
        (0..26).map(|i| format!("fragment f{i} on Query {{ ...f{0} ...f{0} }} ", i + 1)).collect();
    let doubling = format!("{{ ...f0 }} {doubling} fragment f26 on Query {{ viewer {{ name }} }}");
    let asked = async || {
        for _ in 0..20 {
            assert_eq!(code(&control.ask(&doubling, json!({})).await), "QUERY_TOO_COMPLEX");
            let nested = format!("{{ a(b: {}", "[".repeat(200_000));
            assert_eq!(code(&control.ask(&nested, json!({})).await), "QUERY_TOO_COMPLEX");
        }
    };
    let health = async {
        for _ in 0..20 {
            is_healthy(&control).await;
        }
    };
    future::join(asked(), health).await;
    let small = control.ask("{ viewer { name } }", json!({})).await;
    assert_eq!(small["extensions"]["cost"]["asked"], 2, "{small}");
}

#[tokio::test]
async fn who_asks_for_more_than_its_budget_waits_as_long_as_it_is_told() {
    let (_nats, _folder, control) = start().await;
    let dear: String = (0..15).map(|i| format!("a{i}: __schema {{ types {{ name }} }} ")).collect();
    let asked = (0..40).map(|_| control.ask(Box::leak(format!("{{ {dear} }}").into_boxed_str()), json!({})));
    let answers = future::join_all(asked).await;
    let refused = answers.iter().find(|answer| answer.get("errors").is_some()).expect("a budget ends");
    let extensions = &refused["errors"][0]["extensions"];
    assert_eq!((code(refused), &extensions["retryable"]), ("RATE_LIMITED", &json!(true)));
    let wait = Duration::from_millis(extensions["retryAfterMs"].as_u64().unwrap());
    assert!(wait < Duration::from_secs(5), "{wait:?}");
    wait_until("the budget", PATIENCE, || async {
        let answer = control.ask(&format!("{{ {dear} }}"), json!({})).await;
        if answer.get("errors").is_none() { Ok(()) } else { Err(answer.to_string()) }
    })
    .await;
}

#[tokio::test]
async fn one_principal_has_so_many_websockets_and_the_others_are_told() {
    let (_nats, _folder, control) = start().await;
    let mut sockets = future::join_all((0..160).map(|_| introduced(&control))).await;
    let said = future::join_all(sockets.iter_mut().map(hear)).await;
    let taken = said.iter().filter(|said| said["type"] == "connection_ack").count();
    let refused = said.iter().filter(|said| **said == json!({ "close": 4429 })).count();
    assert_eq!((taken, refused), (100, 60));
    is_healthy(&control).await;
    drop(sockets);
    wait_until("a place that is free again", PATIENCE, || async {
        let said = hear(&mut introduced(&control).await).await;
        if said["type"] == "connection_ack" { Ok(()) } else { Err(said.to_string()) }
    })
    .await;
}

#[tokio::test]
async fn a_client_is_told_why_its_websocket_is_closed() {
    let (_nats, _folder, control) = start().await;
    let mut socket = introduced(&control).await;
    assert_eq!(hear(&mut socket).await["type"], "connection_ack");
    socket.send(Message::text("x".repeat(100_000))).await.unwrap();
    // What it goes on sending does not cost it the reason.
    for _ in 0..20 {
        let _closed = socket.send(Message::text("y".repeat(50_000))).await;
    }
    assert_eq!(hear(&mut socket).await, json!({ "close": 1009 }));

    // Beyond what is read at all, and what is no frame.
    for (strange, code) in [(OVERSIZED, 1009), (UNMASKED, 1002), (NO_UTF8, 1007)] {
        let mut socket = introduced(&control).await;
        assert_eq!(hear(&mut socket).await["type"], "connection_ack");
        let MaybeTlsStream::Plain(stream) = socket.get_mut() else { panic!("it is no TLS") };
        stream.write_all(strange).await.unwrap();
        assert_eq!(hear(&mut socket).await, json!({ "close": code }));
    }

    let request = control.at("/graphql/ws").replace("http://", "ws://").into_client_request().unwrap();
    let (mut socket, _response) = tokio_tungstenite::connect_async(request).await.unwrap();
    assert_eq!(hear(&mut socket).await, json!({ "close": 4406 }));
}

#[tokio::test]
async fn a_client_of_another_subprotocol_is_closed_with_4406() {
    let (_nats, _folder, control) = start().await;
    let address = control.url.trim_start_matches("http://").to_owned();
    // Clients refuse the handshake by themselves when the protocol that they asked for is not taken.
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let handshake = format!(
        "GET /graphql/ws HTTP/1.1\r\nhost: {address}\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         sec-websocket-protocol: graphql-ws\r\n\r\n"
    );
    stream.write_all(handshake.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // Until the replica, which has said farewell, ends the connection.
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&answer);
    assert!(text.starts_with("HTTP/1.1 101") && !text.contains("sec-websocket-protocol"), "{text}");
    // The frame of a close: its opcode, its length, and the code.
    let frame = answer.windows(4).find(|bytes| bytes[0] == 0x88).unwrap();
    assert_eq!(u16::from_be_bytes([frame[2], frame[3]]), 4406, "{text}");
}

#[tokio::test]
async fn an_operation_that_was_not_run_ends_with_an_error_and_its_id_is_free() {
    let (_nats, _folder, control) = start().await;
    let mut socket = introduced(&control).await;
    assert_eq!(hear(&mut socket).await["type"], "connection_ack");
    for query in ["{ nothing }", "subscription { nothing }", "{"] {
        let subscribe = json!({ "type": "subscribe", "id": "1", "payload": { "query": query } });
        socket.send(Message::text(subscribe.to_string())).await.unwrap();
        let error = hear(&mut socket).await;
        assert_eq!((&error["type"], &error["id"]), (&json!("error"), &json!("1")), "{error}");
        let extensions = &error["payload"][0]["extensions"];
        assert!(extensions["code"] == "INVALID_QUERY" && extensions["requestId"].is_string(), "{error}");
    }
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": { "query": "{ viewer { name } }" } });
    socket.send(Message::text(subscribe.to_string())).await.unwrap();
    assert_eq!(hear(&mut socket).await["payload"]["data"]["viewer"]["name"], "admin");
    assert_eq!(hear(&mut socket).await, json!({ "type": "complete", "id": "1" }));
    // Each root field would be a stream, and all of them one operation.
    let fields: String = (0..300).map(|n| format!("a{n}: events {{ __typename }} ")).collect();
    let query = format!("subscription {{ {fields} }}");
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": { "query": query } });
    socket.send(Message::text(subscribe.to_string())).await.unwrap();
    let error = hear(&mut socket).await;
    assert_eq!(
        (&error["type"], &error["payload"][0]["extensions"]["code"]),
        (&json!("error"), &json!("INVALID_QUERY"))
    );
}

#[tokio::test]
async fn a_client_without_pings_of_its_own_outlives_the_limit_of_silence() {
    let (_nats, _folder, control) = start().await;
    let mut socket = introduced(&control).await;
    assert_eq!(hear(&mut socket).await["type"], "connection_ack");
    // One every 10 s, and the limit is 60 s. Reading answers them, as in any websocket client.
    for _ in 0..7 {
        let asked = tokio::time::timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap();
        assert!(matches!(asked, Message::Ping(_)), "{asked:?}");
    }
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": { "query": "{ viewer { name } }" } });
    socket.send(Message::text(subscribe.to_string())).await.unwrap();
    assert_eq!(hear(&mut socket).await["payload"]["data"]["viewer"]["name"], "admin");
}

#[tokio::test]
async fn an_address_that_fails_to_sign_in_again_and_again_has_to_wait() {
    let (_nats, _folder, control) = start().await;
    let sign_in = || control.http.post(control.at("/api/session")).json(&json!({ "token": "wrong" })).send();
    let mut refused = None;
    for _ in 0..60 {
        let response = sign_in().await.unwrap();
        if response.status() != 401 {
            refused = Some(response);
            break;
        }
    }
    let refused = refused.expect("tries are limited");
    assert_eq!(refused.status(), 429);
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=3).contains(&wait), "{wait}");
    let body: Value = refused.json().await.unwrap();
    assert_eq!((&body["error"]["code"], &body["error"]["retryable"]), (&json!("RATE_LIMITED"), &json!(true)));
    let metrics = control.http.get(control.at("/metrics")).bearer_auth(&control.token).send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let failed = metrics.lines().find_map(|line| line.strip_prefix("aegis_sign_ins_failed_total ")).unwrap();
    assert!(failed.parse::<u64>().unwrap() >= 30, "{failed}");
}

#[tokio::test]
async fn a_thousand_clients_that_never_finish_their_request_do_not_block_others() {
    let (_nats, _folder, control) = start().await;
    let address = control.url.trim_start_matches("http://").to_owned();
    let slow = future::join_all((0..1_000).map(|_| async {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\nx-").await.unwrap();
        stream
    }))
    .await;
    for _ in 0..20 {
        is_healthy(&control).await;
    }
    assert_eq!(control.query("{ viewer { name } }", json!({})).await["viewer"]["name"], "admin");
    drop(slow);
}

#[tokio::test]
async fn viewers_can_be_kept_to_the_documents_of_the_page() {
    let (nats, folder) = (NatsServer::start().await, tempfile::tempdir().unwrap());
    let tables = "[[token]]\nname = \"bob\"\nrole = \"viewer\"\n\
                  sha256 = \"d35ca5051b82ffc326a3b0b6574a9a3161dee16b9478a199ee39cd803ce5b799\"\n\
                  [limits]\nviewers_run_only_documents_of_the_page = true";
    let serve = Serve::start_with(&nats.url(), folder.path(), tables).await;
    serve.ready().await;
    let documents: Value = serde_json::from_str(include_str!("../../../web/documents.json")).unwrap();
    let (hash, query) = documents
        .as_object()
        .unwrap()
        .iter()
        .find(|(_, text)| text.as_str().unwrap().starts_with("query Viewer"))
        .unwrap();
    let ask = |token: &str, body: Value| {
        let request = serve.http.post(format!("http://{}/graphql", serve.address)).bearer_auth(token);
        let request = request.json(&body);
        async move { request.send().await.unwrap().json::<Value>().await.unwrap() }
    };
    let own = json!({ "query": "{ viewer { name } }" });
    assert_eq!(code(&ask("viewer", own.clone()).await), "FORBIDDEN");
    assert_eq!(ask(&serve.token, own).await["data"]["viewer"]["name"], "alice");
    assert_eq!(ask("viewer", json!({ "query": query })).await["data"]["viewer"]["name"], "bob");
    let by_hash = json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": hash } } });
    assert_eq!(ask("viewer", by_hash).await["data"]["viewer"]["name"], "bob");
    // Documents of REST are the program's own.
    let rest = |method: reqwest::Method, path: &str| {
        let request = serve.http.request(method, format!("http://{}{path}", serve.address));
        let request = request.bearer_auth("viewer").json(&json!({ "reason": "a" }));
        async move { request.send().await.unwrap().json::<Value>().await.unwrap() }
    };
    assert_eq!(rest(reqwest::Method::GET, "/api/viewer").await, json!({ "name": "bob", "role": "VIEWER" }));
    for (method, path) in [
        (reqwest::Method::POST, "/api/instances/a/b/drain"),
        (reqwest::Method::POST, "/api/dead-letters/1/discard"),
        (reqwest::Method::GET, "/api/registry?at=1"),
    ] {
        assert_eq!(rest(method, path).await["code"], "FORBIDDEN", "{path}");
    }
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_its_answers_is_cut_off() {
    let (_nats, _folder, control) = start().await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let address = control.url.trim_start_matches("http://").parse().unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    let request = format!(
        "GET /api/openapi.json HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\r\n",
        control.token
    );
    // More than all buffers between the two hold.
    stream.write_all(request.repeat(200).as_bytes()).await.unwrap();
    wait_until("the end of the connection", 2 * PATIENCE, || async {
        match stream.try_write(b"GET") {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Ok(()),
            written => Err(format!("{written:?}")),
        }
    })
    .await;
    is_healthy(&control).await;
}

#[tokio::test]
async fn one_address_has_half_of_all_connections_at_most() {
    let (_nats, _folder, control) = start().await;
    let address = control.url.trim_start_matches("http://").to_owned();
    let mut streams = vec![];
    for _ in 0..2_100 {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        let _refused = stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
        match stream.read(&mut [0; 16]).await {
            Ok(count) if count > 0 => streams.push(stream),
            _closed => break,
        }
    }
    assert!((2_000..=2_048).contains(&streams.len()), "{}", streams.len());
    let other =
        reqwest::Client::builder().local_address("127.0.0.2".parse::<IpAddr>().unwrap()).build().unwrap();
    let answer = other.get(control.at("/healthz")).send().await.unwrap();
    assert_eq!(answer.status(), 200, "another address is served");
}
