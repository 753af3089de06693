//! The API of one replica at ten thousand instances: the queries of the page, and a thousand subscribers that follow pages of
//! instances beside a hundred that follow the log.

mod queries;
mod sockets;

use std::time::{Duration, Instant};

use aegis_domain::aggregate::instance::InstanceEvent;
use aegis_domain::{Actor, AggregateId, Context, Event, InstanceName, ServiceName};
use aegis_sdk::journal::Head;
use aegis_sdk::provision::provision;
use aegis_sdk::{ConnectOptions, Connection, Journal};
use aegis_testkit::NatsServer;
use chrono::Utc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::control::ControlPlane;
use crate::fleet::{beat, register};
use crate::measure::windowed;
use crate::process;
use crate::report::{Bar, Row};
use sockets::Heard;

const FLEET: u32 = 10_000;
const PAGES: u32 = 1_000;
const TAILS: u32 = 100;
/// As many as one page shows.
const PAGE: u32 = 50;
/// How many have a websocket of one principal, which is as many as there may be.
const EACH: u32 = 100;
const WINDOW: usize = 256;
/// How many events a second the log grows by meanwhile.
const RATE: u32 = 1_000;
const WRITERS: u32 = 20;
/// How long the sockets settle.
const SETTLE: Duration = Duration::from_secs(3);
/// Bars: milliseconds, shares of a core, KiB of each subscriber.
const LATENCY: f64 = 50.0;
const CORE: f64 = 1.0;
const MEMORY: f64 = 128.0;

pub(crate) async fn run(quick: bool) -> anyhow::Result<Vec<Row>> {
    let (fleet, pages, tails, time) =
        if quick { (FLEET / 10, PAGES / 10, TAILS / 10, 5) } else { (FLEET, PAGES, TAILS, 30) };
    let time = Duration::from_secs(time);
    let server = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(server.url(), "bench")).await?;
    provision(&connection).await?;
    let journal = Journal::new(&connection);
    windowed(fleet, WINDOW, |n| register(&journal, n)).await?;
    let folder = tempfile::tempdir()?;
    let principals = (pages + tails).div_ceil(EACH);
    let (control, tokens) = ControlPlane::serve(&server.url(), folder.path(), principals).await?;
    let stop = CancellationToken::new();
    let beating = tokio::spawn(beat(connection.clone(), fleet, stop.clone()));
    let mut rows = queries::run(&control, &tokens, time / 5).await?;
    rows.extend(followed(&control, &tokens, &journal, (fleet, pages, tails), time).await?);
    stop.cancel();
    let sent = beating.await??;
    rows.push(Row::new("beats", "fleet", (sent, f64::from(fleet)), "1/s", Bar::AtLeast(0.98), 1));
    Ok(rows)
}

async fn followed(
    control: &ControlPlane,
    tokens: &[String],
    journal: &Journal,
    (fleet, pages, tails): (u32, u32, u32),
    time: Duration,
) -> anyhow::Result<Vec<Row>> {
    let before = process::resident(&control.process)?;
    let mut sockets = JoinSet::new();
    let (counting, stop) = (CancellationToken::new(), CancellationToken::new());
    for n in 0..pages + tails {
        let token = &tokens[usize::try_from(n / EACH)?];
        let socket = if n < pages {
            sockets::page(control, token, (n % (fleet / PAGE)) * PAGE, PAGE).await?
        } else {
            sockets::tail(control, token).await?
        };
        sockets.spawn(socket.hear(counting.clone(), stop.clone()));
    }
    let writing = tokio::spawn(write(journal.clone(), stop.clone()));
    tokio::time::sleep(SETTLE).await;
    counting.cancel();
    let (cpu, begun) = (process::cpu_seconds(&control.process)?, Instant::now());
    tokio::time::sleep(time).await;
    let share = (process::cpu_seconds(&control.process)? - cpu) / begun.elapsed().as_secs_f64();
    let seconds = begun.elapsed().as_secs_f64();
    stop.cancel();
    let after = process::resident(&control.process)?;
    let written = writing.await??;
    let mut heard = Heard::default();
    while let Some(one) = sockets.join_next().await {
        heard.add(&one??)?;
    }
    let Heard { pages: page, events, .. } = &heard;
    let each = f64::from(pages + tails);
    let most = |metric: &str, value, bar, unit, trials| {
        Row::new(metric, "replica", (value, bar), unit, Bar::AtMost(1.0), trials)
    };
    let count = |metric: &str, value, unit| Row::new(metric, "replica", (value, 0.0), unit, Bar::None, 1);
    let latency = |metric: &str, latencies: &crate::measure::Latencies, quantile| {
        most(metric, latencies.micros(quantile) / 1000.0, LATENCY, "ms", latencies.count())
    };
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let (bytes, messages) = (heard.bytes as f64, heard.messages as f64);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let changes = (page.count() + events.count()) as f64;
    Ok(vec![
        latency("beat to page p50", page, 0.5),
        latency("beat to page p99", page, 0.99),
        latency("append to tail p50", events, 0.5),
        latency("append to tail p99", events, 0.99),
        most("cores", share, CORE, "", 1),
        most(
            "memory of a subscriber",
            (after - before) / each / 1024.0,
            MEMORY,
            "KiB",
            u64::from(pages + tails),
        ),
        count("changes sent", changes / seconds, "1/s"),
        count("messages sent", messages / seconds, "1/s"),
        count("bytes of a change", bytes / changes, "B"),
        Row::new("load", "log", (written, f64::from(RATE)), "1/s", Bar::AtLeast(0.98), 1),
    ])
}

/// Writers append at a steady pace; answers how many a second there were.
async fn write(journal: Journal, stop: CancellationToken) -> anyhow::Result<f64> {
    let mut writers = JoinSet::new();
    let begun = Instant::now();
    for writer in 0..WRITERS {
        let (journal, stop) = (journal.clone(), stop.clone());
        let id =
            AggregateId::Instance(ServiceName::new("load")?, InstanceName::new(format!("writer-{writer}"))?);
        writers.spawn(async move {
            let mut ticks = tokio::time::interval(Duration::from_secs(1) * WRITERS / RATE);
            let (mut head, mut sent) = (Head::EMPTY, 0_u32);
            while stop.run_until_cancelled(ticks.tick()).await.is_some() {
                let event =
                    Event::from(InstanceEvent::Unhealthy { last_beat: None, missed: sent, reason: None });
                let context = Context::new(Actor::system("bench"), Utc::now());
                let recorded = journal.append(&id, head, vec![event], &context).await?;
                head = recorded.last().map_or(head, Head::after);
                sent += 1;
            }
            anyhow::Ok(sent)
        });
    }
    let mut sent = 0.0;
    while let Some(one) = writers.join_next().await {
        sent += f64::from(one??);
    }
    Ok(sent / begun.elapsed().as_secs_f64())
}
