//! Choosing an instance from a directory that is at hand, against the limit of 200 ns; and what finding them anew
//! costs, against one read of the registry.

use std::hint::black_box;
use std::time::{Duration, Instant};

use aegis_sdk::discovery::{Directory, Freshness, Strategy};
use aegis_sdk::{ConnectOptions, Connection, Fault, Service, ServiceConfig};
use aegis_testkit::NatsServer;

use crate::measure::{Latencies, median, serial};
use crate::report::{Bar, Row};

const INSTANCES: usize = 10;
/// Bar, in nanoseconds.
const SELECTION: f64 = 200.0;

pub(crate) async fn run(quick: bool) -> anyhow::Result<Vec<Row>> {
    let (rounds, picks, reads) = if quick { (3_u32, 10_000_u32, 50) } else { (21, 500_000, 2_000) };
    let server = NatsServer::start().await;
    let mut services = Vec::new();
    for n in 0..INSTANCES {
        let mut config = ServiceConfig::new("pricing", "1.0.0")?;
        config.instance = Some(format!("pricing-{n}").parse()?);
        config.nats_url = server.url();
        let service =
            Service::builder(config).rpc("say", |_call, text: String| async move { Ok::<_, Fault>(text) });
        services.push(service.start().await?);
    }
    let connection = Connection::open(ConnectOptions::new(server.url(), "bench")).await?;
    let open = |freshness| Directory::open(&connection, services[0].name().clone(), freshness);
    let (watched, cached) =
        (open(Freshness::Watched).await?, open(Freshness::Cached(Duration::from_secs(3_600))).await?);
    anyhow::ensure!(watched.snapshot().await?.candidates.len() == INSTANCES, "not all instances are known");
    let mut rows = Vec::new();
    for (name, directory, strategy) in [
        ("watched, round robin", &watched, Strategy::RoundRobin),
        ("watched, random", &watched, Strategy::Random),
        ("watched, least loaded", &watched, Strategy::LeastLoaded),
        ("watched, sticky", &watched, Strategy::StickyPreferred(None)),
        ("watched, lowest latency", &watched, Strategy::LowestLatency),
        ("cached, round robin", &cached, Strategy::RoundRobin),
    ] {
        let mut nanos = Vec::new();
        for _ in 0..rounds {
            let begun = Instant::now();
            for _ in 0..picks {
                black_box(directory.select(&strategy).await?);
            }
            nanos.push(begun.elapsed().as_secs_f64() * 1e9 / f64::from(picks));
        }
        let bar = Bar::AtMost(1.0);
        rows.push(Row::new(
            name,
            "discovery",
            (median(nanos), SELECTION),
            "ns",
            bar,
            u64::from(rounds * picks),
        ));
    }
    rows.push(read_anew(&connection, open(Freshness::Cached(Duration::ZERO)).await?, reads).await?);
    for service in services {
        service.stop("done").await?;
    }
    Ok(rows)
}

/// A basic directory reads the registry each time.
async fn read_anew(connection: &Connection, basic: Directory, reads: u32) -> anyhow::Result<Row> {
    let bucket = connection.jetstream().get_key_value(connection.namespace().instances_bucket()).await?;
    let (mut ours, mut one) = (Latencies::default(), Latencies::default());
    for _ in 0..10 {
        serial(reads / 10, &mut one, || async {
            black_box(bucket.entry("pricing.pricing-0").await?);
            Ok(())
        })
        .await?;
        serial(reads / 10, &mut ours, || async {
            black_box(basic.select(&Strategy::RoundRobin).await?);
            Ok(())
        })
        .await?;
    }
    let times = (ours.micros(0.5), one.micros(0.5));
    Ok(Row::new(
        "basic: ten read, to one read p50",
        "discovery",
        times,
        "us",
        Bar::AtMost(5.0),
        u64::from(reads),
    ))
}
