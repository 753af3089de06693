//! Figures over time.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::instance::MessageCounts;

/// One window. For a service, what stands at an instant is the sum over its instances.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::rest) struct MetricsPoint {
    /// When it begins, by the server's clock.
    at: DateTime<Utc>,
    /// Calls that ended in it.
    calls: u64,
    /// Those that failed.
    errors: u64,
    calls_per_second: f64,
    /// Null when nothing was called; so for the latencies.
    error_percent: Option<f64>,
    p50_ms: Option<f64>,
    p90_ms: Option<f64>,
    p99_ms: Option<f64>,
    in_flight: u64,
    in_flight_max: u64,
    queue_depth: u64,
    queue_depth_max: u64,
    /// Percent of one core, on average.
    cpu_percent: Option<f64>,
    cpu_percent_max: Option<f64>,
    /// The most resident memory.
    memory_bytes: Option<u64>,
    events: MessageCounts,
    commands: MessageCounts,
    /// Messages that wait for the consumers of the instance, by its last heartbeat; for a service what the instance says that
    /// sees most of them.
    lag: u64,
    lag_max: u64,
}

/// As the schema tells it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::rest) struct SeriesData {
    resolution_seconds: u32,
    points: Vec<MetricsPoint>,
}

/// What an instance did over time, or all instances of a service together.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::rest) struct Series {
    /// How wide each window is.
    resolution_seconds: u32,
    /// The windows in which a heartbeat came, in order.
    points: Vec<MetricsPoint>,
    /// Sequence of the last event that the registry has applied.
    as_of_sequence: u64,
}

impl SeriesData {
    pub(in crate::http::rest) fn into_series(self, as_of_sequence: u64) -> Series {
        Series { resolution_seconds: self.resolution_seconds, points: self.points, as_of_sequence }
    }
}

macro_rules! series_fields {
    () => {
        " resolutionSeconds points { at calls errors callsPerSecond errorPercent p50Ms p90Ms p99Ms inFlight inFlightMax
            queueDepth queueDepthMax cpuPercent cpuPercentMax memoryBytes
            events { published consumed failed retried deadLettered }
            commands { published consumed failed retried deadLettered } lag lagMax } "
    };
}
pub(in crate::http::rest) use series_fields;
