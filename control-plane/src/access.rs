//! Where a command goes to, and in whose name: for the commands that need NATS and no control plane.

use aegis_domain::wire::Namespace;
use aegis_domain::{Actor, InvalidActor};
use aegis_sdk::{ConnectOptions, Connection};

use crate::output::complain;

/// Where to ask, and in whose name.
#[derive(Debug, clap::Args)]
pub(crate) struct Access {
    /// Where NATS is; several URLs joined by commas.
    #[arg(long, env = "NATS_URL", default_value = "nats://127.0.0.1:4222")]
    nats_url: String,
    /// The installation's namespace.
    #[arg(long, env = "AEGIS_NAMESPACE", default_value = "aegis", value_parser = Namespace::new)]
    namespace: Namespace,
    /// Who asks, for the record.
    #[arg(long = "as", env = "USER", default_value = "operator", value_name = "NAME", value_parser = actor_name)]
    actor: String,
}

impl Access {
    pub(crate) async fn connection(&self) -> anyhow::Result<Connection> {
        let options = ConnectOptions {
            namespace: self.namespace.clone(),
            ..ConnectOptions::new(self.nats_url.clone(), "aegis command line")
        };
        if !self.namespace.is_default() {
            complain(&format!("in the namespace {}", self.namespace.as_str()));
        }
        Ok(Connection::open(options).await?)
    }

    pub(crate) fn actor(&self) -> Actor {
        Actor::user(&self.actor)
    }
}

/// A name by which the record can tell who acted.
pub(crate) fn actor_name(name: &str) -> Result<String, InvalidActor> {
    Actor::check_name(name).map(str::to_owned)
}
