//! Instances, and the figures of their last heartbeats.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::http::rest) enum InstanceStatus {
    Init,
    Starting,
    Running,
    Draining,
    Stopping,
    Stopped,
    Failed,
    Unhealthy,
    Expired,
    /// A status that this version does not know.
    Unknown,
}

/// What a list of instances is ordered by.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::http::rest) enum InstanceOrderField {
    /// Those that need somebody, then those that live, then those that have ended.
    Severity,
    Name,
    /// Numbers in a version count as numbers: 1.10 comes after 1.9.
    Version,
    StatusSince,
    RegisteredAt,
    LastBeatAt,
    /// Like `P50`, `P99` and `ERRORS` (the share that failed), of the last minute.
    CallsPerSecond,
    P50,
    P99,
    InFlight,
    QueueDepth,
    Errors,
    Cpu,
    Memory,
    Uptime,
}

/// A group that an instance owns.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub(in crate::http::rest) struct LedGroup {
    group: String,
    term: u64,
    since: DateTime<Utc>,
}

/// One instance of a service.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::rest) struct Instance {
    /// `<service>/<instance>`
    id: String,
    service: String,
    instance: String,
    version: String,
    status: InstanceStatus,
    /// Why it has this status, when there is more to say.
    reason: Option<String>,
    status_since: DateTime<Utc>,
    registered_at: DateTime<Utc>,
    /// Groups that it owns now.
    groups: Vec<LedGroup>,
    labels: BTreeMap<String, String>,
    /// False when the service has no definition, or a retired one.
    defined: bool,
    /// It goes silent and comes back again and again.
    flapping: bool,
    /// Another process, of an earlier start, still runs under its name.
    conflict: bool,
    /// How far its clock is ahead of that of NATS; null as long as it is off by no more than a second.
    clock_offset_seconds: Option<f64>,
    /// It speaks the wire of the Python SDK.
    legacy: bool,
    /// Methods by their names, commands as `command:…`, events as `event:…`.
    capabilities: Vec<String>,
    /// The services that it has called since it started.
    dependencies: Vec<String>,
    /// When the server took the last heartbeat.
    last_beat_at: Option<DateTime<Utc>>,
    metrics: Option<InstanceMetrics>,
    /// Null of one that has ended or is not heard, and in the past.
    minute: Option<Figures>,
    /// How often it sends a heartbeat, in milliseconds.
    heartbeat_interval_ms: Option<u64>,
    /// The groups that it stands for election in: the first 100.
    stands_for: Vec<String>,
    /// How many they are.
    stands_for_count: u64,
    /// Sequence of the last event that changed it.
    as_of_sequence: u64,
}

/// What one instance does now.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::rest) struct LiveInstance {
    id: String,
    service: String,
    instance: String,
    version: String,
    status: InstanceStatus,
    last_beat_at: Option<DateTime<Utc>>,
    metrics: Option<InstanceMetrics>,
}

/// What an instance is to log.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http::rest) struct SetLog {
    /// A level, or several with what they are for: `info,my_service=debug`.
    #[schema(min_length = 1, max_length = 1000)]
    pub(in crate::http::rest) filter: String,
}

/// What an instance logs now.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub(in crate::http::rest) struct LogSet {
    service: String,
    instance: String,
    filter: String,
}

/// What was done in the last 50 to 60 seconds, told anew every 5 seconds.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::rest) struct Figures {
    /// How many seconds they are of: fewer of what was heard for the first time only just now.
    seconds: u32,
    calls: u64,
    errors: u64,
    calls_per_second: f64,
    /// Null when nothing was called.
    error_percent: Option<f64>,
    p50_ms: Option<f64>,
    p90_ms: Option<f64>,
    p99_ms: Option<f64>,
}

/// Figures of the last heartbeat, over the window since the one before.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::rest) struct InstanceMetrics {
    uptime_seconds: u64,
    in_flight: u64,
    queue_depth: u64,
    /// Calls since the instance started.
    calls: u64,
    /// Failed calls since the instance started.
    errors: u64,
    calls_per_second: f64,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    cpu_percent: Option<f64>,
    memory_bytes: Option<u64>,
    /// Since the instance started.
    events: MessageCounts,
    /// Since the instance started.
    commands: MessageCounts,
    /// What waits for each consumer of the instance.
    lag: Vec<ConsumerLag>,
}

/// What became of messages.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::rest) struct MessageCounts {
    published: u64,
    consumed: u64,
    failed: u64,
    retried: u64,
    dead_lettered: u64,
}

#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub(in crate::http::rest) struct ConsumerLag {
    consumer: String,
    pending: u64,
}

macro_rules! metrics_fields {
    () => {
        " metrics { uptimeSeconds inFlight queueDepth calls errors callsPerSecond p50Ms p99Ms cpuPercent memoryBytes
            events { published consumed failed retried deadLettered }
            commands { published consumed failed retried deadLettered } lag { consumer pending } } "
    };
}
/// Of today: the past has no figures.
macro_rules! minute_fields {
    () => {
        " minute { seconds calls errors callsPerSecond errorPercent p50Ms p90Ms p99Ms } "
    };
}
macro_rules! instance_fields {
    () => {
        " id service instance version status reason statusSince registeredAt groups { group term since } labels
          defined flapping conflict clockOffsetSeconds legacy capabilities dependencies lastBeatAt heartbeatIntervalMs standsFor standsForCount asOfSequence "
    };
}
pub(in crate::http::rest) use {instance_fields, metrics_fields, minute_fields};
