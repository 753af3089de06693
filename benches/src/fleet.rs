//! A fleet of ten thousand instances, each of which beats once a second, and one replica of the control plane: how much
//! of a core and how much memory that takes it, and how long a heartbeat takes to be seen over GraphQL.

use std::time::{Duration, Instant};

use aegis_domain::aggregate::instance::{InstanceEvent, Registration, Status};
use aegis_domain::wire::heartbeat::{Heartbeat, Metrics};
use aegis_domain::wire::latency::Latency;
use aegis_domain::{Actor, AggregateId, Event, InstanceName, ServiceName, Version};
use aegis_sdk::journal::Head;
use aegis_sdk::provision::provision;
use aegis_sdk::{ConnectOptions, Connection, Journal};
use aegis_testkit::NatsServer;
use chrono::Utc;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::control::ControlPlane;
use crate::measure::{Latencies, windowed};
use crate::process;
use crate::report::{Bar, Row};

const FLEET: u32 = 10_000;
const SERVICES: u32 = 50;
/// The beats of a second go out in so many portions.
const PORTIONS: u32 = 20;
const WINDOW: usize = 256;
const PATIENCE: Duration = Duration::from_secs(60);
/// Bars: shares of a core, MiB, milliseconds.
const CORE: f64 = 1.0;
const MEMORY: f64 = 300.0;
const LAG: f64 = 1_000.0;

pub(crate) async fn run(quick: bool) -> anyhow::Result<Vec<Row>> {
    let (samples, fleet) = if quick { (20, FLEET / 10) } else { (300, FLEET) };
    let server = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(server.url(), "bench")).await?;
    provision(&connection).await?;
    let journal = Journal::new(&connection);
    windowed(fleet, WINDOW, |n| register(&journal, n)).await?;
    let folder = tempfile::tempdir()?;
    let control = ControlPlane::start(&server.url(), folder.path()).await?;
    let stop = CancellationToken::new();
    let beating = tokio::spawn(beat(connection.clone(), fleet, stop.clone()));
    // The first beats fill what is filled once.
    visible(&control, &connection, fleet, 1).await?;
    let (cpu, begun) = (process::cpu_seconds(&control.process)?, Instant::now());
    let lag = visible(&control, &connection, fleet, samples).await?;
    let share = (process::cpu_seconds(&control.process)? - cpu) / begun.elapsed().as_secs_f64();
    let memory = process::peak_bytes(&control.process)? / (1024.0 * 1024.0);
    stop.cancel();
    let sent = beating.await??;
    let row = |metric: &str, value, bar, unit| {
        Row::new(metric, "replica", (value, bar), unit, Bar::AtMost(1.0), u64::from(samples))
    };
    Ok(vec![
        Row::new("beats", "fleet", (sent, f64::from(fleet)), "1/s", Bar::AtLeast(0.98), 1),
        row("cores", share, CORE, ""),
        row("memory", memory, MEMORY, "MiB"),
        row("beat to visible p50", lag.micros(0.5) / 1000.0, LAG, "ms"),
        row("beat to visible p99", lag.micros(0.99) / 1000.0, LAG, "ms"),
    ])
}

fn name(n: u32) -> anyhow::Result<(ServiceName, InstanceName)> {
    let service = n % SERVICES;
    Ok((ServiceName::new(format!("fleet-{service}"))?, InstanceName::new(format!("fleet-{service}-{n}"))?))
}

pub(crate) async fn register(journal: &Journal, n: u32) -> anyhow::Result<()> {
    let (service, instance) = name(n)?;
    let registered = InstanceEvent::Registered(Registration {
        version: Version::new("1.0.0")?,
        groups: vec![],
        labels: [("zone".to_owned(), "a".to_owned())].into(),
        heartbeat_ms: 1_000,
        record_ttl_ms: 15_000,
        legacy: false,
        life: None,
    });
    let running = InstanceEvent::StatusChanged { from: Status::Starting, to: Status::Running, reason: None };
    let context = aegis_domain::Context::new(Actor::instance(&service, &instance), Utc::now());
    let events = [registered, running].map(Event::from).to_vec();
    journal.append(&AggregateId::Instance(service, instance), Head::EMPTY, events, &context).await?;
    Ok(())
}

fn body(n: u32, window: u64, calls: u64) -> anyhow::Result<(ServiceName, InstanceName, Vec<u8>)> {
    let (service, instance) = name(n)?;
    let mut latency = Latency::default();
    for share in 1..=20_u64 {
        latency.record(share * share * 37 + u64::from(n % 100), 5);
    }
    let metrics = Metrics {
        uptime_seconds: window,
        in_flight: 3,
        calls,
        errors: calls / 100,
        calls_per_second: 100.0,
        p50_ms: latency.quantile_ms(0.5),
        p99_ms: latency.quantile_ms(0.99),
        cpu_percent: Some(12.5),
        memory_bytes: Some(80 << 20),
        window,
        latency: Some(latency),
        ..Metrics::default()
    };
    let heartbeat = Heartbeat {
        service: service.clone(),
        instance: instance.clone(),
        version: Version::new("1.0.0")?,
        status: Status::Running,
        groups: vec![],
        labels: [("zone".to_owned(), "a".to_owned())].into(),
        capabilities: vec![],
        unwell: None,
        life: None,
        started_at: Utc::now(),
        sent_at: Utc::now(),
        metrics,
    };
    Ok((service, instance, serde_json::to_vec(&heartbeat)?))
}

async fn send(connection: &Connection, n: u32, window: u64, calls: u64) -> anyhow::Result<()> {
    let (service, instance, body) = body(n, window, calls)?;
    let subject = connection.namespace().heartbeat_subject(&service, &instance);
    Ok(connection.client().publish(subject, body.into()).await?)
}

/// Every instance but the first beats once a second; answers how many beats a second there were.
pub(crate) async fn beat(connection: Connection, fleet: u32, stop: CancellationToken) -> anyhow::Result<f64> {
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / PORTIONS);
    let (begun, mut sent) = (Instant::now(), 0_u32);
    for portion in 0.. {
        if stop.run_until_cancelled(ticks.tick()).await.is_none() {
            break;
        }
        let window = u64::from(portion / PORTIONS) + 1;
        for n in (portion % PORTIONS..fleet).step_by(usize::try_from(PORTIONS)?).filter(|n| *n > 0) {
            send(&connection, n, window, window * 100).await?;
            sent += 1;
        }
    }
    Ok(f64::from(sent) / begun.elapsed().as_secs_f64())
}

/// The first instance beats now and then, each time with another number; how long until GraphQL tells it?
async fn visible(
    control: &ControlPlane,
    connection: &Connection,
    fleet: u32,
    samples: u32,
) -> anyhow::Result<Latencies> {
    let (service, instance) = name(0)?;
    let query = "query($service: String!, $instance: String!) {
        instance(service: $service, instance: $instance) { metrics { calls } } }";
    let variables = json!({ "service": service, "instance": instance });
    let mut latencies = Latencies::default();
    for sample in 1..=samples {
        let number = u64::from(sample) + u64::from(fleet) * u64::from(samples);
        let begun = Instant::now();
        send(connection, 0, number, number).await?;
        loop {
            let told = control.query(query, &variables).await?;
            if told.pointer("/instance/metrics/calls").and_then(Value::as_u64) == Some(number) {
                break;
            }
            anyhow::ensure!(begun.elapsed() < PATIENCE, "a heartbeat was not seen: {told}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        latencies.record(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(latencies)
}
