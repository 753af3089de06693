//! `aegis serve`: one replica beside your NATS. Any number of them may run, each on a data folder of its own.

use std::net::SocketAddr;
use std::path::PathBuf;

use aegis_domain::wire::Namespace;

use crate::config::Config;
use crate::data_folder::Lock;
use crate::output::say;
use crate::remote::nats_url;
use crate::replica::Replica;
use crate::signals::Signals;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The configuration, a TOML file. The flags below stand above it.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Where NATS is; several URLs joined by commas. Default: `AEGIS_NATS_URL`, `NATS_URL`, what the configuration says, or
    /// nats://127.0.0.1:4222.
    #[arg(long)]
    nats_url: Option<String>,
    /// The installation's namespace.
    #[arg(long, env = "AEGIS_NAMESPACE")]
    namespace: Option<String>,
    /// The address of the page and the API.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Where the projection is kept.
    #[arg(long)]
    data_dir: Option<PathBuf>,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let mut signals = Signals::catch()?;
    let mut config = match &args.config {
        Some(path) => Config::read(path)?,
        None => Config::default(),
    };
    config.nats_url = nats_url(args.nats_url.as_deref())?.unwrap_or(config.nats_url);
    config.namespace = args.namespace.unwrap_or(config.namespace);
    config.listen = args.listen.unwrap_or(config.listen);
    config.data_dir = args.data_dir.unwrap_or(config.data_dir);
    anyhow::ensure!(
        !config.tokens.is_empty(),
        "nobody could sign in: the configuration has no [[token]]; draw one with `aegis token --name you --role admin`, \
         add the entry that it prints to the configuration, and pass that with --config"
    );
    let _lock = Lock::take(&config.data_dir)?;
    let place = told(&config.namespace()?);
    let replica = Replica::listen(&config, true).await?;
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    replica.begin(config)?;
    say(&format!("aegis serves{place} at {scheme}://{}", replica.address()));
    if let Some(url) = replica.public_url() {
        say(&format!("browsers reach it at {url}"));
    }
    let outcome = tokio::select! {
        () = signals.next() => Ok(()),
        error = replica.failed() => Err(error),
    };
    stop(replica, &mut signals).await;
    outcome
}

/// A word of the namespace, where it is not the default.
pub(crate) fn told(namespace: &Namespace) -> String {
    if namespace.is_default() {
        String::new()
    } else {
        format!(", for the namespace {},", namespace.as_str())
    }
}

/// Stops a replica; a second signal cuts that short.
pub(crate) async fn stop(replica: Replica, signals: &mut Signals) {
    tokio::select! {
        () = replica.stop() => {}
        () = signals.next() => tracing::warn!("asked to end a second time: what is under way is cut off"),
    }
}
