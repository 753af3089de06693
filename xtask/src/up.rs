//! The whole system on this machine, for people to look at and for tests to talk to.

use std::{path::PathBuf, process::ExitCode, time::Instant};

use anyhow::{Result, bail};
use clap::Args;

use crate::{
    command::{cargo, run as run_command},
    output::{Log, say},
    stack::{DEMO, End, Plan, Signals, Stack, US},
    tools, web,
    workspace::target,
};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only the control plane and NATS, no demo services
    #[arg(long)]
    no_demo: bool,
    /// Port of the web page and the API; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Where everything is stored
    #[arg(long, default_value = ".aegis")]
    data_dir: PathBuf,
    /// Once ready, write addresses, token and process ids there as KEY=value lines
    #[arg(long)]
    env_file: Option<PathBuf>,
    /// Build and run optimised binaries
    #[arg(long)]
    release: bool,
    /// Run the binaries in this folder instead of building
    #[arg(long, conflicts_with = "release")]
    prebuilt: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let nats_server = tools::nats_server()?;
    let binaries = match &options.prebuilt {
        Some(folder) => folder.clone(),
        None => build(options.release)?,
    };
    let plan = Plan {
        nats_server,
        data_dir: options.data_dir.clone(),
        port: options.port,
        demo: !options.no_demo,
        binaries,
        env_file: options.env_file.clone(),
    };
    let signals = Signals::catch()?;
    let log = Log::terminal(plan.name_width());
    let start = Instant::now();
    let mut stack = Stack::start(&plan, &log, &signals)?;
    announce(&stack, plan.demo, start);
    let end = stack.supervise(|| Ok(None::<()>));
    log.line(0, US, "stopping");
    stack.stop();
    match end? {
        End::Done(()) | End::Asked => Ok(ExitCode::SUCCESS),
        End::Died(how) => bail!("{how}"),
    }
}

/// Builds what runs, the page first, because the binary embeds it.
fn build(release: bool) -> Result<PathBuf> {
    web::build()?;
    let mut build = cargo(&["build", "-p", "aegis-control-plane", "-p", "aegis-trading"]);
    run_command(build.args(release.then_some("--release")))?;
    Ok(target().join(if release { "release" } else { "debug" }))
}

fn announce(stack: &Stack, demo: bool, start: Instant) {
    let value = |key| stack.env().get(key).unwrap_or("?");
    let services = if demo { DEMO.len() } else { 0 };
    let rule = "-".repeat(72);
    say(format_args!(
        "{rule}\n  Aegis is ready in {:.1} s, with {services} demo services\n\n  \
         web page  {}\n  sign in   {}\n  NATS      {}\n\n  \
         Ctrl-C stops everything\n{rule}",
        start.elapsed().as_secs_f64(),
        value("AEGIS_URL"),
        value("AEGIS_LOGIN_URL"),
        value("NATS_URL"),
    ));
}
