//! A configuration from a file and the environment.

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Table, Value};

use super::invalid_toml::{InvalidToml, without_values};
use super::service_links::is_service_link;
use super::sources::{ENVIRONMENT, FILE};
use super::{ConfigError, ServiceConfig};

/// What the name of every variable begins with.
const PREFIX: &str = "AEGIS_";
/// What other NATS programs read; it counts where nothing of Aegis says where NATS is.
const NATS_URL: &str = "NATS_URL";
/// The variable that names the file.
const FILE_VARIABLE: &str = "AEGIS_CONFIG";
/// Variables with that prefix which other programs of Aegis read.
const OTHERS: [&str; 6] =
    ["AEGIS_CHROMIUM", "AEGIS_CONFIG", "AEGIS_NATS_SERVER", "AEGIS_TOKEN", "AEGIS_URL", "AEGIS_WITHOUT_PAGE"];
/// What the variables begin with that programs read for themselves.
pub(super) const PROGRAMS: &str = "AEGIS_APP_";
/// What variables begin with that programs read for themselves, or tests and measurements of Aegis.
const PASSED_OVER: [&str; 4] = [PROGRAMS, "AEGIS_TEST_", "AEGIS_BENCH_", "AEGIS_MODEL_"];

/// Fields whose value is taken as it stands; all others are read as TOML first.
pub(super) const TEXTS: [&str; 7] =
    ["service", "instance", "version", "nats_url", "namespace", "log", "transport"];
/// All other fields.
pub(super) const VALUES: [&str; 19] = [
    "audit",
    "call_timeout_ms",
    "connect_timeout_ms",
    "connections",
    "credentials",
    "drain_ms",
    "failover",
    "groups",
    "heartbeat_ms",
    "http",
    "labels",
    "max_groups",
    "max_in_flight",
    "max_payload_bytes",
    "otel",
    "record_ttl_ms",
    "registration",
    "request_timeout_ms",
    "tls",
];

impl ServiceConfig {
    /// Reads the file, if one is named here or by `AEGIS_CONFIG`, and then the environment, which stands above it:
    /// each field as `AEGIS_` and its name in capitals (`AEGIS_HEARTBEAT_MS=500`). Texts are taken as they stand,
    /// and everything else is read as TOML (`AEGIS_GROUPS='["a", "b"]'`, `AEGIS_CREDENTIALS='{ token = ".." }'`).
    /// Fields set in code after this stand above both. `NATS_URL` counts where neither the file nor `AEGIS_NATS_URL` says where
    /// NATS is.
    ///
    /// # Errors
    /// See [`ConfigError`]; the text says the file or the variable. A variable that begins with `AEGIS_` and is
    /// none of Aegis is refused, too: it is mostly a misspelt one. Those that Kubernetes sets for a Service whose name begins
    /// with `aegis` (`AEGIS_SERVICE_HOST`) are passed over.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let named = std::env::var_os(FILE_VARIABLE);
        let file = file.or(named.as_deref().map(Path::new));
        let text = match file {
            Some(path) => std::fs::read_to_string(path)
                .map_err(|source| ConfigError::File { path: path.to_owned(), source })?,
            None => String::new(),
        };
        Self::merge(&text, variables()).map_err(|error| match (error, file) {
            (ConfigError::Syntax(error), Some(path)) => ConfigError::Invalid { path: path.to_owned(), error },
            (error, _) => error,
        })
    }

    pub(super) fn merge(text: &str, variables: impl Variables) -> Result<Self, ConfigError> {
        // Not yet what it says, only whether it is TOML: what the environment says may be what it lacks.
        let mut table: Table = InvalidToml::read(text)?;
        let mut sources: BTreeMap<_, _> = table.keys().map(|field| (field.clone(), FILE)).collect();
        let (mut from_environment, mut links, mut nats_url) = (false, Vec::new(), None);
        for (name, value) in variables {
            if name == NATS_URL {
                nats_url = value.ok();
                continue;
            }
            if OTHERS.contains(&name.as_str()) || PASSED_OVER.iter().any(|prefix| name.starts_with(prefix)) {
                continue;
            }
            let field = name.trim_start_matches(PREFIX).to_ascii_lowercase();
            let wrong =
                |detail: &str| ConfigError::Variable { name: name.clone(), detail: detail.to_owned() };
            let value = value.map_err(|()| wrong("it is not valid Unicode"))?;
            let value = if TEXTS.contains(&field.as_str()) {
                Value::String(value)
            } else if VALUES.contains(&field.as_str()) {
                toml_value(&value)
            } else if is_service_link(&name, &value) {
                links.push(name);
                continue;
            } else {
                return Err(wrong(
                    "no field of a service's configuration has this name: correct it, or unset it",
                ));
            };
            from_environment = true;
            // Alone first, so that the error names the variable.
            let mut alone = Table::from_iter([
                ("service".to_owned(), Value::from("service")),
                ("version".to_owned(), Value::from("0.0.0")),
            ]);
            alone.insert(field.clone(), value.clone());
            alone.try_into::<Self>().map_err(|error| wrong(&without_values(error.message())))?;
            sources.insert(field.clone(), ENVIRONMENT);
            table.insert(field, value);
        }
        if !links.is_empty() {
            tracing::info!(
                ?links,
                "variables that Kubernetes sets for its Services are no configuration: passed over"
            );
        }
        let mut config: Self = match from_environment {
            true => table.try_into().map_err(|error| InvalidToml::new(&error, ""))?,
            // Errors tell the line.
            false => InvalidToml::read(text)?,
        };
        if let Some(url) = nats_url.filter(|_| !sources.contains_key("nats_url")) {
            config.nats_url = url;
            sources.insert("nats_url".to_owned(), ENVIRONMENT);
        }
        config.check()?;
        Ok(config.read_from(sources))
    }
}

