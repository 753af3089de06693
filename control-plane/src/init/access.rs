//! The users of NATS beside the control plane and people: services and their callers, from a file.

use std::collections::BTreeSet;
use std::path::Path;

use aegis_domain::wire::subject::is_subject;
use aegis_domain::{ServiceName, StreamName};
use aegis_sdk::InvalidToml;
use anyhow::{Context as _, ensure};
use serde::Deserialize;

/// Users that every installation has.
pub(super) const CONTROL_PLANE: &str = "control-plane";
pub(super) const OPERATOR: &str = "operator";
pub(super) const ADMIN: &str = "admin";
pub(super) const AUDITOR: &str = "auditor";
/// Of the system account: who looks after the servers.
pub(super) const SYSTEM: &str = "sys";
const BUILT_IN: [&str; 5] = [CONTROL_PLANE, OPERATOR, ADMIN, AUDITOR, SYSTEM];

/// Services and callers. Unknown fields are refused.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Access {
    /// Services: all instances of one have one user, of the service's name.
    #[serde(default, rename = "service")]
    pub(super) services: Vec<Part>,
    /// Programs that call services and are none.
    #[serde(default, rename = "client")]
    pub(super) clients: Vec<Part>,
}

/// What one of them may do to others. Unknown fields are refused.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    /// The user's name; of a service, the service.
    pub(super) name: ServiceName,
    /// The services whose methods it calls.
    #[serde(default)]
    pub(super) calls: Vec<ServiceName>,
    /// The services that it sends commands to. A service always may to itself.
    #[serde(default)]
    pub(super) commands: Vec<ServiceName>,
    /// The domains whose events it publishes: `trading` for `events.trading.>`.
    #[serde(default)]
    pub(super) events: Vec<String>,
    /// The ordered streams that it publishes to, or reads.
    #[serde(default)]
    pub(super) streams: Vec<StreamName>,
}

impl Access {
    /// Reads a TOML file.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("the access file {} cannot be read", path.display()))?;
        Self::parse(&text).with_context(|| format!("the access file {} is not valid", path.display()))
    }

    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let access: Self = InvalidToml::read(text)?;
        let mut names = BTreeSet::from(BUILT_IN);
        let mut variables: BTreeSet<_> = BUILT_IN.iter().map(|name| variable(name)).collect();
        for part in access.services.iter().chain(&access.clients) {
            let name = part.name.as_str();
            ensure!(
                names.insert(name) && variables.insert(variable(name)),
                "two users would be named {name}, or share the variable {}: each needs a name of its own",
                variable(name)
            );
            for domain in &part.events {
                ensure!(
                    is_subject(domain, false),
                    "{domain:?} of {name} is no domain of events: name it without `events.`, spaces and wildcards"
                );
            }
        }
        Ok(access)
    }

    /// All users, those of every installation first.
    pub(super) fn users(&self) -> impl Iterator<Item = &str> {
        let parts = self.services.iter().chain(&self.clients);
        BUILT_IN.into_iter().chain(parts.map(|part| part.name.as_str()))
    }
}

/// The variable that has a user's password where nats-server runs.
pub(super) fn variable(user: &str) -> String {
    let name: String =
        user.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    format!("NATS_PASSWORD_{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_two_users_of_one_name_is_refused() {
        for (text, told) in [
            ("[[service]]\nname = \"admin\"", "admin"),
            ("[[service]]\nname = \"a-b\"\n[[client]]\nname = \"a_b\"", "NATS_PASSWORD_A_B"),
            ("[[service]]\nname = \"a\"\nevents = [\"x y\"]", "x y"),
            ("[[service]]\nname = \"a\"\nstreams = [\">\"]", "streams"),
            ("[[service]]\nname = \"a b\"", "a b"),
            ("[[service]]\nname = \"a\"\nmay = []", "may"),
        ] {
            let error = format!("{:#}", Access::parse(text).unwrap_err());
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
