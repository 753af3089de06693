//! Export of metrics and traces to an OpenTelemetry collector (feature `otel`).
//!
//! Calls hand their spans to a bounded queue and never wait; metrics are read from the meters that the heartbeat uses, too. Two
//! tasks of the service send them.
//!
//! NOTE: not the crates `opentelemetry_sdk` and `opentelemetry-otlp`, whose message types this uses. Their meters would count each call a
//! second time, beside the meters of the heartbeat (19 ns a call), and a span of theirs takes 270 ns where a record for the queue takes
//! 150 (0.33, batch processor, four attributes; one core of the machine that `docs/performance.md` is from). Without the feature only the configuration types are compiled.

mod config;

#[cfg(feature = "otel")]
mod collector;
#[cfg(feature = "otel")]
mod metrics;
#[cfg(feature = "otel")]
mod resource;
#[cfg(feature = "otel")]
mod run;
#[cfg(feature = "otel")]
mod source;
#[cfg(feature = "otel")]
mod traces;

pub(crate) use aegis_telemetry::spans::{Ended, Side, Spans, Step};
pub use config::{InvalidOtel, OtelConfig};

#[cfg(feature = "otel")]
pub(crate) use {resource::Sender, run::Exporter, source::Source};
