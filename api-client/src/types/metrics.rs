//! Metrics over time.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::instance::MessageCounts;

/// One window. For a service, what stands at an instant is the sum over its instances.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct MetricsPoint {
    /// When it begins, by the server's clock.
    pub at: DateTime<Utc>,
    /// Calls that ended in it.
    pub calls: u64,
    /// Those that failed.
    pub errors: u64,
    /// Calls that ended, in a second.
    pub calls_per_second: f64,
    /// None when nothing was called; so for the latencies.
    pub error_percent: Option<f64>,
    /// The median latency.
    pub p50_ms: Option<f64>,
    /// The latency of which one call in ten takes longer.
    pub p90_ms: Option<f64>,
    /// The latency of which one call in a hundred takes longer.
    pub p99_ms: Option<f64>,
    /// Calls under way at its end.
    pub in_flight: u64,
    /// The most of them.
    pub in_flight_max: u64,
    /// Calls that wait at its end.
    pub queue_depth: u64,
    /// The most of them.
    pub queue_depth_max: u64,
    /// Percent of one core, on average.
    pub cpu_percent: Option<f64>,
    /// The most of it.
    pub cpu_percent_max: Option<f64>,
    /// The most resident memory.
    pub memory_bytes: Option<u64>,
    /// What became of events in it.
    pub events: MessageCounts,
    /// What became of commands in it.
    pub commands: MessageCounts,
    /// Messages that wait for its consumers at its end.
    pub lag: u64,
    /// The most of them.
    pub lag_max: u64,
}

/// What an instance did over time, or all instances of a service together.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Series {
    /// How wide each window is.
    pub resolution_seconds: u32,
    /// The windows in which a heartbeat came, in order.
    pub points: Vec<MetricsPoint>,
    /// Sequence of the last event that the registry has applied.
    pub as_of_sequence: u64,
}
