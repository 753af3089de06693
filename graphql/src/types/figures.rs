//! Metrics of the last minute. The schema calls the type `Figures`.

use aegis_projections::live;
use async_graphql::SimpleObject;

use super::scalar::Long;

/// What was done in the last 50 to 60 seconds, told anew every 5 seconds.
#[derive(Debug, Clone, PartialEq, SimpleObject)]
pub(crate) struct Figures {
    /// How many seconds they are of: fewer of what was heard for the first time only just now.
    seconds: u32,
    /// Calls that ended in them.
    calls: Long,
    /// Those that failed.
    errors: Long,
    pub(super) calls_per_second: f64,
    /// The share that failed; null when nothing was called.
    pub(super) error_percent: Option<f64>,
    /// The latency that half of the calls did not exceed, in milliseconds; null when nothing was called.
    p50_ms: Option<f64>,
    /// The same for nine of ten calls.
    p90_ms: Option<f64>,
    /// The same for 99 of 100 calls.
    pub(super) p99_ms: Option<f64>,
}

impl From<&live::MinuteMetrics> for Figures {
    fn from(metrics: &live::MinuteMetrics) -> Self {
        Self {
            seconds: metrics.seconds,
            calls: metrics.calls.ended.into(),
            errors: metrics.calls.failed.into(),
            calls_per_second: metrics.calls_per_second(),
            error_percent: metrics.calls.failed_percent(),
            p50_ms: metrics.p50_ms,
            p90_ms: metrics.p90_ms,
            p99_ms: metrics.p99_ms,
        }
    }
}
