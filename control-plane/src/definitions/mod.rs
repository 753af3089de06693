//! `aegis definitions`: what services are meant to be, as a file. Straight to NATS, so that it works while
//! every control plane is down; over the API as well.

mod api;
mod apply;
mod file;
mod nats;
mod plan;
mod show;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use aegis_domain::ServiceName;
use aegis_domain::aggregate::Definition;
use aegis_domain::aggregate::definition::Command as Change;
use aegis_projections::view::history::Revision;
use async_trait::async_trait;
use clap::{Subcommand, ValueEnum};

use crate::access::{Access, Way};
use crate::output::{finish, print_error};
use crate::remote::Remote;

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

/// The definitions of an installation, whichever way they are reached.
#[async_trait(?Send)]
trait Definitions {
    /// As they stand, retired ones too.
    async fn all(&self) -> anyhow::Result<BTreeMap<ServiceName, Definition>>;

    /// Changes one, and answers the revision that it led to. A refusal begins with its code.
    async fn change(&self, service: &ServiceName, change: Change) -> anyhow::Result<u64>;

    /// Every version of one, from the first on; none when it was never defined.
    async fn history(&self, service: &ServiceName) -> anyhow::Result<Vec<Revision>>;
}

async fn definitions(access: &Access, remote: &Remote) -> anyhow::Result<Box<dyn Definitions>> {
    Ok(match access.way(remote).await? {
        Way::Nats(connection) => Box::new(nats::Log::new(connection, access.actor()?)),
        Way::Api(api) => Box::new(api),
    })
}

pub(crate) async fn run(args: Args, remote: Remote) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Apply(args) => apply::apply(args, &remote).await,
        Command::Diff(args) => match apply::diff(args, &remote).await {
            // The error itself is told at the end, as that of every command.
            Ok(_) if finish().is_err() => Ok(ExitCode::from(TROUBLE)),
            Ok(code) => Ok(code),
            Err(error) => {
                print_error(&format!("error: {error:#}"));
                Ok(ExitCode::from(TROUBLE))
            }
        },
        Command::Export(args) => show::export(args, &remote).await,
        Command::List(args) => show::list(args, &remote).await,
        Command::History(args) => show::history(args, &remote).await,
    }
}
