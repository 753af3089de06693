//! What is measured, each against its limit in the same run: `cargo xtask bench NAME [--quick]`.

mod api;
mod attacks;
mod consume;
mod control;
mod discovery;
mod events;
mod failover;
mod feed;
mod fleet;
mod idle;
mod journal;
mod many;
mod measure;
mod member;
mod page;
mod process;
mod projection;
mod report;
mod rpc;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use report::Row;

/// The allocator of the control plane: what is measured is what is shipped.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Parser)]
struct Args {
    /// Which benchmark; without it, they are listed.
    name: Option<Name>,
    /// Few trials: shows that it works, not how fast.
    #[arg(long)]
    quick: bool,
    /// Write the rows to this file.
    #[arg(long)]
    json: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Name {
    /// Calls through the SDK, against raw NATS request and reply.
    Rpc,
    /// Choosing an instance from a directory, against its limit.
    Discovery,
    /// How long callers of a group go without an answer when its owner is lost, against the policy's limit.
    Failover,
    /// Appends and loads of the journal, against raw JetStream.
    Journal,
    /// Events published and consumed through the SDK, against raw JetStream.
    Events,
    /// Ten thousand instances that beat once a second, and one replica.
    Fleet,
    /// What a service takes that nobody calls.
    Idle,
    /// What anybody can do to a replica: what it takes, and what others notice of it.
    Attacks,
    /// From an append to the GraphQL subscription that shows it.
    Feed,
    /// The page's own queries, and subscribers of pages and of the log, at ten thousand instances.
    Api,
    /// The page in a browser, at five thousand instances and a million events. Its long form watches the heap for an hour.
    Page,
    /// The projection made from zero, against a reader that does nothing; questions «as of».
    Projection,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    if let Some(member) = member::Args::from_process() {
        return member.run().await;
    }
    if let Some(projector) = projection::child::Args::from_process() {
        return projector.run().await;
    }
    let args = Args::parse();
    let Some(name) = args.name else {
        for name in Name::value_variants() {
            let value = name.to_possible_value();
            let line =
                value.map(|v| format!("{:10} {}", v.get_name(), v.get_help().cloned().unwrap_or_default()));
            writeln!(std::io::stdout(), "{}", line.unwrap_or_default())?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    let rows = match name {
        Name::Rpc => Box::pin(rpc::run(args.quick)).await?,
        Name::Discovery => discovery::run(args.quick).await?,
        Name::Journal => journal::run(args.quick).await?,
        Name::Events => events::run(args.quick).await?,
        Name::Fleet => fleet::run(args.quick).await?,
        Name::Idle => idle::run(args.quick).await?,
        Name::Attacks => attacks::run(args.quick).await?,
        Name::Feed => feed::run(args.quick).await?,
        Name::Api => api::run(args.quick).await?,
        Name::Page => page::run(args.quick).await?,
        Name::Projection => projection::run(args.quick).await?,
        Name::Failover => failover::run(args.quick).await?,
    };
    write!(std::io::stdout(), "{}", report::table(&rows))?;
    if let Some(path) = args.json {
        std::fs::write(path, serde_json::to_string_pretty(&rows)?)?;
    }
    Ok(if rows.iter().all(Row::holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
