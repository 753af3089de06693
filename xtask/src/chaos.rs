//! The checker of histories under faults, always in release mode.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use crate::{command::cargo, tools, workspace::target};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// `leadership [--seeds N] [--first-seed N] [--sabotage WHAT]`, or `load`; `help` tells more
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    args: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let mut chaos = cargo(&["run", "--release", "--quiet", "-p", "aegis-chaos", "--", "--keep"]);
    chaos.arg(target().join("chaos")).args(&options.args);
    chaos.env("AEGIS_NATS_SERVER", tools::nats_server()?);
    let status = chaos.status().context("cannot run cargo")?;
    // A signal has no exit code.
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Ok(ExitCode::from(code))
}
