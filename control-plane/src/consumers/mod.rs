//! `aegis consumers`: durable consumers of the installation's streams, and what they hold. Straight to NATS, so that it works while
//! every control plane is down.

mod delete;
mod read;
mod show;

use chrono::Utc;
use clap::Subcommand;

use crate::access::Access;
use crate::output::{one_line, say};
use aegis_graphql::ports::Refused;

pub(crate) use delete::{Deletion, delete};
pub(crate) use read::{of_installation, of_stream, one};

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show everything that is known of one.
    Show(ShowArgs),
    /// Delete one, with the position of its reader in the stream. Messages that were waiting for it reach no other reader.
    Delete(DeleteArgs),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Of this stream only.
    #[arg(long)]
    stream: Option<String>,
    /// Only those that nobody reads.
    #[arg(long)]
    without_reader: bool,
    /// As JSON, one object a line.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: Access,
}

#[derive(Debug, clap::Args)]
struct ShowArgs {
    /// Its stream.
    stream: String,
    /// Its name.
    name: String,
    /// As JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: Access,
}

#[derive(Debug, clap::Args)]
struct DeleteArgs {
    /// Its stream.
    stream: String,
    /// Its name.
    name: String,
    /// Why, for the record.
    #[arg(long)]
    reason: String,
    /// Also when somebody reads it.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    access: Access,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    match args.command {
        None => list(args.list).await,
        Some(Command::Show(args)) => {
            let connection = args.access.connection().await?;
            let facts =
                one(&connection, &args.stream, &args.name).await.map_err(|refused| with_code(&refused))?;
            show::whole(&facts, Utc::now(), args.json);
            Ok(())
        }
        Some(Command::Delete(args)) => delete_one(args).await,
    }
}

async fn list(args: ListArgs) -> anyhow::Result<()> {
    let connection = args.access.connection().await?;
    let (mut consumers, unread) = match &args.stream {
        Some(stream) => {
            (of_stream(&connection, stream).await.map_err(|refused| with_code(&refused))?, vec![])
        }
        None => {
            let listed = of_installation(&connection).await.map_err(|refused| with_code(&refused))?;
            (listed.consumers, listed.unread)
        }
    };
    let now = Utc::now();
    consumers.retain(|facts| facts.durable && !(args.without_reader && facts.has_reader(now)));
    show::table_of(&consumers, now, args.json);
    let unread: Vec<_> =
        unread.iter().map(|(stream, why)| format!("{}: {}", one_line(stream), text(why))).collect();
    anyhow::ensure!(
        unread.is_empty(),
        "consumers of these streams could not be listed: {}",
        unread.join("; ")
    );
    Ok(())
}

async fn delete_one(args: DeleteArgs) -> anyhow::Result<()> {
    let DeleteArgs { stream, name: consumer, reason, force, access } = args;
    let connection = access.connection().await?;
    let asked = Deletion { stream, consumer, reason, force };
    let done = delete(&connection, asked, access.actor()?, Utc::now())
        .await
        .map_err(|refused| with_code(&refused))?;
    let (facts, sequence) = (done.facts, done.sequence);
    let (name, stream) = (one_line(&facts.name), one_line(&facts.stream));
    say(&format!("{name} of {stream} is deleted, recorded as event {sequence}: {}", show::lost(&facts)));
    Ok(())
}

fn with_code(refused: &Refused) -> anyhow::Error {
    anyhow::anyhow!("{}", text(refused))
}

fn text(refused: &Refused) -> String {
    format!("{}: {}", refused.code, one_line(&refused.message))
}
