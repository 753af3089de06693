//! The file: a YAML list of definitions. `docs/definitions.md` documents it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use aegis_domain::aggregate::definition::Content;
use aegis_domain::aggregate::policy::{FailoverPolicy, Percent, RegistrationPolicy};
use aegis_domain::{ServiceName, Version};
use anyhow::{Context as _, ensure};
use serde::de::{Error as _, MapAccess, Unexpected, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The largest file that is read, in bytes.
const FILE_MAX: u64 = 8 << 20;

/// The whole file.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// The definitions, each service once.
    pub(super) definitions: Vec<Entry>,
}

/// One definition. Field names are those of the GraphQL schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) service: ServiceName,
    owner: String,
    description: String,
    version: Version,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min_instances: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_instances: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    p99_limit_ms: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error_limit_percent: Option<Percent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failover: Option<Failover>,
    #[serde(default)]
    registration: RegistrationPolicy,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
}

/// A name, or `{ leaseMs: 500 }`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Failover(FailoverPolicy);

impl File {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let name = path.display();
        let size = std::fs::metadata(path).with_context(|| format!("{name} cannot be read"))?.len();
        ensure!(size <= FILE_MAX, "{name} has {size} bytes: definitions take {FILE_MAX} at most");
        let text = std::fs::read_to_string(path).with_context(|| format!("{name} cannot be read"))?;
        Self::parse(&text).with_context(|| format!("{name} is not valid"))
    }

    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let file: Self = serde_norway::from_str(text)?;
        let mut seen = BTreeSet::new();
        for entry in &file.definitions {
            ensure!(seen.insert(&entry.service), "{} is defined twice", entry.service);
        }
        Ok(file)
    }

    /// The text of the file, with the definitions in order of their services.
    pub(super) fn text(&self) -> anyhow::Result<String> {
        Ok(serde_norway::to_string(self)?)
    }
}

impl Entry {
    pub(super) fn new(service: ServiceName, content: Content) -> Self {
        Self {
            service,
            owner: content.owner,
            description: content.description,
            version: content.version,
            min_instances: content.min_instances,
            max_instances: content.max_instances,
            p99_limit_ms: content.p99_limit_ms,
            error_limit_percent: content.error_limit_percent,
            failover: content.failover.map(Failover),
            registration: content.registration,
            labels: content.labels,
        }
    }

    pub(super) fn content(self) -> Content {
        Content {
            owner: self.owner,
            description: self.description,
            version: self.version,
            min_instances: self.min_instances,
            max_instances: self.max_instances,
            p99_limit_ms: self.p99_limit_ms,
            error_limit_percent: self.error_limit_percent,
            failover: self.failover.map(|Failover(policy)| policy),
            registration: self.registration,
            labels: self.labels,
        }
    }
}

impl Serialize for Failover {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            FailoverPolicy::Aggressive | FailoverPolicy::Balanced | FailoverPolicy::Conservative => {
                serializer.serialize_str(self.0.as_str())
            }
            FailoverPolicy::Custom { lease_ms } => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("leaseMs", &lease_ms)?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Failover {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FailoverVisitor)
    }
}

struct FailoverVisitor;

impl<'de> Visitor<'de> for FailoverVisitor {
    type Value = Failover;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("aggressive, balanced, conservative, or { leaseMs: 150 to 60000 }")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Failover, E> {
        [FailoverPolicy::Aggressive, FailoverPolicy::Balanced, FailoverPolicy::Conservative]
            .into_iter()
            .find(|policy| policy.as_str() == name)
            .map(Failover)
            .ok_or_else(|| E::invalid_value(Unexpected::Str(name), &self))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut fields: M) -> Result<Failover, M::Error> {
        let mut policy = None;
        while let Some(field) = fields.next_key::<String>()? {
            if field != "leaseMs" {
                return Err(M::Error::unknown_field(&field, &["leaseMs"]));
            }
            policy = Some(Failover(FailoverPolicy::Custom { lease_ms: fields.next_value()? }));
        }
        policy.ok_or_else(|| M::Error::missing_field("leaseMs"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = "definitions:
- service: trading-service
  owner: Equities desk
  description: Sends orders
  version: 1.4.0
  minInstances: 2
  maxInstances: 4
  failover:
    leaseMs: 500
  registration: enforce
  labels:
    desk: equities
- service: echo
  owner: Night
  description: 'Says: it again'
  version: 1.0.0
  failover: aggressive
  registration: warn
";

    fn refusal(text: &str) -> String {
        format!("{:#}", File::parse(text).unwrap_err())
    }

    #[test]
    fn what_is_written_is_what_was_read() {
        let file = File::parse(FULL).unwrap();
        assert_eq!(file.text().unwrap(), FULL);
        let content = file.definitions[0].clone().content();
        assert_eq!(content.failover, Some(FailoverPolicy::Custom { lease_ms: 500 }));
        assert_eq!(Entry::new(file.definitions[0].service.clone(), content), file.definitions[0]);
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let file =
            File::parse("definitions: [{service: echo, owner: o, description: d, version: 1.0.0}]").unwrap();
        let content = file.definitions[0].clone().content();
        assert_eq!((content.min_instances, content.failover), (None, None));
        assert_eq!((content.registration, content.labels.len()), (RegistrationPolicy::Warn, 0));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let unknown = refusal(&FULL.replace("maxInstances", "maxInstance"));
        assert!(unknown.contains("maxInstance") && unknown.contains("line 7"), "{unknown}");
        let policy = refusal(&FULL.replace("failover: aggressive", "failover: reckless"));
        assert!(policy.contains("reckless") && policy.contains("conservative"), "{policy}");
        assert!(policy.contains("line 17"), "{policy}");
        let lease = refusal(&FULL.replace("leaseMs", "lease"));
        assert!(lease.contains("unknown field `lease`") && lease.contains("line 9"), "{lease}");
        let version = refusal(&FULL.replace("version: 1.4.0", "version: 1.4"));
        assert!(version.contains("version \"1.4\" is not valid") && version.contains("line 2"), "{version}");
        let name = refusal(&FULL.replace("service: echo", "service: e cho"));
        assert!(name.contains("e cho"), "{name}");
        let twice = refusal(&FULL.replace("service: echo", "service: trading-service"));
        assert!(twice.contains("trading-service is defined twice"), "{twice}");
        assert!(refusal("definition: []").contains("definition"), "the list has a name");
    }
}
