//! `aegis definitions`: what services are meant to be, as a file. Straight to NATS, so that it works while
//! every control plane is down.

mod apply;
mod file;
mod plan;
mod show;

use std::path::PathBuf;
use std::process::ExitCode;

use aegis_domain::ServiceName;
use clap::{Subcommand, ValueEnum};

use crate::access::Access;
use crate::output::{complain, finish};

/// There is a difference, as `diff` says it; or not all could be carried out, as `apply` says it.
const DIFFERENT: u8 = 1;
/// Something is wrong, and nothing was compared.
const TROUBLE: u8 = 2;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the definitions what the file says, after showing what that changes.
    Apply(ApplyArgs),
    /// Show what `apply` would change. Exit code 0: nothing; 1: something; 2: an error.
    Diff(DiffArgs),
    /// Write the definitions in use as a file that `apply` finds unchanged.
    Export(ExportArgs),
    /// List the definitions.
    List(ListArgs),
    /// Show every version of a definition: who, when, why, and what changed.
    History(HistoryArgs),
}

#[derive(Debug, clap::Args)]
struct ApplyArgs {
    /// The file, YAML.
    #[arg(short, long)]
    file: PathBuf,
    /// Retire what is in use and not in the file.
    #[arg(long)]
    prune: bool,
    /// Show the plan, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Why, for the record.
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    access: Access,
}

#[derive(Debug, clap::Args)]
struct DiffArgs {
    /// The file, YAML.
    #[arg(short, long)]
    file: PathBuf,
    /// As `apply --prune` would.
    #[arg(long)]
    prune: bool,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    access: Access,
}

#[derive(Debug, clap::Args)]
struct ExportArgs {
    /// The file to write; standard output without it.
    #[arg(short, long)]
    output: Option<PathBuf>,
    #[command(flatten)]
    access: Access,
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Retired ones too.
    #[arg(long)]
    all: bool,
    /// How to print them.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    access: Access,
}

#[derive(Debug, clap::Args)]
struct HistoryArgs {
    /// The service.
    service: ServiceName,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    access: Access,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Apply(args) => apply::apply(args).await,
        Command::Diff(args) => match apply::diff(args).await {
            // The error itself is told at the end, as that of every command.
            Ok(_) if finish().is_err() => Ok(ExitCode::from(TROUBLE)),
            Ok(code) => Ok(code),
            Err(error) => {
                complain(&format!("error: {error:#}"));
                Ok(ExitCode::from(TROUBLE))
            }
        },
        Command::Export(args) => show::export(args).await,
        Command::List(args) => show::list(args).await,
        Command::History(args) => show::history(args).await,
    }
}
