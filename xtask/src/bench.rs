//! Benchmarks, always in release mode.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use clap::Args;

use crate::baseline::{self, Row};
use crate::command::{cargo, run as execute};
use crate::output::say;
use crate::{chromium, tools, web, workspace::target};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Which one, or `gate` for all of them in their quick form; without a name, they are listed
    name: Option<String>,
    /// A short run that shows that it works, not how fast
    #[arg(long, requires = "name")]
    quick: bool,
    /// Make the figures of this run those that stand: in benches/baseline.json and docs/performance.md
    #[arg(long, requires = "name", conflicts_with = "quick")]
    save: bool,
    /// Fail also when a 99th percentile is more than a tenth worse than the one that stands
    #[arg(long, requires = "name", conflicts_with_all = ["quick", "save"])]
    compare: bool,
}

impl Options {
    /// Whether all benchmarks are meant, in their quick form.
    pub(crate) fn is_gate(&self) -> bool {
        self.name.as_deref() == Some("gate")
    }
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let Some(name) = &options.name else {
        let code = status(&mut benches())?;
        say("gate       All of them in their quick form, held to their bars and to the figures that stand");
        return Ok(code);
    };
    build(name)?;
    let mut code = status(&mut command(name, options.quick)?)?;
    if options.save {
        baseline::save(name, baseline::read(&results(name)?)?)?;
    }
    if options.compare && !baseline::compare(name, &baseline::read(&results(name)?)?)? {
        code = ExitCode::FAILURE;
    }
    Ok(code)
}

/// Builds what the benchmark runs, as it is shipped.
pub(crate) fn build(name: &str) -> Result<()> {
    let runs: &[&str] = match name {
        "api" | "attacks" | "feed" | "fleet" | "page" => &["-p", "aegis-control-plane"],
        "idle" => &["-p", "aegis-sdk", "--example", "echo"],
        _ => &["-p", "aegis-benches"],
    };
    let mut build = cargo(&["build", "--release", "--quiet"]);
    build.args(runs);
    if name == "page" {
        web::build()?;
    } else {
        // Nobody looks at it.
        build.env("AEGIS_WITHOUT_PAGE", "1");
    }
    execute(&mut build)
}

/// The rows of its quick form, whether their bars hold or not.
pub(crate) fn quick(name: &str) -> Result<Vec<Row>> {
    let results = results(name)?;
    // Those of a run before are none of this one.
    match fs::remove_file(&results) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    status(&mut command(name, true)?)?;
    baseline::read(&results)
}

fn benches() -> Command {
    cargo(&["run", "--release", "--quiet", "-p", "aegis-benches", "--"])
}

fn command(name: &str, quick: bool) -> Result<Command> {
    let mut bench = benches();
    bench.arg(name).args(quick.then_some("--quick")).arg("--json").arg(results(name)?);
    bench.env("AEGIS_NATS_SERVER", tools::nats_server()?);
    if name == "page" {
        bench.env("AEGIS_CHROMIUM", chromium::find()?);
    }
    Ok(bench)
}

fn results(name: &str) -> Result<PathBuf> {
    let folder = target().join("bench");
    fs::create_dir_all(&folder)?;
    Ok(folder.join(format!("{name}.json")))
}

fn status(bench: &mut Command) -> Result<ExitCode> {
    let status = bench.status().context("cannot run cargo")?;
    // A signal has no exit code.
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Ok(ExitCode::from(code))
}
