//! A child that the kernel ends when its parent dies, however the parent dies.
//!
//! Setting that up needs code that runs in the child before the program does. In place of an unsafe
//! `pre_exec`, the child is first this very program, which sets its parent-death signal and then
//! becomes the program wanted. The signal is tied to the thread that spawns, so all children are
//! spawned by the main thread.

use std::{
    env,
    ffi::{OsStr, OsString},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Command, ExitCode},
};

use anyhow::{Context, Result};
use clap::Args;

const SUBCOMMAND: &str = "exec-child";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Process id of the parent, to notice when it died before we looked
    #[arg(long)]
    parent: u32,
    /// The program and its arguments
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

/// `program` as a command that goes through this module. Unit tests run it directly, because the
/// test executable has no subcommands.
pub(crate) fn wrap(program: &OsStr) -> Command {
    if cfg!(test) {
        return Command::new(program);
    }
    let mut command = Command::new(this_program());
    command.args([SUBCOMMAND, "--parent", &std::process::id().to_string(), "--"]).arg(program);
    command
}

/// The program and arguments that `command`, built by [`wrap`], stands for.
pub(crate) fn unwrap_args(command: &Command) -> Vec<OsString> {
    let args: Vec<OsString> = command.get_args().map(OsStr::to_owned).collect();
    if args.first().is_some_and(|first| first == SUBCOMMAND) {
        return args.into_iter().skip(4).collect();
    }
    [command.get_program().to_owned()].into_iter().chain(args).collect()
}

/// Sets the parent-death signal and becomes the program.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    die_with_parent(options.parent)?;
    let (program, args) = options.command.split_first().context("no program given")?;
    // Returns only when it fails.
    let error = Command::new(program).args(args).exec();
    Err(error).with_context(|| format!("cannot run `{}`", program.display()))
}

/// SIGTERM rather than SIGKILL: the child may have children of its own to stop.
#[cfg(target_os = "linux")]
fn die_with_parent(parent: u32) -> Result<()> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    set_parent_process_death_signal(Some(Signal::TERM)).context("set the parent-death signal")?;
    let now = getppid().map(|pid| pid.as_raw_nonzero().get().unsigned_abs());
    anyhow::ensure!(now == Some(parent), "the parent is gone");
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent(_parent: u32) -> Result<()> {
    Ok(())
}

/// On Linux by way of `/proc`, which still works after a build has replaced the file.
fn this_program() -> PathBuf {
    if cfg!(target_os = "linux") {
        return PathBuf::from("/proc/self/exe");
    }
    env::current_exe().unwrap_or_else(|_unknown| PathBuf::from("aegis-xtask"))
}
