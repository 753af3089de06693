//! Appends and loads of the journal against raw JetStream.

use std::time::Instant;

use aegis_domain::aggregate::Definition;
use aegis_domain::aggregate::definition::{Content, DefinitionEvent};
use aegis_domain::aggregate::policy::RegistrationPolicy;
use aegis_domain::wire::header::{CONTENT_TYPE, ce};
use aegis_domain::{Actor, AggregateId, Context, Event, ServiceName, Version};
use aegis_sdk::journal::Head;
use aegis_sdk::provision::provision;
use aegis_sdk::{ConnectOptions, Connection, Journal};
use aegis_testkit::NatsServer;
use async_nats::HeaderMap;
use async_nats::jetstream;
use async_nats::jetstream::consumer::pull::OrderedConfig;
use async_nats::jetstream::message::PublishMessage;
use chrono::Utc;
use futures_util::StreamExt as _;

use crate::measure::{Latencies, median, windowed};
use crate::report::{Bar, Row};

const WINDOW: usize = 256;
const LENGTH: usize = 100;

pub(crate) async fn run(quick: bool) -> anyhow::Result<Vec<Row>> {
    let (rounds, burst) = if quick { (3, 1_000) } else { (15, 10_000) };
    let server = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(server.url(), "bench")).await?;
    provision(&connection).await?;
    let journal = Journal::new(&connection);
    let raw = raw_stream(&connection).await?;
    let (mut appends, mut publishes) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        publishes.push(windowed(burst, WINDOW, |n| publish(&raw, round, n)).await?);
        appends.push(windowed(burst, WINDOW, |n| append(&journal, round, n)).await?);
    }
    let long = AggregateId::Definition(ServiceName::new("long-lived")?);
    let events = (0..LENGTH).map(|n| event(&format!("change {n}"))).collect();
    journal.append(&long, Head::EMPTY, events, &context()).await?;
    let (mut loads, mut reads) = (Latencies::default(), Latencies::default());
    for _ in 0..rounds * 20 {
        let begun = Instant::now();
        read_raw(&connection, &long).await?;
        reads.record(begun.elapsed());
        let begun = Instant::now();
        journal.load::<Definition>(&long).await?;
        loads.record(begun.elapsed());
    }
    let rates = (median(appends), median(publishes));
    let times = (loads.micros(0.5), reads.micros(0.5));
    Ok(vec![
        Row::new(
            "appends, window 256",
            "journal",
            rates,
            "1/s",
            Bar::AtLeast(0.9),
            u64::from(rounds * burst),
        ),
        Row::new("load of 100 events p50", "journal", times, "us", Bar::AtMost(3.0), u64::from(rounds * 20)),
    ])
}

/// A stream like that of the events, and beside it.
async fn raw_stream(connection: &Connection) -> anyhow::Result<jetstream::Context> {
    let config = jetstream::stream::Config {
        name: "RAW".to_owned(),
        subjects: vec!["raw.event.>".to_owned()],
        allow_direct: true,
        allow_atomic_publish: true,
        deny_delete: true,
        deny_purge: true,
        ..jetstream::stream::Config::default()
    };
    connection.jetstream().create_stream(config).await?;
    Ok(connection.jetstream().clone())
}

fn content(description: &str) -> Content {
    Content {
        owner: "desk".to_owned(),
        description: description.to_owned(),
        version: Version::new("1.0.0").expect("a valid constant"),
        min_instances: None,
        max_instances: None,
        p99_limit_ms: None,
        error_limit_percent: None,
        failover: None,
        registration: RegistrationPolicy::default(),
        labels: [].into(),
    }
}

fn event(description: &str) -> Event {
    Event::from(DefinitionEvent::Defined { content: content(description), reason: None })
}

fn context() -> Context {
    Context::new(Actor::user("bench"), Utc::now())
}

async fn append(journal: &Journal, round: u32, n: u32) -> anyhow::Result<()> {
    let id = AggregateId::Definition(ServiceName::new(format!("service-{round}-{n}"))?);
    journal.append(&id, Head::EMPTY, vec![event("an event of usual size")], &context()).await?;
    Ok(())
}

/// The message that the journal writes, written by hand: the same headers and the same body.
async fn publish(jetstream: &jetstream::Context, round: u32, n: u32) -> anyhow::Result<()> {
    let id = format!("019f0000-0000-7000-8000-{round:04}{n:08}");
    let mut headers = HeaderMap::new();
    headers.insert(ce::SPECVERSION, "1.0");
    headers.insert(ce::ID, id.as_str());
    headers.insert(ce::TYPE, "aegis.definition.defined.v1");
    headers.insert(ce::SOURCE, format!("/aegis/definition/service-{round}-{n}"));
    headers.insert(ce::TIME, "2026-01-01T00:00:00.000001Z");
    headers.insert(ce::VERSION, "1");
    headers.insert(ce::ACTOR, "user:bench");
    headers.insert(ce::PREVIOUS, "0".repeat(64));
    headers.insert(CONTENT_TYPE, "application/json");
    let message = PublishMessage::build()
        .payload(serde_json::to_vec(&content("an event of usual size"))?.into())
        .headers(headers)
        .message_id(id)
        .expected_last_subject_sequence(0);
    let subject = format!("raw.event.definition.service-{round}-{n}");
    jetstream.send_publish(subject, message).await?.await?;
    Ok(())
}

async fn read_raw(connection: &Connection, id: &AggregateId) -> anyhow::Result<()> {
    let stream = connection.jetstream().get_stream_no_info(connection.namespace().events_stream()).await?;
    let filter_subject = connection.namespace().event_subject(id);
    let consumer =
        stream.create_consumer(OrderedConfig { filter_subject, ..OrderedConfig::default() }).await?;
    let mut messages = consumer.messages().await?.take(LENGTH);
    while let Some(message) = messages.next().await {
        message?;
    }
    Ok(())
}
