//! Benchmarks, always in release mode.

use std::fs;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use clap::Args;

use crate::command::{cargo, run as execute};
use crate::{baseline, tools, workspace::target};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Which one; without a name, they are listed
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

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let mut bench = cargo(&["run", "--release", "--quiet", "-p", "aegis-benches", "--"]);
    let Some(name) = &options.name else {
        return status(&mut bench);
    };
    let runs: &[&str] = match name.as_str() {
        // The control plane as it is shipped.
        "feed" | "fleet" => &["-p", "aegis-control-plane"],
        "idle" => &["-p", "aegis-sdk", "--example", "echo"],
        _ => &[],
    };
    if !runs.is_empty() {
        // Nobody looks at the page here.
        let mut build = cargo(&["build", "--release", "--quiet"]);
        execute(build.args(runs).env("AEGIS_WITHOUT_PAGE", "1"))?;
    }
    let folder = target().join("bench");
    fs::create_dir_all(&folder)?;
    let results = folder.join(format!("{name}.json"));
    bench.arg(name).args(options.quick.then_some("--quick")).arg("--json").arg(&results);
    bench.env("AEGIS_NATS_SERVER", tools::nats_server()?);
    let mut code = status(&mut bench)?;
    if options.save {
        baseline::save(name, baseline::read(&results)?)?;
    }
    if options.compare && !baseline::compare(name, &baseline::read(&results)?)? {
        code = ExitCode::FAILURE;
    }
    Ok(code)
}

fn status(bench: &mut Command) -> Result<ExitCode> {
    let status = bench.status().context("cannot run cargo")?;
    // A signal has no exit code.
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Ok(ExitCode::from(code))
}
