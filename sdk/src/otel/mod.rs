//! Export of figures and traces to an OpenTelemetry collector (feature `otel`).
//!
//! Calls hand their spans to a bounded queue and never wait; figures are read from the meters that stand anyway. Two
//! tasks of the service send them. Without the feature nothing of it is there but the types that say so.

mod config;
mod spans;

#[cfg(feature = "otel")]
mod collector;
#[cfg(feature = "otel")]
mod figures;
#[cfg(feature = "otel")]
mod resource;
#[cfg(feature = "otel")]
mod run;
#[cfg(feature = "otel")]
mod traces;

pub use config::{InvalidOtel, OtelConfig};
pub(crate) use spans::{Ended, Side, Spans, Step};

#[cfg(feature = "otel")]
pub(crate) use {
    resource::Sender,
    run::{Exporter, Source},
};
