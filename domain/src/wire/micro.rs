//! The NATS services API, ADR-32 (<https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-32.md>):
//! how `nats service ls | info | stats` and the clients of other languages see a service.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{InstanceName, ServiceName, Version};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Who is there.
    Ping,
    /// What it serves.
    Info,
    /// How it fares.
    Stats,
}

impl Verb {
    /// The verb of a subject `$SRV.<verb>[.<service>[.<instance>]]`.
    #[must_use]
    pub fn of(subject: &str) -> Option<Self> {
        match subject.strip_prefix("$SRV.")?.split('.').next()? {
            "PING" => Some(Self::Ping),
            "INFO" => Some(Self::Info),
            "STATS" => Some(Self::Stats),
            _ => None,
        }
    }
}

/// The subjects on which one instance is asked: with all services, with all of its own, alone.
#[must_use]
pub fn subjects(service: &ServiceName, instance: &InstanceName) -> [String; 3] {
    ["$SRV.*".to_owned(), format!("$SRV.*.{service}"), format!("$SRV.*.{service}.{instance}")]
}

/// Who answers; every answer begins with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The service.
    pub name: ServiceName,
    /// The instance.
    pub id: InstanceName,
    /// Its version.
    pub version: Version,
    /// Its labels; in [`Answer::Info`] also the commands and events that it takes, by the names that
    /// [`super::capability::Capability`] has for them, each with the JSON of [`Takes`].
    pub metadata: BTreeMap<String, String>,
}

/// Type of [`Answer::Ping`].
pub const PING_TYPE: &str = "io.nats.micro.v1.ping_response";
/// Type of [`Answer::Info`].
pub const INFO_TYPE: &str = "io.nats.micro.v1.info_response";
/// Type of [`Answer::Stats`].
pub const STATS_TYPE: &str = "io.nats.micro.v1.stats_response";

/// An answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Answer {
    /// To [`Verb::Ping`].
    #[serde(rename = "io.nats.micro.v1.ping_response")]
    Ping {
        /// Who.
        #[serde(flatten)]
        identity: Identity,
    },
    /// To [`Verb::Info`].
    #[serde(rename = "io.nats.micro.v1.info_response")]
    Info {
        /// Who.
        #[serde(flatten)]
        identity: Identity,
        /// What it is for.
        description: String,
        /// What it serves.
        endpoints: Vec<Endpoint>,
    },
    /// To [`Verb::Stats`].
    #[serde(rename = "io.nats.micro.v1.stats_response")]
    Stats {
        /// Who.
        #[serde(flatten)]
        identity: Identity,
        /// Since when.
        started: DateTime<Utc>,
        /// How each fares.
        endpoints: Vec<EndpointStats>,
    },
}

/// One method as it is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The method.
    pub name: String,
    /// Where it is called.
    pub subject: String,
    /// The queue group, where there is one.
    pub queue_group: String,
    /// Its kind, and the JSON schemas of what it takes and answers: see [`KIND`], [`STREAMS`], [`REQUEST`],
    /// [`RESPONSE`].
    pub metadata: BTreeMap<String, String>,
}

/// Metadata of a service: its namespace, unless it is the default one.
pub const NAMESPACE: &str = "aegis.namespace";
/// Metadata of an endpoint: `balanced` or `exclusive`.
pub const KIND: &str = "kind";
/// Metadata of an endpoint: whether it answers with a stream.
pub const STREAMS: &str = "streams";
/// Metadata of an endpoint: the JSON schema of its parameters.
pub const REQUEST: &str = "request_schema";
/// Metadata of an endpoint: the JSON schema of its reply, or of each message of its stream.
pub const RESPONSE: &str = "response_schema";

/// What a command or an event holds, as the metadata of a service tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Takes {
    /// The JSON schema of a command's parameters, or of an event's body.
    pub request_schema: serde_json::Value,
    /// The JSON schema of a command's result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_schema: Option<serde_json::Value>,
}

/// How one method fares since the start. Times are nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointStats {
    /// The method.
    pub name: String,
    /// Where it is called.
    pub subject: String,
    /// The queue group, where there is one.
    pub queue_group: String,
    /// Calls.
    pub num_requests: u64,
    /// Failed calls.
    pub num_errors: u64,
    /// The last failure, empty when there was none.
    pub last_error: String,
    /// How long all calls took together.
    pub processing_time: u64,
    /// How long one took on average.
    pub average_processing_time: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_carry_the_types_of_the_standard() {
        let identity = Identity {
            name: ServiceName::new("echo").unwrap(),
            id: InstanceName::new("echo-1").unwrap(),
            version: Version::new("1.0.0").unwrap(),
            metadata: BTreeMap::new(),
        };
        let ping = serde_json::to_value(Answer::Ping { identity: identity.clone() }).unwrap();
        assert_eq!(ping["type"], PING_TYPE);
        assert_eq!((ping["name"].as_str(), ping["id"].as_str()), (Some("echo"), Some("echo-1")));
        let info = Answer::Info { identity: identity.clone(), description: String::new(), endpoints: vec![] };
        assert_eq!(serde_json::to_value(info).unwrap()["type"], INFO_TYPE);
        let stats = Answer::Stats { identity, started: DateTime::UNIX_EPOCH, endpoints: vec![] };
        assert_eq!(serde_json::to_value(stats).unwrap()["type"], STATS_TYPE);
    }

    #[test]
    fn the_verb_is_read_for_each_target() {
        for (subject, verb) in [
            ("$SRV.PING", Some(Verb::Ping)),
            ("$SRV.INFO.echo", Some(Verb::Info)),
            ("$SRV.STATS.echo.echo-1", Some(Verb::Stats)),
            ("$SRV.DANCE", None),
            ("SRV.PING", None),
        ] {
            assert_eq!(Verb::of(subject), verb, "{subject}");
        }
    }
}
