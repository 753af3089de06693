//! Metrics and traces of a connection to NATS: meters for calls, events and commands in fixed memory, and the recorder of
//! trace spans.
//!
//! A connection carries one [`Telemetry`]; the code that makes or serves a call records it there.

pub mod metrics;
pub mod spans;
pub mod trace;

/// The handle that a connection carries for its users.
#[derive(Debug, Default)]
pub struct Telemetry {
    /// The meters of calls, events and commands.
    pub meters: metrics::Meters,
    /// The metrics of the program's own.
    pub own: metrics::OwnMetrics,
    /// Where the spans of calls are recorded.
    pub spans: spans::Spans,
}
