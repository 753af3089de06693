//! Subscriptions over graphql-transport-ws.

use std::time::Duration;

use crate::support::{ControlPlane, PATIENCE};
use aegis_sdk::{Service, ServiceConfig};
use aegis_testkit::NatsServer;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};

pub(crate) type Socket = WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

const INSTANCES: &str = "subscription { instanceChanges { __typename
    ... on InstanceSnapshot { asOfSequence instances { id status } }
    ... on InstanceDelta { asOfSequence changed { id status groups { group term } metrics { uptimeSeconds } } removed } } }";
const EVENTS: &str = "subscription($after: Long) { events(afterSequence: $after, snapshot: 10) { __typename
    ... on EventSnapshot { asOfSequence events { sequence } }
    ... on EventBatch { asOfSequence events { sequence } } } }";
const DEFINE: &str = "mutation($input: DefineInput!) { define(input: $input) { __typename } }";

pub(crate) async fn start() -> (NatsServer, tempfile::TempDir, ControlPlane) {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    (nats, folder, control)
}

pub(crate) async fn connect(control: &ControlPlane, origin: Option<&str>) -> Result<Socket, Error> {
    connect_to(&control.at("/graphql/ws").replace("http://", "ws://"), origin).await
}

pub(crate) async fn connect_to(url: &str, origin: Option<&str>) -> Result<Socket, Error> {
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", origin.parse().unwrap());
    }
    Ok(tokio_tungstenite::connect_async(request).await?.0)
}

async fn say(socket: &mut Socket, message: Value) {
    socket.send(Message::text(message.to_string())).await.unwrap();
}

/// The next message; a close as `{"close": code}`.
pub(crate) async fn hear<S>(socket: &mut WebSocketStream<S>) -> Value
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let message =
            tokio::time::timeout(PATIENCE, socket.next()).await.expect("nothing was said").unwrap().unwrap();
        match message {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Close(frame) => return json!({ "close": u16::from(frame.unwrap().code) }),
            Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }
}

pub(crate) async fn subscribed(control: &ControlPlane, query: &str, variables: Value) -> Socket {
    let mut socket = connect(control, Some(&control.url)).await.unwrap();
    say(&mut socket, json!({ "type": "connection_init", "payload": { "token": control.token } })).await;
    assert_eq!(hear(&mut socket).await["type"], "connection_ack");
    let payload = json!({ "query": query, "variables": variables });
    say(&mut socket, json!({ "type": "subscribe", "id": "1", "payload": payload })).await;
    socket
}

pub(crate) async fn next(socket: &mut Socket, field: &str) -> Value {
    let message = hear(socket).await;
    assert_eq!(message["type"], "next", "{message}");
    message["payload"]["data"][field].clone()
}

pub(crate) async fn define(control: &ControlPlane, service: &str) {
    let input = json!({ "service": service, "owner": "desk", "description": "d", "version": "1.0.0" });
    control.query(DEFINE, json!({ "input": input })).await;
}

#[tokio::test]
async fn instances_come_as_a_snapshot_then_as_they_change_at_most_four_times_a_second() {
    let (nats, _folder, control) = start().await;
    let mut socket = subscribed(&control, INSTANCES, json!({})).await;
    let snapshot = next(&mut socket, "instanceChanges").await;
    assert_eq!(
        (snapshot["__typename"].as_str(), &snapshot["instances"]),
        (Some("InstanceSnapshot"), &json!([]))
    );
    let mut config = ServiceConfig::new("echo", "1.0.0").unwrap();
    (config.nats_url, config.groups) = (nats.url(), vec!["G".parse().unwrap()]);
    config.instance = Some("echo-1".parse().unwrap());
    config.heartbeat_ms = 100;
    let service = Service::builder(config).start().await.unwrap();
    let mut heard = Vec::new();
    loop {
        let delta = next(&mut socket, "instanceChanges").await;
        heard.push(tokio::time::Instant::now());
        assert_eq!(delta["changed"][0]["id"], "echo/echo-1");
        if delta["changed"][0]["groups"] == json!([{ "group": "G", "term": 1 }]) && heard.len() >= 6 {
            break;
        }
    }
    let took = heard[heard.len() - 1] - heard[0];
    let least = Duration::from_millis(240) * (u32::try_from(heard.len()).unwrap() - 1);
    assert!(took >= least, "{} messages within {took:?}", heard.len());
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn events_resume_from_a_cursor_without_a_gap_or_a_double() {
    let (_nats, _folder, control) = start().await;
    define(&control, "service-1").await;
    let mut socket = subscribed(&control, EVENTS, json!({ "after": null })).await;
    let snapshot = next(&mut socket, "events").await;
    let mut seen = sequences(&snapshot);
    define(&control, "service-2").await;
    while seen.len() < 2 {
        seen.extend(sequences(&next(&mut socket, "events").await));
    }
    drop(socket);
    for n in 3..=40 {
        define(&control, &format!("service-{n}")).await;
    }
    let mut socket = subscribed(&control, EVENTS, json!({ "after": seen.last() })).await;
    while seen.len() < 40 {
        let batch = next(&mut socket, "events").await;
        assert_eq!(batch["__typename"], "EventBatch");
        seen.extend(sequences(&batch));
        assert_eq!(batch["asOfSequence"].as_u64(), seen.last().copied(), "never ahead of what was sent");
    }
    assert_eq!(seen, (1..=40).collect::<Vec<u64>>());
}

fn sequences(update: &Value) -> Vec<u64> {
    update["events"].as_array().unwrap().iter().map(|event| event["sequence"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn an_unauthenticated_client_or_one_that_breaks_the_protocol_is_closed_with_the_right_code() {
    let (_nats, _folder, control) = start().await;
    for (messages, code) in [
        (vec![json!({ "type": "connection_init", "payload": { "token": "wrong" } })], 4401),
        (vec![json!({ "type": "connection_init" })], 4401),
        (
            vec![json!({ "type": "subscribe", "id": "1", "payload": { "query": "{ viewer { name } }" } })],
            4401,
        ),
        (vec![json!({ "type": "nonsense" })], 4400),
    ] {
        let mut socket = connect(&control, None).await.unwrap();
        for message in &messages {
            say(&mut socket, message.clone()).await;
        }
        assert_eq!(hear(&mut socket).await, json!({ "close": code }), "{messages:?}");
    }
    let mut socket = subscribed(&control, INSTANCES, json!({})).await;
    next(&mut socket, "instanceChanges").await;
    say(&mut socket, json!({ "type": "subscribe", "id": "1", "payload": { "query": INSTANCES } })).await;
    assert_eq!(hear(&mut socket).await, json!({ "close": 4409 }));
    let mut socket = subscribed(&control, INSTANCES, json!({})).await;
    for n in 2..=33 {
        say(
            &mut socket,
            json!({ "type": "subscribe", "id": n.to_string(), "payload": { "query": INSTANCES } }),
        )
        .await;
    }
    loop {
        let message = hear(&mut socket).await;
        if let Some(code) = message.get("close") {
            assert_eq!(code, 4429);
            break;
        }
    }
    let stranger = connect(&control, Some("http://elsewhere.example")).await;
    assert!(matches!(&stranger, Err(Error::Http(response)) if response.status() == 403), "{stranger:?}");
}
