//! Instances, and the figures of their last heartbeats.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where an instance is in its life, and whether it is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum InstanceStatus {
    /// Made, not started.
    Init,
    /// Connecting and registering.
    Starting,
    /// Serving.
    Running,
    /// Finishing what is in flight.
    Draining,
    /// Running its stop hooks.
    Stopping,
    /// Ended cleanly.
    Stopped,
    /// Ended by an error.
    Failed,
    /// Several heartbeats are missing.
    Unhealthy,
    /// Its record has run out.
    Expired,
    /// A status that the replica, or this version, does not know.
    #[serde(other)]
    Unknown,
}

impl InstanceStatus {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Init => "INIT",
            Self::Starting => "STARTING",
            Self::Running => "RUNNING",
            Self::Draining => "DRAINING",
            Self::Stopping => "STOPPING",
            Self::Stopped => "STOPPED",
            Self::Failed => "FAILED",
            Self::Unhealthy => "UNHEALTHY",
            Self::Expired => "EXPIRED",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// What a list of instances is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum InstanceOrderField {
    /// Those that need somebody, then those that live, then those that have ended.
    Severity,
    /// Its service and name.
    Name,
    /// Numbers in a version count as numbers: 1.10 comes after 1.9.
    Version,
    /// Since when it has its status.
    StatusSince,
    /// When this life of it began.
    RegisteredAt,
    /// Its last heartbeat.
    LastBeatAt,
    /// Calls in a second.
    CallsPerSecond,
    /// The median latency.
    P50,
    /// The latency of which one call in a hundred takes longer.
    P99,
    /// Calls under way.
    InFlight,
    /// Calls that wait.
    QueueDepth,
    /// Failed calls.
    Errors,
    /// Percent of one core.
    Cpu,
    /// Resident memory.
    Memory,
    /// Since it started.
    Uptime,
}

/// A group that an instance owns.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LedGroup {
    /// The group.
    pub group: String,
    /// Its term.
    pub term: u64,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// One instance of a service.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Instance {
    /// `<service>/<instance>`
    pub id: String,
    /// The service.
    pub service: String,
    /// Its name.
    pub instance: String,
    /// Its version.
    pub version: String,
    /// Where it is in its life.
    pub status: InstanceStatus,
    /// Why it has this status, when there is more to say.
    pub reason: Option<String>,
    /// Since when.
    pub status_since: DateTime<Utc>,
    /// When this life of it began.
    pub registered_at: DateTime<Utc>,
    /// Groups that it owns now.
    pub groups: Vec<LedGroup>,
    /// Free labels.
    pub labels: BTreeMap<String, String>,
    /// False when the service has no definition, or a retired one.
    pub defined: bool,
    /// It goes silent and comes back again and again.
    pub flapping: bool,
    /// Another process, of an earlier start, still runs under its name.
    pub conflict: bool,
    /// How far its clock is ahead of that of NATS; none as long as it is off by no more than a second.
    pub clock_offset_seconds: Option<f64>,
    /// It speaks the wire of the Python SDK.
    pub legacy: bool,
    /// Methods by their names, commands as `command:…`, events as `event:…`.
    pub capabilities: Vec<String>,
    /// The services that it has called since it started.
    pub dependencies: Vec<String>,
    /// When the server took the last heartbeat.
    pub last_beat_at: Option<DateTime<Utc>>,
    /// The figures of its last heartbeat.
    pub metrics: Option<InstanceMetrics>,
    /// What it did in the last minute; none of one that has ended or is not heard.
    pub minute: Option<Figures>,
    /// How often it sends a heartbeat, in milliseconds.
    pub heartbeat_interval_ms: Option<u64>,
    /// The groups that it stands for election in: the first 100.
    pub stands_for: Vec<String>,
    /// How many they are.
    pub stands_for_count: u64,
    /// Sequence of the last event that changed it.
    pub as_of_sequence: u64,
}

/// What one instance does now.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LiveInstance {
    /// `<service>/<instance>`
    pub id: String,
    /// The service.
    pub service: String,
    /// Its name.
    pub instance: String,
    /// Its version.
    pub version: String,
    /// Where it is in its life.
    pub status: InstanceStatus,
    /// When the server took the last heartbeat.
    pub last_beat_at: Option<DateTime<Utc>>,
    /// The figures of its last heartbeat.
    pub metrics: Option<InstanceMetrics>,
}

/// What was done in the last 50 to 60 seconds, told anew every 5 seconds.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// How many seconds they are of: fewer of what was heard for the first time only just now.
    pub seconds: u32,
    /// Calls that ended in them.
    pub calls: u64,
    /// Those that failed.
    pub errors: u64,
    /// Over those seconds.
    pub calls_per_second: f64,
    /// The share that failed; none when nothing was called.
    pub error_percent: Option<f64>,
    /// The latency that half of the calls did not exceed, in milliseconds.
    pub p50_ms: Option<f64>,
    /// The same for nine of ten calls.
    pub p90_ms: Option<f64>,
    /// The same for 99 of 100 calls.
    pub p99_ms: Option<f64>,
}

/// Figures of the last heartbeat, over the window since the one before.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct InstanceMetrics {
    /// Since it started.
    pub uptime_seconds: u64,
    /// Calls under way.
    pub in_flight: u64,
    /// Calls that wait.
    pub queue_depth: u64,
    /// Calls since it started.
    pub calls: u64,
    /// Failed calls since it started.
    pub errors: u64,
    /// Over the window.
    pub calls_per_second: f64,
    /// The median latency.
    pub p50_ms: Option<f64>,
    /// The latency of which one call in a hundred takes longer.
    pub p99_ms: Option<f64>,
    /// Percent of one core.
    pub cpu_percent: Option<f64>,
    /// Resident memory.
    pub memory_bytes: Option<u64>,
    /// What became of events since it started.
    pub events: MessageCounts,
    /// What became of commands since it started.
    pub commands: MessageCounts,
    /// What waits for each consumer of it.
    pub lag: Vec<ConsumerLag>,
}

/// What became of messages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct MessageCounts {
    /// Sent.
    pub published: u64,
    /// Handled.
    pub consumed: u64,
    /// Not handled.
    pub failed: u64,
    /// Tried again.
    pub retried: u64,
    /// Put aside.
    pub dead_lettered: u64,
}

/// What waits for one consumer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ConsumerLag {
    /// Its name.
    pub consumer: String,
    /// How many messages.
    pub pending: u64,
}

/// What an instance reported of its configuration.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Configuration {
    /// What it reported last, its secrets masked; null when it has reported none.
    pub configuration: Value,
    /// Sequence of the last event that the answer contains.
    pub as_of_sequence: u64,
}

/// What an instance is to log.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SetLog {
    /// A level, or several with what they are for: `info,my_service=debug`.
    pub filter: String,
}

/// What an instance logs now.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LogSet {
    /// The service.
    pub service: String,
    /// The instance.
    pub instance: String,
    /// What passes.
    pub filter: String,
}
