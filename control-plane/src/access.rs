//! How a command connects, and as which actor: straight to NATS, which needs no control plane, or to the API of one.

use aegis_domain::wire::Namespace;
use aegis_domain::{Actor, InvalidActor};
use aegis_nats::{ConnectOptions, Connection};
use anyhow::{Context as _, ensure};

use crate::output::print_error;
use crate::remote::{Api, Remote, environment, nats_url};

/// Where to ask, and in whose name.
#[derive(Debug, clap::Args)]
pub(crate) struct Access {
    /// Where NATS is; several URLs joined by commas. Default: `AEGIS_NATS_URL`, `NATS_URL`, or nats://127.0.0.1:4222.
    #[arg(long)]
    nats_url: Option<String>,
    /// The installation's namespace. Default: `AEGIS_NAMESPACE`, or aegis.
    #[arg(long, value_parser = Namespace::new)]
    namespace: Option<Namespace>,
    /// Who asks, for the record. Default: `USER`, or operator.
    #[arg(long = "as", value_name = "NAME", value_parser = actor_name)]
    actor: Option<String>,
}

/// How a command reaches what it is about.
pub(crate) enum Way {
    Nats(Connection),
    Api(Api),
}

impl Access {
    /// What is on the command line goes before the environment, and there `AEGIS_URL` before those that say where NATS is.
    pub(crate) async fn way(&self, remote: &Remote) -> anyhow::Result<Way> {
        let Some(url) = remote.url(self.nats_url.as_deref())? else {
            return self.connection().await.map(Way::Nats);
        };
        ensure!(
            self.actor.is_none(),
            "--as does not go with a URL: there the record names the owner of the token; leave --as away"
        );
        Ok(Way::Api(remote.open(url, self.named()?.as_ref()).await?))
    }

    pub(crate) async fn connection(&self) -> anyhow::Result<Connection> {
        let namespace = self.named()?.unwrap_or_default();
        let url = nats_url(self.nats_url.as_deref())?.unwrap_or_else(|| "nats://127.0.0.1:4222".to_owned());
        if !namespace.is_default() {
            print_error(&format!("in the namespace {}", namespace.as_str()));
        }
        let options = ConnectOptions { namespace, ..ConnectOptions::new(url, "aegis command line") };
        Ok(Connection::open(options).await?)
    }

    pub(crate) fn actor(&self) -> anyhow::Result<Actor> {
        let name = match &self.actor {
            Some(name) => name.clone(),
            None => {
                let name = environment("USER")?.unwrap_or_else(|| "operator".to_owned());
                actor_name(&name).context("USER names nobody whom the record can name: pass --as")?
            }
        };
        Ok(Actor::user(&name))
    }

    /// The namespace, where one is given.
    fn named(&self) -> anyhow::Result<Option<Namespace>> {
        match (&self.namespace, environment("AEGIS_NAMESPACE")?) {
            (Some(namespace), _) => Ok(Some(namespace.clone())),
            (None, Some(name)) => Namespace::new(&name).context("AEGIS_NAMESPACE").map(Some),
            (None, None) => Ok(None),
        }
    }
}

/// A name by which the record can tell who acted.
pub(crate) fn actor_name(name: &str) -> Result<String, InvalidActor> {
    Actor::check_name(name).map(str::to_owned)
}
