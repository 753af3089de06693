//! `aegis health`: how a replica is, as an exit code.

use std::time::Duration;

use aegis_api_client::{Health, Probe};
use anyhow::bail;

use crate::output::{one_line, say};
use crate::remote::Remote;

const PATIENCE: Duration = Duration::from_secs(4);

/// Asks whether a replica lives.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Ask whether it is ready to serve, too: JetStream answers and the projection has kept up.
    #[arg(long)]
    ready: bool,
}

pub(crate) async fn run(args: Args, remote: Remote) -> anyhow::Result<()> {
    let url = remote.url(None)?.unwrap_or_else(|| "http://127.0.0.1:8080".to_owned());
    let (probe, well) = if args.ready { (Probe::Ready, "ready") } else { (Probe::Live, "alive") };
    let answered = probe.ask(&url, remote.ca_file(), remote.timeout().unwrap_or(PATIENCE)).await;
    match answered.map_err(|error| anyhow::anyhow!("{}", one_line(&error.to_string())))? {
        Health::Well => {
            say(well);
            Ok(())
        }
        Health::Unwell(reasons) => bail!("not ready: {}", one_line(&reasons.join("; "))),
    }
}
