//! The page in a real browser, against a replica with five thousand instances that beat once a second and a day of events: how
//! soon it shows its first rows, whether it keeps the pace of the screen, and whether its heap stays as it is.
//!
//! What is measured in the browser stands in `web/tests/speed`; this starts what it looks at.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use aegis_sdk::provision::provision;
use aegis_sdk::{ConnectOptions, Connection, Journal};
use aegis_testkit::NatsServer;
use anyhow::{Context as _, ensure};
use serde::Deserialize;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use crate::control::ControlPlane;
use crate::fleet::{beat, register};
use crate::measure::windowed;
use crate::projection;
use crate::report::{Bar, Row};

const FLEET: u32 = 5_000;
/// A day of a busy floor.
const EVENTS: u64 = 1_000_000;
const WINDOW: usize = 256;

/// One figure, as the browser tells it.
#[derive(Debug, Deserialize)]
struct Figure {
    metric: String,
    what: String,
    value: f64,
    limit: Option<f64>,
    unit: String,
    trials: u64,
}

pub(crate) async fn run(quick: bool) -> anyhow::Result<Vec<Row>> {
    let (fleet, events, minutes) = if quick { (FLEET / 10, EVENTS / 50, 1) } else { (FLEET, EVENTS, 60) };
    let server = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(server.url(), "bench")).await?;
    provision(&connection).await?;
    projection::log::fill(&connection, events).await?;
    let journal = Journal::new(&connection);
    windowed(fleet, WINDOW, |n| register(&journal, n)).await?;
    let folder = tempfile::tempdir()?;
    let control = ControlPlane::start(&server.url(), folder.path()).await?;
    let stop = CancellationToken::new();
    let beating = tokio::spawn(beat(connection.clone(), fleet, stop.clone()));
    let figures = browse(&control, folder.path(), events, minutes).await?;
    stop.cancel();
    let sent = beating.await??;
    let mut rows: Vec<_> = figures.iter().map(row).collect();
    rows.push(Row::new("beats", "fleet", (sent, f64::from(fleet)), "1/s", Bar::AtLeast(0.98), 1));
    Ok(rows)
}

/// Runs the browser, and reads what it has measured.
async fn browse(
    control: &ControlPlane,
    folder: &Path,
    events: u64,
    minutes: u32,
) -> anyhow::Result<Vec<Figure>> {
    let file = folder.join("figures.jsonl");
    let web = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../web");
    let status = Command::new("npx")
        .args(["playwright", "test", "--config", "playwright.speed.config.ts"])
        .current_dir(web)
        .env("AEGIS_URL", &control.url)
        .env("AEGIS_TOKEN", &control.token)
        .env("AEGIS_SPEED_FILE", &file)
        .env("AEGIS_SPEED_EVENTS", events.to_string())
        .env("AEGIS_SPEED_MINUTES", minutes.to_string())
        .stdin(Stdio::null())
        .status()
        .await
        .context("npx cannot be run: the page is measured with what `npm ci` has installed in web/")?;
    ensure!(status.success(), "the page could not be measured: see above");
    let text = std::fs::read_to_string(&file).context("nothing was measured")?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

fn row(figure: &Figure) -> Row {
    let bar = if figure.limit.is_some() { Bar::AtMost(1.0) } else { Bar::None };
    let unit = match figure.unit.as_str() {
        "ms" => "ms",
        "MiB" => "MiB",
        _ => "",
    };
    let metric = format!("{}, {}", figure.metric, figure.what);
    Row::new(metric, "page", (figure.value, figure.limit.unwrap_or(0.0)), unit, bar, figure.trials)
}
