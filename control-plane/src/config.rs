//! The configuration of a replica.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use aegis_domain::wire::Namespace;
use aegis_projections::Retention;
use aegis_projections::rollups;
use aegis_sdk::InvalidToml;
use anyhow::Context as _;
use chrono::TimeDelta;
use ipnet::IpNet;
use serde::Deserialize;

use crate::auth::TokenEntry;
use crate::http::TlsFiles;
use crate::{retention, webhook};

/// How a replica runs. Unknown fields are refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Where NATS is: one URL, or several joined by commas. Default `nats://127.0.0.1:4222`.
    #[serde(default = "default_nats_url")]
    pub(crate) nats_url: String,
    /// The address that the page and the API are served on. Default `127.0.0.1:8080`; port 0 takes a
    /// free one. Without `[tls]` it serves plain HTTP: leave it on the loopback, or behind a proxy, then.
    #[serde(default = "default_listen")]
    pub(crate) listen: SocketAddr,
    /// The address at which browsers reach it through a proxy, for example `https://floor.example/aegis`: what links,
    /// cookies, and the checks of `Host` and `Origin` follow. Default: none, browsers reach it at `listen`.
    #[serde(default)]
    pub(crate) public_url: Option<String>,
    /// The networks of proxies whose `X-Forwarded-For` is believed, for example `["10.0.0.0/8"]`. Default: none.
    #[serde(default)]
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// Where the projection is kept; it may be deleted at any time. Default `.aegis`.
    #[serde(default = "default_data_dir")]
    pub(crate) data_dir: PathBuf,
    /// The installation's namespace. Default `aegis`.
    #[serde(default = "default_namespace")]
    pub(crate) namespace: String,
    /// Certificate and key for HTTPS, in a table `[tls]`. Files that change are taken up. Default: none.
    #[serde(default)]
    pub(crate) tls: Option<TlsFiles>,
    /// What the projection keeps of the log, in a table `[projection]`.
    #[serde(default)]
    pub(crate) projection: Projection,
    /// How long metrics of instances are kept, in a table `[metrics]`.
    #[serde(default)]
    pub(crate) metrics: Metrics,
    /// What one principal may have and do, in a table `[limits]`.
    #[serde(default)]
    pub(crate) limits: Limits,
    /// How long events of services are kept, in a table `[events]`. Give all replicas the same.
    #[serde(default)]
    pub(crate) events: retention::Settings,
    /// Where it is told what needs somebody, in a table `[webhook]`. Give all replicas the same. Default: nowhere.
    #[serde(default)]
    pub(crate) webhook: Option<webhook::Settings>,
    /// Who may use the API: `[[token]]` entries with `name`, `role` and `sha256`, as printed by
    /// `aegis token`.
    #[serde(default, rename = "token")]
    pub(crate) tokens: Vec<TokenEntry>,
}

/// What one principal may have and do, over all of its connections. Unknown fields are refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    /// How many websockets, each open page being one. Default 100.
    pub(crate) websockets: usize,
    /// How many subscriptions. Default 400.
    pub(crate) subscriptions: usize,
    /// Whether viewers may run only the GraphQL documents of the page. Default false.
    pub(crate) viewers_run_only_documents_of_the_page: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { websockets: 100, subscriptions: 400, viewers_run_only_documents_of_the_page: false }
    }
}

/// What the projection keeps in its file. The log keeps every event; what is not here any more can be told by
/// replaying it. Unknown fields are refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Projection {
    /// How many of the newest events the index keeps, for pages of events and for the registry as of any time;
    /// about half a kilobyte of disk each. Older ones are removed from the file as new ones come. Default
    /// 10,000,000; at least 1,000.
    pub(crate) keep_events: u64,
    /// How many events lie between two snapshots of the registry at least: fewer make questions «as of» faster,
    /// and the file larger. Twice as many as there are instances, groups and definitions if that is more.
    /// Default 5,000; 100 to 1,000,000.
    pub(crate) snapshot_every: u64,
    /// How many minutes an instance stays in the registry after its end, by the time of the log. The log, and the
    /// registry as of any time, keep it. Give all replicas the same; with another value than before, the file is made
    /// anew. Default 1,440 (a day); 1 to 5,256,000.
    pub(crate) keep_ended_minutes: u32,
}

impl Default for Projection {
    fn default() -> Self {
        let Retention { events, snapshot_every, keep_ended } = Retention::default();
        let keep_ended_minutes = u32::try_from(keep_ended.num_minutes()).unwrap_or(u32::MAX);
        Self { keep_events: events, snapshot_every, keep_ended_minutes }
    }
}

