//! Where the servers are, and who connects.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use async_nats::ServerAddr;

use crate::auth::Authenticator;
use crate::denial::Denials;
use crate::security::Tls;

/// What a transport is opened with.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    /// The configured servers first, then those that a cluster has told of.
    pub(super) servers: Vec<ServerAddr>,
    configured: usize,
    pub(super) name: String,
    pub(crate) auth: Authenticator,
    pub(super) tls: Option<Tls>,
    pub(crate) denials: Denials,
    /// Messages that came faster than they were taken, so that some were dropped.
    pub(super) slow_consumers: Arc<AtomicU64>,
    /// The first configured host that is a name.
    tls_name: Option<String>,
}

impl Address {
    pub(crate) fn new(
        servers: Vec<ServerAddr>,
        name: String,
        auth: Authenticator,
        tls: Option<Tls>,
        denials: Denials,
        slow_consumers: Arc<AtomicU64>,
    ) -> Self {
        let tls_name = servers.iter().map(ServerAddr::host).find(|host| !is_ip(host)).map(str::to_owned);
        Self { configured: servers.len(), servers, name, auth, tls, denials, slow_consumers, tls_name }
    }

    /// The same, for a connection whose denials are told to others.
    pub(crate) fn with_denials(mut self, denials: Denials) -> Self {
        self.denials = denials;
        self
    }

    /// Remembers the servers of a cluster, besides those that are configured.
    pub(super) fn learn(&mut self, urls: &[String]) {
        if urls.is_empty() {
            return;
        }
        self.servers.truncate(self.configured);
        let discovered = urls.iter().filter_map(|url| url.parse::<ServerAddr>().ok());
        for server in discovered {
            let is_known =
                |known: &ServerAddr| (known.host(), known.port()) == (server.host(), server.port());
            if !self.servers.iter().any(is_known) {
                self.servers.push(server);
            }
        }
    }

    /// The name that the server's certificate must have. A cluster tells of its servers by IP address, and their
    /// certificates name hosts: such a server is held to the name that is configured.
    pub(super) fn certificate_name(&self, server: &ServerAddr) -> String {
        let is_it = |known: &ServerAddr| (known.host(), known.port()) == (server.host(), server.port());
        let is_configured = self.servers[..self.configured].iter().any(is_it);
        match &self.tls_name {
            Some(name) if !is_configured && is_ip(server.host()) => name.clone(),
            Some(_) | None => server.host().to_owned(),
        }
    }
}

fn is_ip(host: &str) -> bool {
    host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}