/// Names and values; none of what is not valid Unicode.
pub(super) trait Variables: Iterator<Item = (String, Result<String, ()>)> {}

impl<T: Iterator<Item = (String, Result<String, ()>)>> Variables for T {}

/// Those of the environment that are of Aegis.
pub(super) fn variables() -> impl Variables {
    std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok().filter(|name| name.starts_with(PREFIX) || name == NATS_URL)?;
        Some((name, value.into_string().map_err(|_not_unicode| ())))
    })
}

/// A TOML value, or else a text.
pub(super) fn toml_value(text: &str) -> Value {
    let parsed = toml::from_str::<Table>(&format!("value = {text}"));
    let value = parsed.ok().filter(|table| table.len() == 1).and_then(|mut table| table.remove("value"));
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::*;
    use aegis_leases::leadership::Policy;
    use aegis_nats::security::{Credentials, Secret};
    use aegis_nats::transport::TransportKind;

    fn merge(text: &str, variables: &[(&str, &str)]) -> Result<ServiceConfig, String> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), Ok((*value).to_owned())));
        ServiceConfig::merge(text, variables).map_err(|error| {
            let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            format!("{error} {source}")
        })
    }

    #[test]
    fn the_environment_stands_above_the_file() {
        let file = "service = \"echo\"\nversion = \"1.0.0\"\nheartbeat_ms = 200\ndrain_ms = 7";
        let config = merge(
            file,
            &[
                ("AEGIS_VERSION", "2.0.0"),
                ("AEGIS_HEARTBEAT_MS", "500"),
                ("AEGIS_GROUPS", r#"["a", "b"]"#),
                ("AEGIS_LABELS", r#"{ desk = "fx" }"#),
                ("AEGIS_FAILOVER", "aggressive"),
                ("AEGIS_TRANSPORT", "async-nats"),
                ("AEGIS_CREDENTIALS", r#"{ token = "s3cret" }"#),
                ("AEGIS_NATS_SERVER", "/usr/bin/nats-server"),
                ("AEGIS_TEST_KEEP", "1"),
            ],
        )
        .unwrap();
        assert_eq!((config.version.as_str(), config.heartbeat_ms, config.drain_ms), ("2.0.0", 500, 7));
        assert_eq!((config.groups.len(), config.labels["desk"].as_str()), (2, "fx"));
        assert_eq!(config.failover, Policy::AGGRESSIVE);
        assert_eq!(config.connect_options("echo".to_owned()).unwrap().transport, TransportKind::AsyncNats);
        assert_eq!(config.credentials, Some(Credentials::Token(Secret::new("s3cret"))));
        let of = |text: &str, variables: &[(&str, &str)]| merge(text, variables).unwrap().nats_url;
        assert_eq!(of(file, &[("NATS_URL", "nats://a")]), "nats://a");
        assert_eq!(of(file, &[("NATS_URL", "nats://a"), ("AEGIS_NATS_URL", "nats://b")]), "nats://b");
        let told = format!("{file}\nnats_url = \"nats://c\"");
        assert_eq!(of(&told, &[("NATS_URL", "nats://a")]), "nats://c");
        let lease = merge(
            "",
            &[("AEGIS_SERVICE", "e"), ("AEGIS_VERSION", "1.0.0"), ("AEGIS_FAILOVER", "{ lease_ms = 500 }")],
        );
        assert_eq!(lease.unwrap().failover.lease(), Duration::from_millis(500));
    }

    #[test]
    fn a_wrong_variable_is_refused_by_name() {
        let file = "service = \"echo\"\nversion = \"1.0.0\"";
        for (variable, value, part) in [
            ("AEGIS_HEARTBEAT", "500", "AEGIS_HEARTBEAT"),
            ("AEGIS_HEARTBEAT_MS", "soon", "AEGIS_HEARTBEAT_MS"),
            ("AEGIS_HEARTBEAT_MS", "1", "heartbeat_ms is 1"),
            ("AEGIS_SERVICE", "e cho", "AEGIS_SERVICE"),
            ("AEGIS_GROUPS", "a, b", "AEGIS_GROUPS"),
            ("AEGIS_AUDIT", "lax", "AEGIS_AUDIT"),
            ("AEGIS_TRANSPORT", "udp", "AEGIS_TRANSPORT"),
            ("AEGIS_TRANSPORT", "", "expected `direct` or `async-nats`"),
            ("AEGIS_CREDENTIALS", "{ token = \"x\", user = \"y\" }", "AEGIS_CREDENTIALS"),
        ] {
            let error = merge(file, &[(variable, value)]).unwrap_err();
            assert!(error.contains(part), "{variable}={value} gave {error:?}");
        }
        let error = merge("", &[("AEGIS_SERVICE", "echo")]).unwrap_err();
        assert!(error.contains("version"), "{error}");
    }

    #[test]
    fn every_field_has_its_variable() {
        let report = ServiceConfig::new("echo", "1.0.0").unwrap().report();
        let fields: BTreeSet<_> = report.as_object().unwrap().keys().cloned().collect();
        let variables: BTreeSet<_> = TEXTS.into_iter().chain(VALUES).map(str::to_owned).collect();
        assert_eq!(fields, variables);
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = ServiceConfig::load(Some(Path::new("/nowhere/echo.toml"))).unwrap_err().to_string();
        assert!(error.contains("/nowhere/echo.toml"), "{error}");
    }
}