impl Projection {
    pub(crate) fn retention(&self) -> anyhow::Result<Retention> {
        let Self { keep_events, snapshot_every, keep_ended_minutes } = *self;
        anyhow::ensure!(keep_events >= 1_000, "projection.keep_events is {keep_events}: keep 1000 at least");
        anyhow::ensure!(
            (100..=1_000_000).contains(&snapshot_every),
            "projection.snapshot_every is {snapshot_every}: choose 100 to 1000000"
        );
        anyhow::ensure!(
            (1..=5_256_000).contains(&keep_ended_minutes),
            "projection.keep_ended_minutes is {keep_ended_minutes}: choose 1 to 5256000"
        );
        let keep_ended = TimeDelta::minutes(i64::from(keep_ended_minutes));
        Ok(Retention { events: keep_events, snapshot_every, keep_ended })
    }
}

/// How long the metrics of instances are kept, in a file beside the projection. Older ones are removed as heartbeats
/// come, so nothing goes while nothing comes. An instance takes some hundred bytes of disk for each window. A
/// longer stay begins with what is still there. Unknown fields are refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Metrics {
    /// For how many minutes the windows of 1 s are kept: what the last minutes are shown with. Default 15; 1 to 60.
    pub(crate) keep_seconds_minutes: u32,
    /// For how many hours the windows of 10 s are kept. Default 6; 1 to 24.
    pub(crate) keep_tens_hours: u32,
    /// For how many days the windows of 1 min are kept: as far back as metrics go. Default 7; 1 to 90.
    pub(crate) keep_minutes_days: u32,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { keep_seconds_minutes: 15, keep_tens_hours: 6, keep_minutes_days: 7 }
    }
}

impl Metrics {
    pub(crate) fn retention(&self) -> anyhow::Result<rollups::Retention> {
        let Self { keep_seconds_minutes, keep_tens_hours, keep_minutes_days } = *self;
        let check = |name: &str, value: u32, most: u32| {
            anyhow::ensure!((1..=most).contains(&value), "metrics.{name} is {value}: choose 1 to {most}");
            Ok(i64::from(value))
        };
        Ok(rollups::Retention {
            seconds: check("keep_seconds_minutes", keep_seconds_minutes, 60)? * 60,
            tens: check("keep_tens_hours", keep_tens_hours, 24)? * 3_600,
            minutes: check("keep_minutes_days", keep_minutes_days, 90)? * 86_400,
        })
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            nats_url: default_nats_url(),
            listen: default_listen(),
            public_url: None,
            tls: None,
            trusted_proxies: vec![],
            data_dir: default_data_dir(),
            namespace: default_namespace(),
            projection: Projection::default(),
            metrics: Metrics::default(),
            limits: Limits::default(),
            events: retention::Settings::default(),
            webhook: None,
            tokens: vec![],
        }
    }
}

impl Config {
    /// Reads a TOML file.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("the configuration {} cannot be read", path.display()))?;
        InvalidToml::read(&text).with_context(|| format!("the configuration {} is not valid", path.display()))
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
        assert_eq!((config.projection.keep_events, config.projection.snapshot_every), (10_000_000, 5_000));
        assert!(config.projection.retention().is_ok());
        assert_eq!(config.metrics.retention().unwrap(), rollups::Retention::default());
    }

    #[test]
    fn what_the_projection_is_to_keep_is_checked_by_name() {
        for (line, name) in [
            ("keep_events = 10", "keep_events"),
            ("snapshot_every = 10", "snapshot_every"),
            ("snapshot_every = 10000000", "snapshot_every"),
            ("keep_ended_minutes = 0", "keep_ended_minutes"),
        ] {
            let config: Config = toml::from_str(&format!("[projection]\n{line}")).unwrap();
            assert!(config.projection.retention().unwrap_err().to_string().contains(name), "{line}");
        }
        let error = toml::from_str::<Config>("[projection]\nkeep = 1").unwrap_err().to_string();
        assert!(error.contains("keep_events"), "{error}");
    }

    #[test]
    fn the_retention_of_metrics_is_checked_by_name() {
        for (line, name) in [
            ("keep_seconds_minutes = 0", "keep_seconds_minutes"),
            ("keep_seconds_minutes = 61", "keep_seconds_minutes"),
            ("keep_tens_hours = 25", "keep_tens_hours"),
            ("keep_minutes_days = 91", "keep_minutes_days"),
        ] {
            let config: Config = toml::from_str(&format!("[metrics]\n{line}")).unwrap();
            assert!(config.metrics.retention().unwrap_err().to_string().contains(name), "{line}");
        }
        let config: Config = toml::from_str("[metrics]\nkeep_tens_hours = 24").unwrap();
        assert_eq!(config.metrics.retention().unwrap().tens, 86_400);
        let error = toml::from_str::<Config>("[metrics]\nkeep = 1").unwrap_err().to_string();
        assert!(error.contains("keep_seconds_minutes"), "{error}");
    }

    #[test]
    fn unknown_fields_are_refused_by_name() {
        let error = toml::from_str::<Config>("listn = \"127.0.0.1:1\"").unwrap_err().to_string();
        assert!(error.contains("listn") && error.contains("listen"), "{error}");
    }
}
