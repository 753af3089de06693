//! The configuration of a service.

mod app;
mod environment;
mod invalid_toml;
mod service_links;
mod sources;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use aegis_domain::aggregate::definition::labels_are_bounded;
use aegis_domain::aggregate::policy::RegistrationPolicy;
use aegis_domain::wire::Namespace;
use aegis_domain::{ErrorCode, GroupName, InstanceName, ServiceName, Version};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use app::AppSections;
pub use invalid_toml::InvalidToml;
pub use sources::ConfigSources;

use super::shown::show;
use crate::ConnectOptions;
use crate::otel::{InvalidOtel, OtelConfig};
use aegis_leases::leadership::{AuditMode, Policy};
use aegis_nats::connection::without_secrets;
use aegis_nats::security::{Credentials, Tls};
use aegis_nats::transport::TransportKind;

/// Why a configuration was refused. Its `Debug` is for people, too: it is what `main` prints.
#[derive(thiserror::Error)]
pub enum ConfigError {
    /// It is not TOML, lacks a field, or holds an unknown field or a wrong value. The text says where.
    #[error("the service configuration is not valid: {0}")]
    Syntax(#[from] InvalidToml),
    /// The same of a file.
    #[error("the configuration {} is not valid: {error}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        error: InvalidToml,
    },
    /// The file cannot be read.
    #[error("the configuration {} cannot be read", path.display())]
    File {
        /// Where it was looked for.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A variable of the environment is unknown, or has a wrong value.
    #[error("the environment variable {name} is not valid: {detail}")]
    Variable {
        /// The variable.
        name: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The program's own section has an unknown field, a wrong value, or lacks a field.
    #[error("[app.{section}] is not valid: {detail}")]
    App {
        /// The section.
        section: String,
        /// What is wrong in it.
        detail: String,
    },
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
    /// There are too many labels, or one is too large: they are in every heartbeat.
    #[error("labels: use at most 64, with keys of 1 to 64 bytes and values of at most 256 bytes")]
    Labels,
    /// A name breaks its rule.
    #[error(transparent)]
    Name(#[from] aegis_domain::InvalidName),
    /// A value of the export breaks its rule.
    #[error(transparent)]
    Otel(#[from] InvalidOtel),
    /// The configuration asks for a part that this program was built without.
    #[error(
        "the configuration has {section:?}, and this program was built without the feature {feature:?} of aegis-sdk: build it with that, or leave the section out"
    )]
    FeatureMissing {
        /// The section or field.
        section: &'static str,
        /// The feature of the crate.
        feature: &'static str,
    },
}

impl std::fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        show(self, f)
    }
}

impl ConfigError {
    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::FeatureMissing { .. } => ErrorCode::FeatureMissing,
            Self::Syntax(_)
            | Self::Invalid { .. }
            | Self::File { .. }
            | Self::Variable { .. }
            | Self::App { .. }
            | Self::Range { .. }
            | Self::Labels
            | Self::Name(_)
            | Self::Otel(_) => ErrorCode::InvalidInput,
        }
    }
}

