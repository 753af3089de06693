//! `aegis serve`: one replica beside your NATS. Any number of them may run.

use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::signal::unix::{SignalKind, signal};

use crate::config::Config;
use crate::output::say;
use crate::replica::Replica;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The configuration, a TOML file. The flags below stand above it.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Where NATS is.
    #[arg(long, env = "NATS_URL")]
    nats_url: Option<String>,
    /// The address of the page and the API.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Where the projection is kept.
    #[arg(long)]
    data_dir: Option<PathBuf>,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let ended = asked_to_end();
    let mut config = match &args.config {
        Some(path) => Config::read(path)?,
        None => Config::default(),
    };
    config.nats_url = args.nats_url.unwrap_or(config.nats_url);
    config.listen = args.listen.unwrap_or(config.listen);
    config.data_dir = args.data_dir.unwrap_or(config.data_dir);
    anyhow::ensure!(
        !config.tokens.is_empty(),
        "nobody could sign in: the configuration has no [[token]]; draw one with `aegis token --name you --role admin`, \
         add the entry that it prints to the configuration, and pass that with --config"
    );
    let replica = Replica::start(config).await?;
    say(&format!("aegis serves at http://{}", replica.address()));
    let outcome = ended.await;
    replica.stop().await;
    outcome
}

/// Waits for SIGINT or SIGTERM.
pub(crate) async fn asked_to_end() -> anyhow::Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
