//! Subscribers: what they receive, and its age.

use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_util::sync::CancellationToken;

use crate::control::ControlPlane;
use crate::measure::Latencies;

/// At most four messages a second go to a page.
const PACE: TimeDelta = TimeDelta::milliseconds(250);
const PATIENCE: Duration = Duration::from_secs(30);
/// What the page selects.
const PAGE: &str = "subscription($first: Int, $offset: Int!) { instanceChanges(first: $first, offset: $offset) {
    __typename
    ... on InstanceSnapshot { instances { ...Row } totalCount asOfSequence }
    ... on InstanceDelta { changed { ...Row } removed order totalCount asOfSequence } } }
    fragment Row on Instance { id service instance version status reason statusSince groups { group term since } defined
    flapping conflict clockOffsetSeconds legacy lastBeatAt
    metrics { inFlight queueDepth callsPerSecond p99Ms calls errors } asOfSequence }";
const TAIL: &str = "subscription { events(snapshot: 0) { __typename
    ... on EventSnapshot { events { ...Row } asOfSequence } ... on EventBatch { events { ...Row } asOfSequence } } }
    fragment Row on Event { id sequence type kind aggregate service aggregateVersion time recordedAt actor correlationId
    causationId summary data }";

type Stream = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

#[derive(Debug, Clone, Copy)]
enum Kind {
    Page,
    Tail,
}

pub(super) struct Socket {
    stream: Stream,
    kind: Kind,
}

/// What was heard, by one or by all.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// From the heartbeat, or from when the next message was due, to the message of a page that tells it.
    pub(super) pages: Latencies,
    /// From the append to the message that tells the event.
    pub(super) events: Latencies,
    pub(super) bytes: u64,
    pub(super) messages: u64,
}

pub(super) async fn page(
    control: &ControlPlane,
    token: &str,
    offset: u32,
    first: u32,
) -> anyhow::Result<Socket> {
    open(control, token, Kind::Page, PAGE, json!({ "first": first, "offset": offset })).await
}

pub(super) async fn tail(control: &ControlPlane, token: &str) -> anyhow::Result<Socket> {
    open(control, token, Kind::Tail, TAIL, json!({})).await
}

async fn open(
    control: &ControlPlane,
    token: &str,
    kind: Kind,
    query: &str,
    variables: Value,
) -> anyhow::Result<Socket> {
    let url = control.url.replace("http://", "ws://");
    let mut request = format!("{url}/graphql/ws").into_client_request()?;
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse()?);
    let (mut stream, _) = tokio_tungstenite::connect_async(request).await?;
    let init = json!({ "type": "connection_init", "payload": { "token": token } });
    stream.send(Message::text(init.to_string())).await?;
    let payload = json!({ "query": query, "variables": variables });
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": payload }).to_string();
    stream.send(Message::text(subscribe.clone())).await?;
    loop {
        let message =
            tokio::time::timeout(PATIENCE, stream.next()).await?.context("a socket was closed")??;
        let Message::Text(text) = message else { continue };
        let told: Value = serde_json::from_str(&text)?;
        match told["type"].as_str() {
            Some("connection_ack") => {}
            Some("next") => return Ok(Socket { stream, kind }),
            _ => {
                // So many at once are more than one principal may ask for in a second.
                let wait = told.pointer("/payload/0/extensions/retryAfterMs").and_then(Value::as_u64);
                tokio::time::sleep(Duration::from_millis(wait.with_context(|| text.to_string())?)).await;
                stream.send(Message::text(subscribe.clone())).await?;
            }
        }
    }
}

impl Socket {
    /// Hears until it is told to stop; only what comes while it is told to count counts.
    pub(super) async fn hear(
        mut self,
        counting: CancellationToken,
        stop: CancellationToken,
    ) -> anyhow::Result<Heard> {
        let mut heard = Heard::default();
        let mut before = Utc::now();
        while let Some(message) = stop.run_until_cancelled(self.stream.next()).await {
            let message = message.context("a socket was closed")??;
            let now = Utc::now();
            let Message::Text(text) = message else { continue };
            anyhow::ensure!(
                text.starts_with(r#"{"type":"next""#) && !text.contains(r#""errors":[{"#),
                "{text}"
            );
            if counting.is_cancelled() {
                heard.messages += 1;
                heard.bytes += text.len() as u64;
                match self.kind {
                    Kind::Page => ages(&text, r#""lastBeatAt":""#, now, before + PACE, &mut heard.pages)?,
                    Kind::Tail => {
                        ages(&text, r#""recordedAt":""#, now, DateTime::UNIX_EPOCH, &mut heard.events)?
                    }
                }
            }
            before = now;
        }
        Ok(heard)
    }
}

/// How old everything in the message is, or how long ago it was due.
fn ages(
    text: &str,
    field: &str,
    now: DateTime<Utc>,
    due: DateTime<Utc>,
    latencies: &mut Latencies,
) -> anyhow::Result<()> {
    for rest in text.split(field).skip(1) {
        let time = rest.split('"').next().context("half a time")?;
        let age = now - time.parse::<DateTime<Utc>>()?.max(due);
        latencies.record(age.to_std().unwrap_or(Duration::ZERO));
    }
    Ok(())
}

impl Heard {
    pub(super) fn add(&mut self, other: &Self) -> anyhow::Result<()> {
        self.pages.add(&other.pages)?;
        self.events.add(&other.events)?;
        self.bytes += other.bytes;
        self.messages += other.messages;
        Ok(())
    }
}
