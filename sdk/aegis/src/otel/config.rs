//! The configuration of the export.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use aegis_nats::security::Secret;

const INTERVAL_MS: std::ops::RangeInclusive<u64> = 100..=3_600_000;

/// A value of the export breaks its rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("otel.{field} {rule}")]
pub struct InvalidOtel {
    /// The field.
    pub field: &'static str,
    /// What it has to be, and what it is.
    pub rule: String,
}

/// The export to an OpenTelemetry collector: OTLP over HTTP, protobuf. Unknown fields are refused.
///
/// What is sent names its sender by the attributes `service.name`, `service.instance.id`, `service.version` and
/// `service.namespace` (the installation's namespace).
///
/// # Examples
/// ```no_run
/// use aegis_sdk::ServiceConfig;
///
/// // In a program that is built with the feature `otel`; others refuse the section.
/// let config = ServiceConfig::from_toml(
///     "service = 'desk'\nversion = '1.0.0'\n[otel]\nendpoint = 'http://127.0.0.1:4318'\nsample = 0.1",
/// )?;
/// assert_eq!(config.otel.map(|otel| otel.endpoint), Some("http://127.0.0.1:4318".to_owned()));
/// # Ok::<(), aegis_sdk::ConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtelConfig {
    /// The collector: `http://host:port` or `https://host:port`, with a path before `/v1/traces` and `/v1/metrics` if
    /// it has one.
    pub endpoint: String,
    /// The authorities that the collector's certificate is checked against, a PEM file. Default those of the system.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Headers of each request, for collectors that ask who sends. Their values are reported masked. Default none.
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
    /// How often the metrics are sent, in milliseconds, 100 to 3 600 000. Spans go when there are 512 of them, or
    /// after a second. Default 10 000.
    #[serde(default = "default_interval_ms")]
    pub interval_ms: u64,
    /// The share of traces whose calls are sent as spans, 0 to 1. It is drawn from the trace's id, so that services
    /// with the same share record the same traces; a trace that the caller says it records is recorded here, too.
    /// Default 1.
    #[serde(default = "default_sample")]
    pub sample: f64,
}

impl OtelConfig {
    /// Everything to this collector, metrics every 10 s.
    #[must_use]
    pub fn new(endpoint: impl Into<String>) -> Self {
        let (interval_ms, sample) = (default_interval_ms(), default_sample());
        Self { endpoint: endpoint.into(), ca_file: None, headers: BTreeMap::new(), interval_ms, sample }
    }

    pub(crate) fn check(&self) -> Result<(), InvalidOtel> {
        let wrong = |field, rule: String| Err(InvalidOtel { field, rule });
        let rest = self.endpoint.strip_prefix("http://").or_else(|| self.endpoint.strip_prefix("https://"));
        let plain = |c: char| c.is_ascii_graphic() && !"@?#\"<>\\^`{|}".contains(c);
        if !rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && rest.chars().all(plain)) {
            // It is not shown: what stands before an @ or behind a ? may be a secret.
            let rule =
                "is not valid: use http://host:port or https://host:port, and the headers for credentials";
            return wrong("endpoint", rule.to_owned());
        }
        for (name, value) in &self.headers {
            let named =
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
            if !named || !value.reveal().bytes().all(|b| matches!(b, b' '..=b'~')) {
                return wrong(
                    "headers",
                    format!("holds {name:?}: use header names, and printable ASCII values"),
                );
            }
        }
        if !INTERVAL_MS.contains(&self.interval_ms) {
            return wrong("interval_ms", format!("is {}: use 100 to 3600000", self.interval_ms));
        }
        if !(0.0..=1.0).contains(&self.sample) {
            return wrong("sample", format!("is {}: use 0 to 1", self.sample));
        }
        Ok(())
    }
}

fn default_interval_ms() -> u64 {
    10_000
}

fn default_sample() -> f64 {
    1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_breaks_a_rule_is_named_and_no_secret_is_told() {
        let config = OtelConfig::new("https://collector:4318/otlp");
        assert_eq!(config.check(), Ok(()));
        for endpoint in
            ["", "collector:4318", "http://", "http:///v1", "http://me:s3cret@host", "http://h?key=s3cret"]
        {
            let error = OtelConfig::new(endpoint).check().unwrap_err();
            assert!(
                error.field == "endpoint" && !error.to_string().contains("s3cret"),
                "{endpoint}: {error}"
            );
        }
        for interval_ms in [99, 3_600_001] {
            let error = OtelConfig { interval_ms, ..config.clone() }.check().unwrap_err().to_string();
            assert!(error.contains("otel.interval_ms is"), "{error}");
        }
        for sample in [-0.1, 1.1, f64::NAN] {
            assert_eq!(OtelConfig { sample, ..config.clone() }.check().unwrap_err().field, "sample");
        }
        for (name, value) in [("a b", "x"), ("", "x"), ("key", "a\nb")] {
            let headers = BTreeMap::from([(name.to_owned(), Secret::new(value))]);
            assert_eq!(OtelConfig { headers, ..config.clone() }.check().unwrap_err().field, "headers");
        }
    }

    #[test]
    fn only_what_is_a_field_is_taken_and_the_rest_has_its_default() {
        let config: OtelConfig = toml::from_str("endpoint = \"http://c:4318\"").unwrap();
        assert_eq!(config, OtelConfig::new("http://c:4318"));
        assert_eq!((config.interval_ms, config.sample), (10_000, 1.0));
        let error = toml::from_str::<OtelConfig>("endpoint = \"http://c\"\nprotocol = \"grpc\"").unwrap_err();
        assert!(error.to_string().contains("protocol"), "{error}");
        let config: OtelConfig =
            toml::from_str("endpoint = \"http://c\"\nheaders = { api-key = \"s3cret\" }").unwrap();
        let shown = format!("{config:?} {}", serde_json::to_string(&config).unwrap());
        assert!(shown.contains("api-key") && !shown.contains("s3cret"), "{shown}");
    }
}
