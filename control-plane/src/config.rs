//! The configuration of a replica.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use aegis_domain::wire::Namespace;
use anyhow::Context as _;
use serde::Deserialize;

use crate::auth::TokenEntry;

/// How a replica runs. Unknown fields are refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Where NATS is: one URL, or several joined by commas. Default `nats://127.0.0.1:4222`.
    #[serde(default = "default_nats_url")]
    pub(crate) nats_url: String,
    /// The address that the page and the API are served on. Default `127.0.0.1:8080`; port 0 takes a
    /// free one. There is no TLS yet, so leave it on the loopback, or behind a proxy that has it.
    #[serde(default = "default_listen")]
    pub(crate) listen: SocketAddr,
    /// Where the projection is kept; it may be deleted at any time. Default `.aegis`.
    #[serde(default = "default_data_dir")]
    pub(crate) data_dir: PathBuf,
    /// The installation's namespace. Default `aegis`.
    #[serde(default = "default_namespace")]
    pub(crate) namespace: String,
    /// Who may use the API: `[[token]]` entries with `name`, `role` and `sha256`, as printed by
    /// `aegis token`.
    #[serde(default, rename = "token")]
    pub(crate) tokens: Vec<TokenEntry>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            nats_url: default_nats_url(),
            listen: default_listen(),
            data_dir: default_data_dir(),
            namespace: default_namespace(),
            tokens: vec![],
        }
    }
}

impl Config {
    /// Reads a TOML file.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("the configuration {} cannot be read", path.display()))?;
        toml::from_str(&text).with_context(|| format!("the configuration {} is not valid", path.display()))
    }

    pub(crate) fn namespace(&self) -> anyhow::Result<Namespace> {
        Ok(Namespace::new(&self.namespace)?)
    }
}

fn default_nats_url() -> String {
    "nats://127.0.0.1:4222".to_owned()
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8080))
}

fn default_data_dir() -> PathBuf {
    PathBuf::from(".aegis")
}

fn default_namespace() -> String {
    "aegis".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_fields_have_their_documented_defaults() {
        let config: Config = toml::from_str("").unwrap();
        assert_eq!(config.nats_url, "nats://127.0.0.1:4222");
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!((config.data_dir, config.namespace.as_str()), (PathBuf::from(".aegis"), "aegis"));
        assert!(config.tokens.is_empty());
    }

    #[test]
    fn unknown_fields_are_refused_by_name() {
        let error = toml::from_str::<Config>("listn = \"127.0.0.1:1\"").unwrap_err().to_string();
        assert!(error.contains("listn") && error.contains("listen"), "{error}");
    }
}
