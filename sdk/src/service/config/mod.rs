//! The configuration of a service.

use std::collections::BTreeMap;
use std::time::Duration;

use aegis_domain::wire::Namespace;
use aegis_domain::{GroupName, InstanceName, ServiceName, Version};
use serde::Deserialize;
use uuid::Uuid;

use crate::ConnectOptions;
use crate::leadership::{AuditMode, Policy};

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It is not TOML, lacks a field, or holds an unknown field or a wrong value. The text says where.
    #[error("the service configuration is not valid: {0}")]
    Syntax(#[from] toml::de::Error),
    /// A value is out of its range.
    #[error("{field} is {value}: use {range}")]
    Range {
        /// The field.
        field: &'static str,
        /// Its value.
        value: u64,
        /// The range.
        range: &'static str,
    },
    /// A name breaks its rule.
    #[error(transparent)]
    Name(#[from] aegis_domain::InvalidName),
}

/// How a service runs. Unknown fields are refused.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceConfig {
    /// The name of the service.
    pub service: ServiceName,
    /// The name of this instance; `<service>-<8 hexadecimal digits>` when absent. Give each
    /// process its own: of two with one name, only the first takes part in elections.
    #[serde(default)]
    pub instance: Option<InstanceName>,
    /// The version of the service.
    pub version: Version,
    /// Where NATS is: one URL, or several joined by commas. Default `nats://127.0.0.1:4222`.
    #[serde(default = "default_nats_url")]
    pub nats_url: String,
    /// The installation's namespace. Default `aegis`.
    #[serde(default = "default_namespace")]
    pub namespace: String,
    /// The groups that this instance stands for election in. Default none.
    #[serde(default)]
    pub groups: Vec<GroupName>,
    /// How many groups it takes part in at most, declared and on demand, 1 to 1 000 000. Default
    /// 20 000. Calls that would activate more are refused as `OVERLOADED`.
    #[serde(default = "default_max_groups")]
    pub max_groups: u64,
    /// How fast a lost owner is replaced: `aggressive` (lease 300 ms), `balanced` (1 s),
    /// `conservative` (4 s), or `{ lease_ms = N }` with 150 to 60 000. The same for all instances of a
    /// service. Default `balanced`.
    #[serde(default)]
    pub failover: Policy,
    /// Whether a term must be in the log before its first call is served: `eventual` or `strict`. Strict
    /// makes a failover wait for the log. Default `eventual`.
    #[serde(default)]
    pub audit: AuditMode,
    /// Free labels, shown beside the instance. Default none.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// How often a heartbeat is sent, in milliseconds, 100 to 60 000. Default 1 000. An instance is
    /// called unhealthy after three missing ones.
    #[serde(default = "default_heartbeat_ms")]
    pub heartbeat_ms: u64,
    /// How long the instance's record lives without a refresh, in milliseconds, 3 000 to 600 000.
    /// Default 15 000. Under 10 000, the loss of a NATS node may empty the registry.
    #[serde(default = "default_record_ttl_ms")]
    pub record_ttl_ms: u64,
    /// How long a clean stop, or the hand-over of a group, waits for calls in flight, in milliseconds, up
    /// to 600 000. Default 10 000.
    #[serde(default = "default_drain_ms")]
    pub drain_ms: u64,
    /// How many calls are handled at once, 1 to 100 000. Default 256. As many again may wait; more
    /// are refused as `OVERLOADED`.
    #[serde(default = "default_max_in_flight")]
    pub max_in_flight: u64,
}

impl ServiceConfig {
    /// A configuration with every default.
    ///
    /// # Errors
    /// When a name or the version breaks its rule; the text says the rule.
    pub fn new(service: &str, version: &str) -> Result<Self, ConfigError> {
        Ok(Self {
            service: ServiceName::new(service)?,
            instance: None,
            version: Version::new(version)?,
            nats_url: default_nats_url(),
            namespace: default_namespace(),
            groups: vec![],
            max_groups: default_max_groups(),
            failover: Policy::default(),
            audit: AuditMode::default(),
            labels: BTreeMap::new(),
            heartbeat_ms: default_heartbeat_ms(),
            record_ttl_ms: default_record_ttl_ms(),
            drain_ms: default_drain_ms(),
            max_in_flight: default_max_in_flight(),
        })
    }

