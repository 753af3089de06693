//! What the API says when it does not do what was asked: with a code, truly, and without anybody's secrets.

use std::time::{Duration, Instant};

use aegis_testkit::{NatsServer, wait_until};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::liveness::metric;
use crate::support::{ControlPlane, PATIENCE};

async fn start() -> (NatsServer, tempfile::TempDir, ControlPlane) {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    (nats, folder, control)
}

#[tokio::test]
async fn a_refusal_says_that_nothing_was_done_and_quotes_little_of_what_was_sent() {
    let (_nats, _folder, control) = start().await;
    let long = "x".repeat(200_000);
    let post = async |path: &str, body: String| {
        let request = control.http.post(control.at(path)).bearer_auth(&control.token);
        let answer = request.header("content-type", "application/json").body(body).send().await.unwrap();
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        assert!(text.len() < 2_000, "{path}: {} bytes came back", text.len());
        (status, serde_json::from_str::<Value>(&text).unwrap())
    };
    for (path, body) in [
        ("/graphql", json!({ "query": "{ viewer { name } }", "variables": long }).to_string()),
        ("/graphql", json!({ "query": { "a": long } }).to_string()),
        ("/api/session", json!({ "token": [long] }).to_string()),
        ("/api/session", json!({ "token": "a", long.as_str(): 1 }).to_string()),
        ("/graphql", format!("{{ {long}")),
    ] {
        let (status, answer) = post(path, body).await;
        assert!((400..=422).contains(&status), "{status} {answer}");
        assert_eq!(answer["error"]["code"], "INVALID_INPUT", "{answer}");
        assert!(answer["error"]["message"].as_str().unwrap().contains("nothing was done"), "{answer}");
    }
    let (status, answer) = post("/graphql", json!({ "query": "y".repeat(300_000) }).to_string()).await;
    assert_eq!((status, &answer["error"]["code"]), (413, &json!("PAYLOAD_TOO_LARGE")), "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().contains("nothing was done"), "{answer}");
    for query in [
        format!("{{ viewer {{ {long} }} }}"),
        format!("{{ viewer(%{long}) }}"),
        format!("query($n: Long!) {{ deadLetter(sequence: \"{long}\") {{ sequence }} }}"),
        format!("{{ asOf(time: \"{long}\") {{ asOfSequence }} }}"),
    ] {
        let (status, answer) = post("/graphql", json!({ "query": query }).to_string()).await;
        let code = answer["errors"][0]["extensions"]["code"].as_str().unwrap();
        assert!(
            status == 200 && ["INVALID_QUERY", "INVALID_INPUT", "QUERY_TOO_COMPLEX"].contains(&code),
            "{answer}"
        );
    }
    let deep = format!("{}name{}", "ofType { ".repeat(20), " }".repeat(20));
    let (_, answer) = post(
        "/graphql",
        json!({ "query": format!("{{ __schema {{ types {{ fields {{ type {{ {deep} }} }} }} }} }}") })
            .to_string(),
    )
    .await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "QUERY_TOO_COMPLEX", "{answer}");
}

#[tokio::test]
async fn an_error_of_a_subscription_has_a_code_and_a_request_id_like_any_other() {
    let (_nats, _folder, control) = start().await;
    let mut request = control.url.replacen("http", "ws", 1) + "/graphql/ws";
    request.shrink_to_fit();
    let mut request = request.into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
    request.headers_mut().insert("x-request-id", "mine".parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let subscribe =
        json!({ "type": "subscribe", "id": "1", "payload": { "query": "subscription { nothing }" } });
    for message in [json!({ "type": "connection_init", "payload": { "token": control.token } }), subscribe] {
        socket.send(message.to_string().into()).await.unwrap();
    }
    let mut told = Vec::new();
    while let Some(Ok(message)) = tokio::time::timeout(PATIENCE, socket.next()).await.unwrap() {
        let Ok(text) = message.into_text() else { continue };
        let message: Value = serde_json::from_str(&text).unwrap_or_default();
        told.push(text.to_string());
        let payload = &message["payload"];
        let error = if payload.is_array() { &payload[0] } else { &payload["errors"][0] };
        if error.is_object() {
            assert_eq!(error["extensions"]["code"], "INVALID_QUERY", "{message}");
            assert_eq!(error["extensions"]["requestId"], "mine", "{message}");
            return;
        }
    }
    panic!("no error: {told:#?}");
}

#[tokio::test]
async fn each_field_of_the_system_costs_what_it_asks_for_and_connected_is_what_was_just_seen() {
    let (nats, _folder, control) = start().await;
    let ask = async |fields: &str| {
        let begun = Instant::now();
        let answer = control.query(&format!("{{ system {{ {fields} }} }}"), json!({})).await;
        (answer["system"].clone(), begun.elapsed())
    };
    assert_eq!(ask("natsConnected").await.0, json!({ "natsConnected": true }));
    // It hangs: its sockets are open, and nothing comes out of them.
    nats.pause();
    let (answer, took) = ask("version namespace asOfSequence rebuilding logGaps heartbeatsVisible").await;
    assert!(took < Duration::from_millis(500), "{took:?}: {answer}");
    let (answer, took) = ask("natsConnected headSequence projectionLag deadLetters problems { code }").await;
    assert_eq!(answer["natsConnected"], false, "{answer}");
    assert!(took < Duration::from_millis(1_900), "{took:?}: {answer}");
    assert_eq!(metric(&control, "aegis_nats_connected").await, 0);
    nats.resume();
    wait_until("the connection", PATIENCE, || async {
        let (answer, _) = ask("natsConnected").await;
        if answer["natsConnected"] == true { Ok(()) } else { Err(answer.to_string()) }
    })
    .await;
}