/// How a service runs. Unknown fields are refused.
///
/// # Examples
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use aegis_sdk::ServiceConfig;
///
/// // From the file that `AEGIS_CONFIG` names, if any, and the environment: `AEGIS_SERVICE=desk AEGIS_VERSION=1.0.0`.
/// let mut config = ServiceConfig::load(None)?;
/// // What the program itself says stands above both.
/// config.groups = vec!["ACC-1".parse()?, "ACC-2".parse()?];
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
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
    /// Who connects to NATS; see [`Credentials`]. Reported masked. Default whom `nats_url` names
    /// (`nats://user:password@host`, `nats://token@host`), or without a user.
    #[serde(default)]
    pub credentials: Option<Credentials>,
    /// TLS towards NATS; see [`Tls`]. A `tls://` URL needs it only for authorities and certificates of one's own.
    /// Default none.
    #[serde(default)]
    pub tls: Option<Tls>,
    /// How many sockets calls are spread over, 1 to 16. More than one helps where one socket is the limit: large
    /// payloads, or many thousand calls a second. What a service is called on, and heartbeats and leases, have
    /// sockets of their own beside them. Default 1.
    #[serde(default = "default_connections")]
    pub connections: u64,
    /// Which client carries calls and their replies: `direct`, which is the project's own, or `async-nats`, the client
    /// library that everything else goes over. Both do the same but for what [`TransportKind`] names. Default `direct`.
    #[serde(default)]
    pub transport: TransportKind,
    /// How long a start waits for NATS, in milliseconds, 100 to 600 000. Later on a lost connection is sought for
    /// ever. Default 10 000.
    #[serde(default = "default_connect_timeout_ms")]
    pub connect_timeout_ms: u64,
    /// How long one request to JetStream or a KV bucket may take, in milliseconds, 100 to 60 000. Default 5 000.
    #[serde(default = "default_request_timeout_ms")]
    pub request_timeout_ms: u64,
    /// How long a call to another service may take, retries and all, where the caller gives no time of its own, in
    /// milliseconds, 1 to 3 600 000. Default 5 000.
    #[serde(default = "default_call_timeout_ms")]
    pub call_timeout_ms: u64,
    /// The groups in whose elections this instance takes part. Default none.
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
    /// Free labels, shown beside the instance and in each of its heartbeats: 64 at most, with keys of 1 to 64 bytes and
    /// values of 256 bytes at most. Default none.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// How often a heartbeat is sent, in milliseconds, 100 to 60 000. Default 1 000. An instance is
    /// called unhealthy after three missing ones.
    #[serde(default = "default_heartbeat_ms")]
    pub heartbeat_ms: u64,
    /// How long the instance's record lives without a refresh, in milliseconds, 3 000 to 600 000. It is refreshed
    /// every third of that, however seldom the instance beats. Default 15 000. Under 10 000, the loss of a NATS node
    /// may empty the registry.
    #[serde(default = "default_record_ttl_ms")]
    pub record_ttl_ms: u64,
    /// How long a clean stop waits for all that is in hand together (calls, events, commands, hooks), or the hand-over of a
    /// group for its calls, in milliseconds, up to 600 000. Default 10 000. See [`Service::stop`](crate::Service::stop)
    /// for what comes on top.
    #[serde(default = "default_drain_ms")]
    pub drain_ms: u64,
    /// How many calls are handled at once, 1 to 100 000. Default 256. As many again may wait; more
    /// are refused as `OVERLOADED`.
    #[serde(default = "default_max_in_flight")]
    pub max_in_flight: u64,
    /// The largest parameters of a call that are taken, and the largest reply or message of a stream that is sent,
    /// in bytes, 1 024 to 67 108 864. Larger ones are refused as `PAYLOAD_TOO_LARGE`. Default 1 048 576; what NATS itself takes is a limit above it.
    #[serde(default = "default_max_payload_bytes")]
    pub max_payload_bytes: u64,
    /// Whether a service that is not defined may start: `open` (yes), `warn` (yes, and it is flagged), `enforce`
    /// (no). What the definition itself says of a retired service stands above it. Default `warn`.
    #[serde(default)]
    pub registration: RegistrationPolicy,
    /// What is logged, as [`crate::Logs`] takes it: `warn`, or `info,my_service=debug`. Can be changed while the
    /// service runs. Default `info`.
    #[serde(default = "default_log")]
    pub log: String,
    /// Export of metrics and traces to an OpenTelemetry collector; see [`OtelConfig`]. Refused by a program that was
    /// built without the feature `otel` of this crate. Default none.
    #[serde(default)]
    pub otel: Option<OtelConfig>,
    /// Where health (`/healthz`), readiness (`/readyz`) and metrics for Prometheus (`/metrics`) are served over HTTP, `0.0.0.0:9100` say; whoever
    /// reaches the address reads them. Refused by a program that was built without the feature `http` of this crate. Default
    /// nowhere.
    #[serde(default)]
    pub http: Option<SocketAddr>,
    /// The sections `[app.name]` of programs: see [`ServiceConfig::load_with`].
    #[serde(default, skip_serializing)]
    pub app: AppSections,
    /// Where the values were read from: see [`ServiceConfig::value_sources`].
    #[serde(skip)]
    pub sources: ConfigSources,
}

