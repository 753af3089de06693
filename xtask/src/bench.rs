//! Benchmarks, always in release mode.

use std::{fs, process::ExitCode};

use anyhow::{Context, Result};
use clap::Args;

use crate::command::{cargo, run as execute};
use crate::{tools, workspace::target};

/// These run the control plane as it is shipped.
const WITH_CONTROL_PLANE: [&str; 2] = ["feed", "fleet"];

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Which one; without a name, they are listed
    name: Option<String>,
    /// A short run that shows that it works, not how fast
    #[arg(long, requires = "name")]
    quick: bool,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let mut bench = cargo(&["run", "--release", "--quiet", "-p", "aegis-benches", "--"]);
    if let Some(name) = &options.name {
        if WITH_CONTROL_PLANE.contains(&name.as_str()) {
            execute(&mut cargo(&["build", "--release", "--quiet", "-p", "aegis-control-plane"]))?;
        }
        let results = target().join("bench");
        fs::create_dir_all(&results)?;
        bench.arg(name).args(options.quick.then_some("--quick"));
        bench.arg("--json").arg(results.join(format!("{name}.json")));
        bench.env("AEGIS_NATS_SERVER", tools::nats_server()?);
    }
    let status = bench.status().context("cannot run cargo")?;
    // A signal has no exit code.
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Ok(ExitCode::from(code))
}
