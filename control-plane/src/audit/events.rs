//! `aegis events`: the log as it is written.

use clap::Subcommand;

use super::export::{ExportArgs, export};
use super::import::{ImportArgs, import};
use super::tail::{TailArgs, tail};

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

pub(crate) async fn events(args: EventsArgs) -> anyhow::Result<()> {
    match args.command {
        Command::Tail(args) => tail(args).await,
        Command::Export(args) => export(args).await,
        Command::Import(args) => import(args).await,
    }
}
