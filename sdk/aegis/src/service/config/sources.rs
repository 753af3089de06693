//! Where the values of a configuration are from.

use std::collections::BTreeMap;

use serde_json::Value;

use super::ServiceConfig;

/// Where the values of a configuration were read from. The same values from elsewhere are the same configuration, so any
/// two of these are equal.
#[derive(Debug, Clone, Default)]
pub struct ConfigSources(Box<Known>);

#[derive(Debug, Clone, Default)]
struct Known {
    /// What was read, by field, and the values as they were then.
    read: BTreeMap<String, &'static str>,
    values: Value,
    /// What was put above it later, by field.
    above: BTreeMap<&'static str, &'static str>,
}

impl PartialEq for ConfigSources {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

/// The file of the configuration.
pub(super) const FILE: &str = "file";
/// A variable of the environment.
pub(super) const ENVIRONMENT: &str = "environment";

impl ServiceConfig {
    /// Where the value of each field is from: `default`; `file`; `environment`; `definition`, which stands above the
    /// instance's own; `operator`, who changed it while it runs; `program` for all that the program has set itself, from
    /// its command line, say.
    #[must_use]
    pub fn value_sources(&self) -> BTreeMap<String, String> {
        let Value::Object(report) = self.report() else { return BTreeMap::new() };
        let defaults = Self::new(self.service.as_str(), self.version.as_str()).map(|it| it.report());
        let defaults = defaults.unwrap_or_default();
        let own = ["service", "version"];
        let source = |field: &str, value: &Value| {
            let sources = &self.sources.0;
            if let Some(above) = sources.above.get(field) {
                return *above;
            }
            match sources.read.get(field) {
                Some(read) if sources.values.get(field) == Some(value) => read,
                None if defaults.get(field) == Some(value) && !own.contains(&field) => "default",
                Some(_) | None => "program",
            }
        };
        report.iter().map(|(field, value)| (field.clone(), source(field, value).to_owned())).collect()
    }

    /// These fields were read from there, and the others are as they are by default.
    pub(super) fn read_from(mut self, read: BTreeMap<String, &'static str>) -> Self {
        let values = self.report();
        self.sources = ConfigSources(Box::new(Known { read, values, above: BTreeMap::new() }));
        self
    }

    /// The definition says how fast a lost owner is replaced.
    pub(in crate::service) fn failover_is_defined(&mut self) {
        self.sources.0.above.insert("failover", "definition");
    }

    /// An operator has changed what is logged.
    pub(in crate::service) fn log_was_changed(&mut self) {
        self.sources.0.above.insert("log", "operator");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_says_where_it_is_from() {
        let file =
            "service = \"echo\"\nversion = \"1.0.0\"\nheartbeat_ms = 500\ndrain_ms = 10000\nlog = \"warn\"";
        let variables = [("AEGIS_VERSION", "2.0.0"), ("AEGIS_MAX_IN_FLIGHT", "9"), ("AEGIS_LOG", "debug")];
        let variables = variables.map(|(name, value)| (name.to_owned(), Ok(value.to_owned())));
        let mut config = ServiceConfig::merge(file, variables.into_iter()).unwrap();
        config.heartbeat_ms = 700;
        config.connections = 2;
        config.failover_is_defined();
        let sources = config.value_sources();
        let of = |field: &str| sources[field].as_str();
        assert_eq!((of("service"), of("version"), of("max_in_flight")), (FILE, ENVIRONMENT, ENVIRONMENT));
        assert_eq!(of("drain_ms"), FILE, "also where it is what it is by default");
        assert_eq!((of("heartbeat_ms"), of("connections")), ("program", "program"));
        assert_eq!((of("failover"), of("record_ttl_ms"), of("log")), ("definition", "default", ENVIRONMENT));
        config.log_was_changed();
        assert_eq!(config.value_sources()["log"], "operator");
        let fields = config.report().as_object().unwrap().len();
        assert_eq!(sources.len(), fields);
        let made = ServiceConfig::new("echo", "1.0.0").unwrap().value_sources();
        assert_eq!((made["service"].as_str(), made["log"].as_str()), ("program", "default"));
    }
}
