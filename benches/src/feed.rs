//! From the call that appends an event to the message of a GraphQL subscription that shows it, through the real
//! control plane over a real websocket: with nothing else going on, and under a steady load of events.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use aegis_domain::aggregate::instance::InstanceEvent;
use aegis_domain::{Actor, AggregateId, Context, Event, InstanceName, ServiceName};
use aegis_sdk::journal::Head;
use aegis_sdk::{ConnectOptions, Connection, Journal};
use aegis_testkit::NatsServer;
use chrono::Utc;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::control::ControlPlane;
use crate::measure::Latencies;
use crate::report::{Bar, Row};

/// Bars, in milliseconds.
const IDLE: f64 = 5.0;
const LOADED: f64 = 25.0;
/// How many events a second the load is.
const RATE: u32 = 5_000;
const WRITERS: u32 = 100;
const PATIENCE: Duration = Duration::from_secs(30);
const QUERY: &str = "subscription { events(snapshot: 0) { ... on EventBatch { events { sequence } } } }";

pub(crate) type Socket =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

pub(crate) async fn run(quick: bool) -> anyhow::Result<Vec<Row>> {
    let (rounds, seconds) = if quick { (100, 2) } else { (1_000, 20) };
    let server = NatsServer::start().await;
    let folder = tempfile::tempdir()?;
    let (_control, socket) = subscribe(&server.url(), folder.path()).await?;
    let mut shown = listen(socket);
    let connection = Connection::open(ConnectOptions::new(server.url(), "bench")).await?;
    let journal = Journal::new(&connection);
    let idle = idle(&journal, &mut shown, rounds).await?;
    let (loaded, rate) = loaded(&journal, &mut shown, Duration::from_secs(seconds)).await?;
    let row = |metric, latencies: &Latencies, quantile, bar| {
        Row::new(
            metric,
            "feed",
            (latencies.micros(quantile) / 1000.0, bar),
            "ms",
            Bar::AtMost(1.0),
            latencies.count(),
        )
    };
    Ok(vec![
        row("append to visible, idle p50", &idle, 0.5, IDLE),
        row("append to visible, idle p99", &idle, 0.99, IDLE),
        row("append to visible, loaded p50", &loaded, 0.5, LOADED),
        row("append to visible, loaded p99", &loaded, 0.99, LOADED),
        Row::new("load", "feed", (rate, f64::from(RATE)), "1/s", Bar::AtLeast(0.98), loaded.count()),
    ])
}

/// Starts a control plane and subscribes to its events.
async fn subscribe(nats: &str, folder: &Path) -> anyhow::Result<(ControlPlane, Socket)> {
    let control = ControlPlane::start(nats, folder).await?;
    let socket = subscribe_at(&control.url, &control.token).await?;
    Ok((control, socket))
}

/// Subscribes to the events of a control plane.
pub(crate) async fn subscribe_at(url: &str, token: &str) -> anyhow::Result<Socket> {
    let url = url.replace("http://", "ws://");
    let mut request = format!("{url}/graphql/ws").into_client_request()?;
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse()?);
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await?;
    let init = json!({ "type": "connection_init", "payload": { "token": token } });
    socket.send(Message::text(init.to_string())).await?;
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": { "query": QUERY } });
    socket.send(Message::text(subscribe.to_string())).await?;
    Ok(socket)
}

/// Each sequence that is shown, and when.
pub(crate) fn listen(mut socket: Socket) -> mpsc::UnboundedReceiver<(u64, Instant)> {
    let (sender, shown) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(Ok(message)) = socket.next().await {
            let at = Instant::now();
            let Message::Text(text) = message else { continue };
            let Ok(message) = serde_json::from_str::<Value>(&text) else { continue };
            let events = message.pointer("/payload/data/events/events").and_then(Value::as_array);
            for sequence in events.into_iter().flatten().filter_map(|event| event["sequence"].as_u64()) {
                if sender.send((sequence, at)).is_err() {
                    return;
                }
            }
        }
    });
    shown
}

fn event(n: u32) -> Event {
    Event::from(InstanceEvent::Unhealthy { last_beat: None, missed: n, reason: None })
}

fn id(writer: u32) -> anyhow::Result<AggregateId> {
    Ok(AggregateId::Instance(ServiceName::new("load")?, InstanceName::new(format!("writer-{writer}"))?))
}

fn context() -> Context {
    Context::new(Actor::system("bench"), Utc::now())
}

async fn idle(
    journal: &Journal,
    shown: &mut mpsc::UnboundedReceiver<(u64, Instant)>,
    rounds: u32,
) -> anyhow::Result<Latencies> {
    let (mut latencies, mut head, id) = (Latencies::default(), Head::EMPTY, id(WRITERS)?);
    for round in 0..rounds {
        let begun = Instant::now();
        let recorded = journal.append(&id, head, vec![event(round)], &context()).await?;
        head = recorded.last().map_or(head, Head::after);
        loop {
            let next = tokio::time::timeout(PATIENCE, shown.recv()).await?;
            let (sequence, at) = next.ok_or_else(|| anyhow::anyhow!("the subscription ended"))?;
            if sequence == head.sequence.get() {
                // The first one waits for the subscription to begin.
                if round > 0 {
                    latencies.record(at.saturating_duration_since(begun));
                }
                break;
            }
        }
    }
    Ok(latencies)
}

/// Writers append at a steady pace; answers how long each event took, and how many a second there were.
async fn loaded(
    journal: &Journal,
    shown: &mut mpsc::UnboundedReceiver<(u64, Instant)>,
    time: Duration,
) -> anyhow::Result<(Latencies, f64)> {
    let mut writers = JoinSet::new();
    let begun = Instant::now();
    for writer in 0..WRITERS {
        let (journal, id) = (journal.clone(), id(writer)?);
        writers.spawn(async move {
            let mut ticks = tokio::time::interval(Duration::from_secs(1) * WRITERS / RATE);
            let (mut head, mut sent) = (Head::EMPTY, Vec::new());
            while begun.elapsed() < time {
                ticks.tick().await;
                let at = Instant::now();
                let recorded = journal.append(&id, head, vec![event(0)], &context()).await?;
                head = recorded.last().map_or(head, Head::after);
                sent.push((head.sequence.get(), at));
            }
            anyhow::Ok(sent)
        });
    }
    let mut sent = HashMap::new();
    while let Some(written) = writers.join_next().await {
        sent.extend(written??);
    }
    let rate = f64::from(u32::try_from(sent.len())?) / begun.elapsed().as_secs_f64();
    let mut latencies = Latencies::default();
    while !sent.is_empty() {
        let next = tokio::time::timeout(PATIENCE, shown.recv()).await?;
        let (sequence, at) = next.ok_or_else(|| anyhow::anyhow!("the subscription ended"))?;
        if let Some(begun) = sent.remove(&sequence) {
            latencies.record(at.saturating_duration_since(begun));
        }
    }
    Ok((latencies, rate))
}
