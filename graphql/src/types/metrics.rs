//! Figures over time.

use super::instance::MessageCounts;
use super::scalar::Long;
use aegis_projections::rollups::{Answer, Point};
use async_graphql::{ID, SimpleObject};
use chrono::{DateTime, Utc};

/// What an instance did over time, or all instances of a service together.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct MetricsSeries {
    /// How wide each window is, in seconds.
    resolution_seconds: i64,
    /// The windows in which a heartbeat came, in order. The others are missing.
    points: Vec<MetricsPoint>,
}

/// One window. For a service, what stands at an instant is the sum over its instances, and a maximum the sum of each
/// instance's maximum.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct MetricsPoint {
    /// When it begins, by the server's clock.
    at: DateTime<Utc>,
    /// Calls that ended in it.
    calls: Long,
    /// Those that failed.
    errors: Long,
    calls_per_second: f64,
    /// Null when nothing was called.
    error_percent: Option<f64>,
    /// The latency that half of the calls did not exceed, in milliseconds: over all calls, of all instances; null when
    /// nothing was called.
    p50_ms: Option<f64>,
    /// The same for nine of ten calls.
    p90_ms: Option<f64>,
    /// The same for 99 of 100 calls.
    p99_ms: Option<f64>,
    /// Calls being handled, by the last heartbeat.
    in_flight: Long,
    in_flight_max: Long,
    /// Calls waiting for a free place, by the last heartbeat.
    queue_depth: Long,
    queue_depth_max: Long,
    /// Percent of one core, on average.
    cpu_percent: Option<f64>,
    cpu_percent_max: Option<f64>,
    /// The most resident memory.
    memory_bytes: Option<Long>,
    events: MessageCounts,
    commands: MessageCounts,
    /// Messages that wait for the consumers of the instance, by its last heartbeat. Consumers are shared: for a service it is
    /// what the instance says that sees most of them.
    lag: Long,
    lag_max: Long,
}

/// What an instance did over time, in few words.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct Sparkline {
    /// `<service>/<instance>`
    id: ID,
    /// How wide each window is, in seconds.
    resolution_seconds: i64,
    /// The windows in which a heartbeat came, in order. The others are missing.
    points: Vec<SparkPoint>,
}

#[derive(Debug, Clone, SimpleObject)]
struct SparkPoint {
    /// When it begins, by the server's clock.
    at: DateTime<Utc>,
    calls_per_second: f64,
    /// Null when nothing was called.
    error_percent: Option<f64>,
    /// Null when nothing was called.
    p99_ms: Option<f64>,
}

impl Sparkline {
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    pub(crate) fn of(id: ID, answer: &Answer) -> Self {
        let seconds = answer.resolution.max(1) as f64;
        let point = |point: &Point| SparkPoint {
            at: point.at,
            calls_per_second: point.calls.ended as f64 / seconds,
            error_percent: point.calls.failed_percent(),
            p99_ms: point.latency.quantile_ms(0.99),
        };
        Self { id, resolution_seconds: answer.resolution, points: answer.points.iter().map(point).collect() }
    }
}

impl From<Answer> for MetricsSeries {
    fn from(answer: Answer) -> Self {
        let seconds = answer.resolution;
        let points = answer.points.into_iter().map(|point| MetricsPoint::of(&point, seconds)).collect();
        Self { resolution_seconds: seconds, points }
    }
}

impl MetricsPoint {
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn of(point: &Point, seconds: i64) -> Self {
        Self {
            at: point.at,
            calls: point.calls.ended.into(),
            errors: point.calls.failed.into(),
            calls_per_second: point.calls.ended as f64 / seconds.max(1) as f64,
            error_percent: point.calls.failed_percent(),
            p50_ms: point.latency.quantile_ms(0.5),
            p90_ms: point.latency.quantile_ms(0.9),
            p99_ms: point.latency.quantile_ms(0.99),
            in_flight: point.in_flight.into(),
            in_flight_max: point.in_flight_max.into(),
            queue_depth: point.queue_depth.into(),
            queue_depth_max: point.queue_depth_max.into(),
            cpu_percent: point.cpu_percent,
            cpu_percent_max: point.cpu_percent_max,
            memory_bytes: point.memory_bytes.map(Long::from),
            events: point.events.into(),
            commands: point.commands.into(),
            lag: point.lag.into(),
            lag_max: point.lag_max.into(),
        }
    }
}
