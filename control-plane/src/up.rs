//! `aegis up`: everything on this machine, for a first look and for development.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use aegis_graphql::{Principal, Role};
use anyhow::Context as _;

use crate::auth::token::{Digest, kept_in};
use crate::auth::{RoleName, TokenEntry};
use crate::config::Config;
use crate::nats_server::PrivateServer;
use crate::output::say;
use crate::replica::Replica;
use crate::serve::asked_to_end;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The port of the page and the API, on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Where everything is kept.
    #[arg(long, default_value = ".aegis")]
    data_dir: PathBuf,
    /// Use this NATS instead of a private one.
    #[arg(long, env = "NATS_URL")]
    nats_url: Option<String>,
    /// Once ready, write URL, token and process ids to this file, for scripts.
    #[arg(long)]
    env_file: Option<PathBuf>,
}

const ADMIN: &str = "admin";

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let mut ended = std::pin::pin!(asked_to_end());
    std::fs::create_dir_all(&args.data_dir)
        .with_context(|| format!("the data folder {} cannot be made", args.data_dir.display()))?;
    let _lock = lock(&args.data_dir)?;
    let data_dir = args.data_dir.canonicalize().context("the data folder cannot be found")?;
    let token = kept_in(&data_dir.join("admin-token"))?;
    let mut server = match &args.nats_url {
        Some(_) => None,
        None => Some(PrivateServer::start(&data_dir).await?),
    };
    let nats_url = args.nats_url.clone().or_else(|| server.as_ref().map(|server| server.url().to_owned()));
    let config = Config {
        nats_url: nats_url.unwrap_or_default(),
        listen: SocketAddr::from(([127, 0, 0, 1], args.port)),
        data_dir,
        tokens: vec![TokenEntry {
            name: ADMIN.to_owned(),
            role: RoleName::Admin,
            sha256: Digest::of(&token),
            expires: None,
        }],
        ..Config::default()
    };
    let nats_url = config.nats_url.clone();
    let replica = Replica::start(config).await?;
    let url = format!("http://{}", replica.address());
    let code = replica.login_code(Principal { name: ADMIN.to_owned(), role: Role::Admin });
    let login = format!("{url}/login?code={code}");
    if let Some(file) = &args.env_file {
        let mut lines = vec![
            format!("AEGIS_URL={url}"),
            format!("AEGIS_TOKEN={token}"),
            format!("AEGIS_LOGIN_URL={login}"),
            format!("NATS_URL={nats_url}"),
            format!("AEGIS_PID={}", std::process::id()),
        ];
        lines.extend(server.as_ref().map(|server| format!("NATS_PID={}", server.pid())));
        write_at_once(file, &(lines.join("\n") + "\n"))?;
    }
    say(&format!("aegis is ready at {url}\nsign in, once, within 10 minutes: {login}\nNATS: {nats_url}"));
    let outcome = tokio::select! {
        ended = &mut ended => ended,
        error = server_ended(&mut server) => Err(error),
    };
    replica.stop().await;
    if let Some(server) = server {
        server.stop().await;
    }
    outcome
}

async fn server_ended(server: &mut Option<PrivateServer>) -> anyhow::Error {
    match server {
        Some(server) => server.ended().await,
        None => std::future::pending().await,
    }
}

/// Two of them on one folder would spoil each other's data.
fn lock(folder: &Path) -> anyhow::Result<std::fs::File> {
    let path = folder.join("lock");
    let file = std::fs::File::create(&path).with_context(|| format!("{} cannot be made", path.display()))?;
    file.try_lock().map_err(|_held| {
        anyhow::anyhow!("another aegis runs on {}: stop it, or pass another --data-dir", folder.display())
    })?;
    Ok(file)
}

/// A reader finds the file whole or not at all.
fn write_at_once(path: &Path, text: &str) -> anyhow::Result<()> {
    let context = || format!("the file {} cannot be written", path.display());
    let beside = path.with_extension("tmp");
    std::fs::write(&beside, text).with_context(context)?;
    std::fs::rename(&beside, path).with_context(context)
}