    /// Reads TOML.
    ///
    /// # Errors
    /// See [`ConfigError`]; the text says the line, the field and what it should be.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text)?;
        config.check()?;
        Ok(config)
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// [`ConfigError::Range`] for the first value out of its range.
    pub fn check(&self) -> Result<(), ConfigError> {
        let within = |field, value: u64, low: u64, high: u64, range| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(ConfigError::Range { field, value, range })
            }
        };
        within("heartbeat_ms", self.heartbeat_ms, 100, 60_000, "100 to 60000")?;
        within("record_ttl_ms", self.record_ttl_ms, 3_000, 600_000, "3000 to 600000")?;
        within("drain_ms", self.drain_ms, 0, 600_000, "0 to 600000")?;
        within("max_in_flight", self.max_in_flight, 1, 100_000, "1 to 100000")?;
        within("max_groups", self.max_groups, 1, 1_000_000, "1 to 1000000")?;
        let declared = u64::try_from(self.groups.len()).unwrap_or(u64::MAX);
        within("the number of groups", declared, 0, self.max_groups, "at most max_groups")?;
        Namespace::new(&self.namespace)?;
        Ok(())
    }

    /// The instance's name, drawn when none is configured.
    pub(super) fn instance_name(&self) -> Result<InstanceName, ConfigError> {
        match &self.instance {
            Some(instance) => Ok(instance.clone()),
            None => {
                let suffix = Uuid::new_v4().simple().to_string();
                Ok(InstanceName::new(format!("{}-{}", self.service, &suffix[..8]))?)
            }
        }
    }

    pub(super) fn connect_options(&self, name: String) -> Result<ConnectOptions, ConfigError> {
        Ok(ConnectOptions {
            namespace: Namespace::new(&self.namespace)?,
            ..ConnectOptions::new(self.nats_url.clone(), name)
        })
    }

    pub(super) fn heartbeat(&self) -> Duration {
        Duration::from_millis(self.heartbeat_ms)
    }

    pub(super) fn record_ttl(&self) -> Duration {
        Duration::from_millis(self.record_ttl_ms)
    }
}

fn default_nats_url() -> String {
    "nats://127.0.0.1:4222".to_owned()
}

fn default_namespace() -> String {
    "aegis".to_owned()
}

fn default_heartbeat_ms() -> u64 {
    1_000
}

fn default_record_ttl_ms() -> u64 {
    15_000
}

fn default_drain_ms() -> u64 {
    10_000
}

fn default_max_groups() -> u64 {
    20_000
}

fn default_max_in_flight() -> u64 {
    256
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_fields_have_their_documented_defaults() {
        let config = ServiceConfig::from_toml("service = \"echo\"\nversion = \"1.0.0\"").unwrap();
        assert_eq!(config, ServiceConfig::new("echo", "1.0.0").unwrap());
        assert_eq!((config.heartbeat_ms, config.record_ttl_ms, config.drain_ms), (1_000, 15_000, 10_000));
        assert_eq!((config.failover, config.audit), (Policy::BALANCED, AuditMode::Eventual));
        assert_eq!((config.max_in_flight, config.max_groups), (256, 20_000));
        assert_eq!((config.nats_url.as_str(), config.namespace.as_str()), ("nats://127.0.0.1:4222", "aegis"));
    }

    #[test]
    fn a_lease_of_ones_own_is_written_in_milliseconds() {
        let text = "service = \"echo\"\nversion = \"1.0.0\"\nfailover = { lease_ms = 500 }";
        let config = ServiceConfig::from_toml(text).unwrap();
        assert_eq!(config.failover.lease(), Duration::from_millis(500));
    }

    #[test]
    fn unknown_fields_and_bad_values_are_refused_by_name() {
        for (text, names) in [
            ("service = \"echo\"\nversion = \"1.0.0\"\nheartbeat = 5", "heartbeat"),
            ("service = \"e cho\"\nversion = \"1.0.0\"", "e cho"),
            ("service = \"echo\"\nversion = \"one\"", "one"),
            ("service = \"echo\"\nversion = \"1.0.0\"\nheartbeat_ms = 5", "heartbeat_ms is 5"),
            ("service = \"echo\"\nversion = \"1.0.0\"\nnamespace = \"A B\"", "A B"),
            ("service = \"echo\"\nversion = \"1.0.0\"\nfailover = \"fast\"", "fast"),
            ("service = \"echo\"\nversion = \"1.0.0\"\nfailover = { lease_ms = 20 }", "150 ms to 60 s"),
            ("service = \"echo\"\nversion = \"1.0.0\"\nfailover = { lease = 200 }", "lease_ms"),
            ("service = \"echo\"\nversion = \"1.0.0\"\naudit = \"lax\"", "lax"),
            (
                "service = \"echo\"\nversion = \"1.0.0\"\nmax_groups = 1\ngroups = [\"a\", \"b\"]",
                "number of groups is 2",
            ),
            ("version = \"1.0.0\"", "service"),
            ("not toml", "not toml"),
        ] {
            let error = ServiceConfig::from_toml(text).unwrap_err().to_string();
            assert!(error.contains(names), "{text:?} gave {error:?}");
        }
    }
}
