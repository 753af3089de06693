//! `aegis up`: everything on this machine, for a first look and for development.

use std::net::SocketAddr;
use std::path::PathBuf;

use aegis_domain::wire::Namespace;
use aegis_graphql::{Principal, Role};
use aegis_nats::connection::without_secrets;
use anyhow::Context as _;

use crate::auth::token::{Digest, kept_in};
use crate::auth::{RoleName, TokenEntry};
use crate::config::Config;
use crate::data_folder::{Lock, replace_private};
use crate::nats_server::PrivateServer;
use crate::output::say;
use crate::remote::nats_url;
use crate::replica::Replica;
use crate::serve::{stop, told};
use crate::signals::Signals;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The port of the page and the API, on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Where everything is kept.
    #[arg(long, default_value = ".aegis")]
    data_dir: PathBuf,
    /// Use this NATS instead of a private one. Default: `AEGIS_NATS_URL` or `NATS_URL`, if one is set.
    #[arg(long)]
    nats_url: Option<String>,
    /// The installation's namespace.
    #[arg(long, env = "AEGIS_NAMESPACE", default_value = "aegis", value_parser = Namespace::new)]
    namespace: Namespace,
    /// Once ready, write URL, token and process ids to this file, for scripts.
    #[arg(long)]
    env_file: Option<PathBuf>,
}

const ADMIN: &str = "admin";
/// How a file for scripts begins.
const ENV_FIRST: &str = "AEGIS_URL=";

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let mut signals = Signals::catch()?;
    let _lock = Lock::take(&args.data_dir)?;
    let data_dir = args.data_dir.canonicalize().context("the data folder cannot be found")?;
    let token = kept_in(&data_dir.join("admin-token"))?;
    let config = Config {
        // Empty stands for a private one.
        nats_url: nats_url(args.nats_url.as_deref())?.unwrap_or_default(),
        listen: SocketAddr::from(([127, 0, 0, 1], args.port)),
        data_dir,
        namespace: args.namespace.as_str().to_owned(),
        tokens: vec![TokenEntry {
            name: ADMIN.to_owned(),
            role: RoleName::Admin,
            sha256: Digest::of(&token),
            expires: None,
        }],
        ..Config::default()
    };
    let replica = Replica::listen(&config, false).await?;
    let mut server = None;
    let outcome = tokio::select! {
        () = signals.next() => Ok(()),
        outcome = serve(&args, config, &token, &replica, &mut server) => outcome,
    };
    stop(replica, &mut signals).await;
    if let Some(server) = server {
        tokio::select! {
            () = server.stop() => {}
            () = signals.next() => {}
        }
    }
    outcome
}

/// Starts what is missing, says where everything is, and waits for what should not happen.
async fn serve(
    args: &Args,
    mut config: Config,
    token: &str,
    replica: &Replica,
    server: &mut Option<PrivateServer>,
) -> anyhow::Result<()> {
    if config.nats_url.is_empty() {
        replica.startup().step("nats-server is being started");
        let started = server.insert(PrivateServer::start(&config.data_dir).await?);
        started.url().clone_into(&mut config.nats_url);
    }
    let nats_url = config.nats_url.clone();
    replica.begin(config)?;
    replica.ready().await?;
    let url = format!("http://{}", replica.address());
    let code = replica.login_code(Principal { name: ADMIN.to_owned(), role: Role::Admin });
    let login = format!("{url}/login?code={code}");
    if let Some(file) = &args.env_file {
        let mut lines = vec![
            format!("{ENV_FIRST}{url}"),
            format!("AEGIS_TOKEN={token}"),
            format!("AEGIS_LOGIN_URL={login}"),
            format!("NATS_URL={nats_url}"),
            format!("AEGIS_NAMESPACE={}", args.namespace.as_str()),
            format!("AEGIS_PID={}", std::process::id()),
        ];
        lines.extend(server.as_ref().map(|server| format!("NATS_PID={}", server.pid())));
        replace_private(file, ENV_FIRST, &(lines.join("\n") + "\n"))?;
    }
    let place = told(&args.namespace);
    say(&format!(
        "aegis is ready{place} at {url}\nsign in, once, within 10 minutes: {login}\nNATS: {}",
        without_secrets(&nats_url)
    ));
    Err(server_ended(server).await)
}

async fn server_ended(server: &mut Option<PrivateServer>) -> anyhow::Error {
    match server {
        Some(server) => server.ended().await,
        None => std::future::pending().await,
    }
}
