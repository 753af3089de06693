//! Events published through the SDK against raw JetStream publishes of the same body: once with nothing but a
//! message id, which is the bar, and once with the headers that the SDK sends with a trace. Then events consumed.

use aegis_sdk::provision::provision;
use aegis_sdk::{ConnectOptions, Connection, Events};
use aegis_testkit::NatsServer;
use async_nats::jetstream::message::PublishMessage;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::consume;
use crate::measure::{median, windowed};
use crate::report::{Bar, Row};

const WINDOW: usize = 256;
const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

pub(crate) async fn run(quick: bool) -> anyhow::Result<Vec<Row>> {
    let (rounds, burst) = if quick { (3, 5_000) } else { (15, 20_000) };
    let server = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(server.url(), "bench")).await?;
    provision(&connection).await?;
    let events = Events::new(&connection);
    let body = json!({"symbol": "EURUSD", "price": 1.0842, "sequence": 17, "time_ms": 1_700_000_000_000_u64,
        "note": "x".repeat(48)});
    let (mut sdk, mut traced, mut plain, mut same) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..=rounds {
        let raw = windowed(burst, WINDOW, |_| publish(&connection, &body, false)).await?;
        let through = windowed(burst, WINDOW, |_| through_sdk(&events, &body, false)).await?;
        let with_trace = windowed(burst, WINDOW, |_| through_sdk(&events, &body, true)).await?;
        let headers = windowed(burst, WINDOW, |_| publish(&connection, &body, true)).await?;
        // The first round warms up.
        if round > 0 {
            plain.push(raw);
            sdk.push(through);
            traced.push(with_trace);
            same.push(headers);
        }
    }
    let trials = u64::from(rounds * burst);
    let (plain, traced) = (median(plain), median(traced));
    let mut rows = vec![
        Row::new("publish, window 256", "sdk", (median(sdk), plain), "1/s", Bar::AtLeast(0.95), trials),
        Row::new("publish with a trace", "sdk", (traced, plain), "1/s", Bar::AtLeast(0.0), trials),
        Row::new("publish, same headers", "sdk", (traced, median(same)), "1/s", Bar::AtLeast(0.95), trials),
    ];
    rows.extend(Box::pin(consume::rows(&connection, quick)).await?);
    Ok(rows)
}

async fn through_sdk(events: &Events, body: &Value, trace: bool) -> anyhow::Result<()> {
    let draft = events.draft("market", "tick");
    let draft = if trace { draft.traceparent(TRACEPARENT) } else { draft };
    draft.publish(body).await?;
    Ok(())
}

async fn publish(connection: &Connection, body: &Value, headers: bool) -> anyhow::Result<()> {
    let mut message = PublishMessage::build()
        .payload(serde_json::to_vec(body)?.into())
        .message_id(Uuid::now_v7().to_string());
    if headers {
        message = message.header("traceparent", TRACEPARENT).header("Aegis-Actor", "client:bench");
    }
    connection.jetstream().send_publish("events.market.tick", message).await?.await?;
    Ok(())
}
