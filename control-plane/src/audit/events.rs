//! `aegis events`: the log as it is written.

use clap::Subcommand;

use super::export::{ExportArgs, export};
use super::import::{ImportArgs, import};
use super::tail::{TailArgs, tail};
use crate::remote::Remote;

#[derive(Debug, clap::Args)]
pub(crate) struct EventsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print events: those that stand in the log from a place on, then every new one.
    Tail(TailArgs),
    /// Write the whole log to a file, each message as it is stored.
    Export(ExportArgs),
    /// Write an exported log into an installation that has none yet.
    Import(ImportArgs),
}

impl EventsArgs {
    /// The command that can only go over NATS, and why.
    pub(crate) fn needs_nats(&self) -> Option<(&'static str, &'static str)> {
        match &self.command {
            Command::Tail(args) if args.is_of_a_journal() => Some((
                "events tail --journal",
                "it reads the stream of the journal itself, of which the command line asks no control plane; give --nats-url",
            )),
            Command::Tail(_) => None,
            Command::Export(_) => Some((
                "events export",
                "it writes each message as it is stored, which the API does not tell; give --nats-url",
            )),
            Command::Import(_) => Some((
                "events import",
                "it writes the stream itself, which the API does not; give --nats-url",
            )),
        }
    }
}

pub(crate) async fn events(args: EventsArgs, remote: Remote) -> anyhow::Result<()> {
    match args.command {
        Command::Tail(args) => tail(args, remote).await,
        Command::Export(args) => export(args).await,
        Command::Import(args) => import(args).await,
    }
}
