//! An idle service: its memory, and its processor time.

use std::time::{Duration, Instant};

use aegis_testkit::{NatsServer, Proc};

use crate::process;
use crate::report::{Bar, Row};

/// Bars: megabytes (of 10^6 bytes), microseconds of a core in each second.
const MEMORY: f64 = 12.0;
const CORE: f64 = 5_000.0;
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) async fn run(quick: bool) -> anyhow::Result<Vec<Row>> {
    let watched = Duration::from_secs(if quick { 3 } else { 60 });
    let server = NatsServer::start().await;
    let echo = Proc::bin("examples/echo").env("NATS_URL", server.url()).spawn();
    echo.wait_for_line(|line| line.contains("serving"), PATIENCE).await;
    let (cpu, begun) = (process::cpu_seconds(&echo)?, Instant::now());
    tokio::time::sleep(watched).await;
    let share = (process::cpu_seconds(&echo)? - cpu) / begun.elapsed().as_secs_f64();
    let row = |metric, value, unit| Row::new(metric, "echo", value, unit, Bar::AtMost(1.0), 1);
    Ok(vec![
        row("memory", (process::peak_bytes(&echo)? / 1e6, MEMORY), "MB"),
        row("processor time", (share * 1e6, CORE), "us/s"),
    ])
}
