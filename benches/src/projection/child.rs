//! A projector in a process of its own, so that its memory is its own: this very program, started again.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use aegis_projections::{Projector, Retention, Store, kv};
use aegis_sdk::{ConnectOptions, Connection};
use aegis_testkit::Proc;
use clap::Parser;
use std::io::Write as _;
use tokio_util::sync::CancellationToken;

/// The first argument that makes the program a projector.
const PROJECTOR: &str = "projector";
const LIMIT: Duration = Duration::from_secs(3600);
const TICK: Duration = Duration::from_millis(20);

#[derive(Debug, Parser)]
pub(crate) struct Args {
    #[arg(long)]
    nats_url: String,
    #[arg(long)]
    path: PathBuf,
    #[arg(long)]
    events: u64,
}

/// What a rebuild took.
#[derive(Debug)]
pub(super) struct Rebuilt {
    pub(super) took: Duration,
    /// The most memory in use until a fifth of the log was applied, in MiB.
    pub(super) at_a_fifth: f64,
    /// The same until the rebuilt file took its place.
    pub(super) at_the_end: f64,
}

/// Has a projector make the database from zero.
pub(super) async fn rebuild(nats_url: &str, path: &Path, events: u64) -> anyhow::Result<Rebuilt> {
    let child = Proc::builder(std::env::current_exe()?)
        .name(PROJECTOR)
        .arg(PROJECTOR)
        .args(["--nats-url", nats_url])
        .arg("--path")
        .arg(path)
        .args(["--events", &events.to_string()])
        .spawn();
    let line = child.wait_for_line(|line| line.starts_with("rebuilt "), LIMIT).await;
    let mut figures = line.split(' ').skip(1).map(str::parse::<f64>);
    let mut figure = || figures.next().ok_or_else(|| anyhow::anyhow!("a figure is missing: {line}"));
    let (took, at_a_fifth, at_the_end) = (figure()??, figure()??, figure()??);
    anyhow::ensure!(child.wait_exit(LIMIT).await.success(), "the projector failed");
    Ok(Rebuilt { took: Duration::from_secs_f64(took), at_a_fifth, at_the_end })
}

impl Args {
    /// The arguments, if the program was started as a projector.
    pub(crate) fn from_process() -> Option<Self> {
        let mut args = std::env::args().skip(1).peekable();
        (args.peek().map(String::as_str) == Some(PROJECTOR)).then(|| Self::parse_from(args))
    }

    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let connection = Connection::open(ConnectOptions::new(self.nats_url, "projector")).await?;
        let begun = Instant::now();
        let store = Store::open(&self.path, Retention::default()).await?;
        let (projector, live, changes) = Projector::restore(&connection, &store).await?;
        let stop = CancellationToken::new();
        let entries = tokio::spawn(kv::project(connection.clone(), live.clone(), changes, stop.clone()));
        let running = tokio::spawn(projector.run(stop.clone()));
        let (mut at_a_fifth, mut at_the_end) = (0.0_f64, 0.0_f64);
        while store.progress().rebuilds() == 0 {
            let position = store.progress().rebuilding().map_or(0, |position| position.get());
            at_the_end = at_the_end.max(memory()?);
            if position < self.events / 5 {
                at_a_fifth = at_the_end;
            }
            tokio::time::sleep(TICK).await;
        }
        let took = begun.elapsed();
        let position = live.read().state.position;
        anyhow::ensure!(position.get() == self.events, "the rebuild ended at {position}");
        stop.cancel();
        running.await?;
        entries.await?;
        writeln!(std::io::stdout(), "rebuilt {} {at_a_fifth} {at_the_end}", took.as_secs_f64())?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The memory of this process, in MiB.
fn memory() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib =
        line.and_then(|line| line.split_whitespace().next()).ok_or_else(|| anyhow::anyhow!("no VmRSS"))?;
    Ok(kib.parse::<f64>()? / 1024.0)
}
