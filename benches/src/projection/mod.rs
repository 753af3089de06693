//! The registry's projection made from zero, against a reader of the same log that does nothing; how much memory
//! that takes; and how long it takes to tell the registry as it stood.

pub(crate) mod child;
pub(crate) mod log;

use std::path::Path;
use std::time::{Duration, Instant};

use aegis_domain::Sequence;
use aegis_projections::replay::from_log;
use aegis_projections::store::At;
use aegis_projections::{Retention, Store};
use aegis_sdk::provision::provision;
use aegis_sdk::{ConnectOptions, Connection};
use aegis_testkit::NatsServer;
use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::pull::OrderedConfig;
use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;

use crate::measure::Latencies;
use crate::report::{Bar, Row};

/// How many events a second a rebuild has to apply, unless half of what can be read at all is less.
const WANTED: f64 = 100_000.0;
/// How long an answer «as of» may take, in milliseconds.
const AS_OF: f64 = 200.0;
/// What memory a rebuild may take at most, in MiB, however long the log is.
const MEMORY: f64 = 256.0;
/// Says how many events there are, in place of the usual number.
const EVENTS: &str = "AEGIS_BENCH_EVENTS";

pub(crate) async fn run(quick: bool) -> anyhow::Result<Vec<Row>> {
    let usual = if quick { 50_000 } else { 1_000_000 };
    let events = std::env::var(EVENTS).map_or(Ok(usual), |events| events.parse())?;
    let server = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(server.url(), "bench")).await?;
    provision(&connection).await?;
    log::fill(&connection, events).await?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("projection.sqlite");
    let (before, times) = read_raw(&connection, events).await?;
    let rebuilt = child::rebuild(&server.url(), &path, events).await?;
    let (after, _same) = read_raw(&connection, events).await?;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 events")]
    let (raw, rate) = ((before + after) / 2.0, events as f64 / rebuilt.took.as_secs_f64());
    let questions = if quick { 50 } else { 500 };
    let as_of = as_of(&path, events, questions).await?;
    let differing = differing(&connection, &path, &times).await?;
    let wanted = f64::min(WANTED, raw / 2.0);
    let limit = |quantile| (as_of.micros(quantile) / 1000.0, AS_OF);
    let memory =
        |metric: &str, most| Row::new(metric, "projection", (most, MEMORY), "MiB", Bar::AtMost(1.0), 1);
    Ok(vec![
        Row::new(format!("rebuild of {events}"), "projection", (rate, wanted), "1/s", Bar::AtLeast(1.0), 1),
        Row::new("raw read / 2", "reference", (raw / 2.0, wanted), "1/s", Bar::AtLeast(0.0), 2),
        memory("memory up to 20 % of the log", rebuilt.at_a_fifth),
        memory("memory up to the end", rebuilt.at_the_end),
        Row::new("as of p50", "store", limit(0.5), "ms", Bar::AtMost(1.0), questions),
        Row::new("as of p99", "store", limit(0.99), "ms", Bar::AtMost(1.0), questions),
        Row::new("states not as expected", "as of, replay", (differing, 0.0), "", Bar::Zero, 6),
    ])
}

/// How many messages a second an ordered consumer delivers to a reader that does nothing but note when the server took each.
async fn read_raw(connection: &Connection, events: u64) -> anyhow::Result<(f64, Vec<DateTime<Utc>>)> {
    let stream = connection.namespace().events_stream();
    let begun = Instant::now();
    let consumer =
        connection.jetstream().create_consumer_on_stream(OrderedConfig::default(), &stream).await?;
    let mut messages = consumer.messages().await?;
    let mut times = Vec::new();
    for _ in 0..events {
        let message = tokio::time::timeout(Duration::from_secs(30), messages.next()).await?;
        let message = message.ok_or_else(|| anyhow::anyhow!("the reading ended early"))??;
        times.push(taken(&message)?);
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 events")]
    Ok((events as f64 / begun.elapsed().as_secs_f64(), times))
}

/// When the server took a message.
fn taken(message: &Message) -> anyhow::Result<DateTime<Utc>> {
    let nanos = message.info().map_err(|error| anyhow::anyhow!(error))?.published.unix_timestamp_nanos();
    // Projections count in microseconds.
    let time = DateTime::from_timestamp_micros(i64::try_from(nanos.div_euclid(1_000))?);
    time.ok_or_else(|| anyhow::anyhow!("no time: {nanos} ns"))
}

/// The registry as of three moments, from the file and replayed from the log, against what was written up to there:
/// how many of the six are not the same to the byte.
async fn differing(connection: &Connection, path: &Path, times: &[DateTime<Utc>]) -> anyhow::Result<f64> {
    let events = times.len() as u64;
    let store = Store::open(path, Retention::default()).await?;
    let mut differing = 0.0;
    for at in [events / 4, events / 2, events - 1] {
        let place = At::Sequence(Sequence(at));
        let expected = log::expected(at, times)?.canonical()?;
        let told = store.as_of(place).await?.canonical()?;
        let replayed = from_log(connection, place, vec![]).await?.state.canonical()?;
        differing += [told, replayed].iter().filter(|text| **text != expected).map(|_| 1.0).sum::<f64>();
    }
    Ok(differing)
}

/// Asks for the registry at places spread over the whole log.
async fn as_of(path: &Path, events: u64, questions: u64) -> anyhow::Result<Latencies> {
    let store = Store::open(path, Retention::default()).await?;
    let mut latencies = Latencies::default();
    for question in 1..=questions {
        let at = log::scatter(question) % events + 1;
        let begun = Instant::now();
        let state = store.as_of(At::Sequence(Sequence(at))).await?;
        latencies.record(begun.elapsed());
        anyhow::ensure!(state.position == Sequence(at), "as of {at} answered {}", state.position);
    }
    Ok(latencies)
}
