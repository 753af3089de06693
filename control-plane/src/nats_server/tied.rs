//! A child that ends with its parent, even when the parent is killed: the kernel is asked to do it, by
//! the child itself, just before it executes the program.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;

use anyhow::Context as _;
use rustix::process::{Signal, getppid, set_parent_process_death_signal};

/// Become this program.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The process to end with.
    #[arg(long)]
    parent: i32,
    /// The program and its arguments.
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

impl Args {
    pub(crate) fn exec(self) -> anyhow::Result<()> {
        set_parent_process_death_signal(Some(Signal::TERM)).context("the kernel refused")?;
        // The parent may have ended before the kernel was asked.
        let parent = getppid().map(|pid| pid.as_raw_nonzero().get());
        anyhow::ensure!(parent == Some(self.parent), "the parent has already ended");
        let (program, args) = self.command.split_first().context("no program is given")?;
        Err(std::process::Command::new(program).args(args).exec()).context("the program cannot be run")
    }
}
