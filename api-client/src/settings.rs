//! How a control plane is reached.

use std::path::PathBuf;
use std::time::Duration;

use crate::Token;

/// How to reach a control plane, and in whose name.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it is, with its base path: `https://floor.example/aegis`.
    pub url: String,
    /// The credential.
    pub token: Token,
    /// The authorities that its certificate is checked against, in PEM. Default: those of the system.
    pub ca_file: Option<PathBuf>,
    /// How long a connection may take. Default 5 s.
    pub connect_timeout: Duration,
    /// How long an answer may take, connecting and waiting for the budget included. Default 40 s: a replica itself gives
    /// up after 30 s, and says so.
    pub request_timeout: Duration,
}

impl Settings {
    /// With the default times and the authorities of the system.
    #[must_use]
    pub fn new(url: impl Into<String>, token: Token) -> Self {
        Self {
            url: url.into(),
            token,
            ca_file: None,
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(40),
        }
    }
}
