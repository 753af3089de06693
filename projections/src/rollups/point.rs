//! The metrics of one window, as readers get them.

use aegis_domain::wire::heartbeat::Messages;
use aegis_domain::wire::latency::Latency;
use chrono::{DateTime, Utc};

use super::window::Window;
use crate::counters::Calls;

/// One window of an instance, or of all instances of a service together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Point {
    /// When it begins.
    pub at: DateTime<Utc>,
    /// Calls that ended in it.
    pub calls: Calls,
    /// Calls being handled, by the last heartbeat in it.
    pub in_flight: u64,
    /// The most that a heartbeat told; for a service the sum of each instance's most.
    pub in_flight_max: u64,
    /// Calls waiting, by the last heartbeat in it.
    pub queue_depth: u64,
    /// The most that a heartbeat told; for a service the sum of each instance's most.
    pub queue_depth_max: u64,
    /// Percent of one core on average; for a service the sum.
    pub cpu_percent: Option<f64>,
    /// The most that a heartbeat told; for a service the sum of each instance's most.
    pub cpu_percent_max: Option<f64>,
    /// The most that a heartbeat told, in bytes; for a service the sum of each instance's most.
    pub memory_bytes: Option<u64>,
    /// What became of events in it.
    pub events: Messages,
    /// What became of commands in it.
    pub commands: Messages,
    /// Messages that wait for its consumers together, by the last heartbeat in it; for a service what the instance says that
    /// sees most of them.
    pub lag: u64,
    /// The most that a heartbeat told.
    pub lag_max: u64,
    /// The latencies of all calls that ended in it.
    pub latency: Latency,
}

impl Point {
    #[expect(clippy::cast_precision_loss, reason = "a share of a core needs no more than 52 bits")]
    pub(super) fn of(at: DateTime<Utc>, window: Window) -> Self {
        let told = |value: f64| (window.cpu_count > 0).then_some(value / 1000.0);
        Self {
            at,
            calls: window.calls,
            in_flight: window.in_flight.last,
            in_flight_max: window.in_flight.max,
            queue_depth: window.queue.last,
            queue_depth_max: window.queue.max,
            cpu_percent: told(window.cpu_sum as f64 / window.cpu_count.max(1) as f64),
            cpu_percent_max: told(window.cpu_max as f64),
            memory_bytes: (window.memory_max > 0).then_some(window.memory_max),
            events: window.events,
            commands: window.commands,
            lag: window.lag.last,
            lag_max: window.lag.max,
            latency: window.latency,
        }
    }
}
