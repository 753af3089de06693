//! `aegis init`: the secrets and files that an installation begins with.

mod access;
mod auth_conf;
mod roles;

use std::fmt::Write as _;
use std::path::PathBuf;

use aegis_domain::wire::Namespace;
use anyhow::ensure;

use self::access::{Access, variable};
use crate::auth::RoleName;
use crate::auth::token::{self, draw};
use crate::data_folder::{make_private, write_private};
use crate::output::say;

/// What the file of `deploy/nats/access.toml` has, for the generated configuration.
const TRADING_FLOOR: &str = include_str!("../../../deploy/nats/access.toml");
const SERVE: &str = "\
# `aegis serve --config aegis.toml`. NATS_URL stands above `nats_url`; see control-plane.env.
listen = \"0.0.0.0:8080\"
data_dir = \"/var/lib/aegis\"
";

/// Writes the secrets and files that an installation begins with.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder that they are written to. It is made for this user only; nothing that is there is overwritten.
    folder: PathBuf,
    /// The services and their callers, a TOML file: [[service]] and [[client]] with name, calls, commands, events and
    /// streams. Without it only the control plane and the roles of people have users.
    #[arg(long)]
    access: Option<PathBuf>,
    /// A NATS server, as host or host:port, for the URLs that are written. May be repeated.
    #[arg(long = "nats-host", default_value = "127.0.0.1:4222", value_parser = host)]
    nats_hosts: Vec<String>,
    /// The address at which browsers reach the page through a proxy: `public_url` of the configuration.
    #[arg(long)]
    public_url: Option<String>,
    /// The installation's namespace.
    #[arg(long, env = "AEGIS_NAMESPACE", default_value = "aegis", value_parser = Namespace::new)]
    namespace: Namespace,
}

/// A host that may stand in a URL, with its port.
fn host(text: &str) -> Result<String, String> {
    let bare = !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']'));
    if !bare {
        return Err("give a host, or host:port, and nothing else".to_owned());
    }
    let address = text.rsplit_once(':').filter(|(host, _)| !host.contains(':') || host.ends_with(']'));
    Ok(match address {
        Some((_, port)) if port.parse::<u16>().is_ok() => text.to_owned(),
        Some((_, port)) => return Err(format!("{port:?} is no port")),
        None => format!("{text}:4222"),
    })
}

impl Args {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let access = self.access.as_deref().map(Access::read).transpose()?.unwrap_or_default();
        let files = self.files(&access);
        make_private(&self.folder)?;
        // Before the first one is written: half of two sets of secrets would fit nothing.
        for (name, _) in &files {
            let path = self.folder.join(name);
            ensure!(
                !path.try_exists()?,
                "{} is there: nothing was written. Name another folder, or move what is there away",
                path.display()
            );
        }
        for (name, text) in &files {
            write_private(&self.folder.join(name), text)?;
        }
        say(&self.told());
        Ok(())
    }

    /// The files by name, with secrets that are drawn now.
    fn files(&self, access: &Access) -> Vec<(String, String)> {
        let mut servers = format!("NATS_CLUSTER_USER=route\nNATS_CLUSTER_PASS={}\n", password());
        let mut files = vec![("auth.conf".to_owned(), auth_conf::render(&self.namespace, access))];
        for user in access.users() {
            let password = password();
            line(&mut servers, &format!("{}={password}", variable(user)));
            let urls: Vec<_> =
                self.nats_hosts.iter().map(|host| format!("nats://{user}:{password}@{host}")).collect();
            files.push((format!("{user}.env"), format!("NATS_URL={}\n", urls.join(","))));
        }
        files.push(("nats.env".to_owned(), servers));
        let mut serve = SERVE.to_owned();
        if !self.namespace.is_default() {
            line(&mut serve, &format!("namespace = {:?}", self.namespace.as_str()));
        }
        if let Some(url) = &self.public_url {
            line(&mut serve, &format!("public_url = {url:?}"));
        }
        for (name, role) in [("admin", RoleName::Admin), ("metrics", RoleName::Viewer)] {
            let token = draw();
            line(&mut serve, &format!("\n{}", token::entry(name, role, &token)));
            files.push((format!("{name}.token"), format!("{token}\n")));
        }
        files.push(("aegis.toml".to_owned(), serve));
        files
    }

    fn told(&self) -> String {
        let at = |name: &str| self.folder.join(name).display().to_string();
        format!(
            "Written to {}, for you only:\n  {}  for each nats-server, beside its configuration\n  {}  the environment of each \
             nats-server: the passwords\n  {}  the configuration of `aegis serve`; its environment is {}\n  {}  your token: sign in \
             with it\nEach other user has an .env file of its own with its NATS_URL. These secrets cannot be made a second time: keep a copy \
             where you keep secrets.",
            self.folder.display(),
            at("auth.conf"),
            at("nats.env"),
            at("aegis.toml"),
            at("control-plane.env"),
            at("admin.token"),
        )
    }
}

/// A password that needs no quotes anywhere: a letter, then hexadecimal digits. 256 bits are drawn.
fn password() -> String {
    format!("p{}", draw())
}

/// `deploy/nats/auth.conf` and that of the chart: users and permissions of the trading floor.
pub(crate) fn auth_conf() -> anyhow::Result<String> {
    Ok(auth_conf::render(&Namespace::default(), &Access::parse(TRADING_FLOOR)?))
}

fn line(text: &mut String, of: &str) {
    // Writing to a String cannot fail.
    let _infallible = writeln!(text, "{of}");
}