impl std::fmt::Debug for ServiceConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ServiceConfig").field(&self.report()).finish()
    }
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
            credentials: None,
            tls: None,
            connections: default_connections(),
            transport: TransportKind::default(),
            connect_timeout_ms: default_connect_timeout_ms(),
            request_timeout_ms: default_request_timeout_ms(),
            call_timeout_ms: default_call_timeout_ms(),
            max_payload_bytes: default_max_payload_bytes(),
            registration: RegistrationPolicy::default(),
            log: default_log(),
            otel: None,
            http: None,
            app: AppSections::default(),
            sources: ConfigSources::default(),
        })
    }

    /// Reads TOML.
    ///
    /// # Errors
    /// See [`ConfigError`]; the text says the line, the field and what it should be.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        let config: Self = InvalidToml::read(text)?;
        config.check()?;
        let table: toml::Table = InvalidToml::read(text)?;
        Ok(config.read_from(table.into_iter().map(|(field, _)| (field, sources::FILE)).collect()))
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// [`ConfigError::Range`] for the first value out of its range, [`ConfigError::FeatureMissing`] for a section that
    /// this program cannot obey.
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
        within("connections", self.connections, 1, 16, "1 to 16")?;
        within("connect_timeout_ms", self.connect_timeout_ms, 100, 600_000, "100 to 600000")?;
        within("request_timeout_ms", self.request_timeout_ms, 100, 60_000, "100 to 60000")?;
        within("call_timeout_ms", self.call_timeout_ms, 1, 3_600_000, "1 to 3600000")?;
        within("max_payload_bytes", self.max_payload_bytes, 1_024, 67_108_864, "1024 to 67108864")?;
        let declared = u64::try_from(self.groups.len()).unwrap_or(u64::MAX);
        within("the number of groups", declared, 0, self.max_groups, "at most max_groups")?;
        Namespace::new(&self.namespace)?;
        if !labels_are_bounded(&self.labels) {
            return Err(ConfigError::Labels);
        }
        if let Some(otel) = &self.otel {
            if !cfg!(feature = "otel") {
                return Err(ConfigError::FeatureMissing { section: "otel", feature: "otel" });
            }
            otel.check()?;
        }
        if self.http.is_some() && !cfg!(feature = "http") {
            return Err(ConfigError::FeatureMissing { section: "http", feature: "http" });
        }
        Ok(())
    }

    /// The configuration in force, with secrets masked: what the instance reports.
    #[must_use]
    pub fn report(&self) -> serde_json::Value {
        let shown = Self { nats_url: without_secrets(&self.nats_url), ..self.clone() };
        serde_json::to_value(&shown).expect("a configuration holds only text, numbers and lists of them")
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
            patience: Duration::from_millis(self.connect_timeout_ms),
            request_timeout: Duration::from_millis(self.request_timeout_ms),
            call_timeout: Duration::from_millis(self.call_timeout_ms),
            connections: usize::try_from(self.connections).unwrap_or(1),
            credentials: self.credentials.clone(),
            tls: self.tls.clone(),
            transport: self.transport,
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

fn default_connections() -> u64 {
    1
}

fn default_connect_timeout_ms() -> u64 {
    10_000
}

fn default_request_timeout_ms() -> u64 {
    5_000
}

fn default_call_timeout_ms() -> u64 {
    5_000
}

fn default_max_payload_bytes() -> u64 {
    1 << 20
}

fn default_log() -> String {
    "info".to_owned()
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
    use aegis_nats::security::MASKED;

    #[test]
    fn absent_fields_have_their_documented_defaults() {
        let config = ServiceConfig::from_toml("service = \"echo\"\nversion = \"1.0.0\"").unwrap();
        assert_eq!(config, ServiceConfig::new("echo", "1.0.0").unwrap());
        assert_eq!((config.heartbeat_ms, config.record_ttl_ms, config.drain_ms), (1_000, 15_000, 10_000));
        assert_eq!((config.failover, config.audit), (Policy::BALANCED, AuditMode::Eventual));
        assert_eq!((config.max_in_flight, config.max_groups), (256, 20_000));
        assert_eq!((config.connections, config.connect_timeout_ms), (1, 10_000));
        assert_eq!((config.request_timeout_ms, config.call_timeout_ms), (5_000, 5_000));
        assert_eq!((config.max_payload_bytes, config.log.as_str()), (1_048_576, "info"));
        assert_eq!(config.registration, RegistrationPolicy::Warn);
        assert_eq!(config.transport, TransportKind::Direct);
        assert_eq!((&config.credentials, &config.tls, &config.otel), (&None, &None, &None));
        assert_eq!((config.nats_url.as_str(), config.namespace.as_str()), ("nats://127.0.0.1:4222", "aegis"));
    }

    #[test]
    fn what_is_reported_holds_no_secret() {
        let text = "service = \"echo\"\nversion = \"1.0.0\"\nnats_url = \"nats://app:hunter2@a:1, tls://tok3n@b:2,c:3\"\n\
             credentials = { user_password = { user = \"app\", password = \"hunter2\" } }";
        let report = ServiceConfig::from_toml(text).unwrap().report();
        assert_eq!(report["nats_url"], "nats://********@a:1, tls://********@b:2,c:3");
        let expected = serde_json::json!({ "user": "app", "password": MASKED });
        assert_eq!(
            (&report["credentials"]["user_password"], &report["failover"]),
            (&expected, &"balanced".into())
        );
    }

    #[cfg(not(feature = "otel"))]
    #[test]
    fn an_export_that_the_program_lacks_is_refused_by_a_stable_code() {
        let text = "service = \"echo\"\nversion = \"1.0.0\"\n[otel]\nendpoint = \"http://localhost:4318\"";
        let error = ServiceConfig::from_toml(text).unwrap_err();
        assert_eq!(error.code(), ErrorCode::FeatureMissing);
        assert!(error.to_string().contains("built without the feature \"otel\""), "{error}");
    }

    #[cfg(not(feature = "http"))]
    #[test]
    fn probes_that_the_program_lacks_are_refused_by_a_stable_code() {
        let text = "service = \"echo\"\nversion = \"1.0.0\"\nhttp = \"127.0.0.1:9100\"";
        let error = ServiceConfig::from_toml(text).unwrap_err();
        assert_eq!(error.code(), ErrorCode::FeatureMissing);
        assert!(error.to_string().contains("built without the feature \"http\""), "{error}");
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
            (
                "service = \"echo\"\nversion = \"1.0.0\"\nfailover = \"fast\"",
                "invalid value, expected aggressive",
            ),
            ("service = \"echo\"\nversion = \"1.0.0\"\nfailover = { lease_ms = 20 }", "150 ms to 60 s"),
            ("service = \"echo\"\nversion = \"1.0.0\"\nfailover = { lease = 200 }", "lease_ms"),
            (
                "service = \"echo\"\nversion = \"1.0.0\"\naudit = \"lax\"",
                "line 3, column 9: audit: unknown variant, expected `",
            ),
            (
                "service = \"echo\"\nversion = \"1.0.0\"\ntransport = \"udp\"",
                "line 3, column 13: transport: unknown variant, expected `direct` or `async-nats`",
            ),
            (
                "service = \"echo\"\nversion = \"1.0.0\"\nmax_groups = 1\ngroups = [\"a\", \"b\"]",
                "number of groups is 2",
            ),
            ("version = \"1.0.0\"", "service"),
            ("not toml", "line 1, column 5: "),
        ] {
            let error = ServiceConfig::from_toml(text).unwrap_err().to_string();
            assert!(error.contains(names), "{text:?} gave {error:?}");
        }
    }
}
