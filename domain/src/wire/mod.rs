//! The wire grammar: the only place where subjects, stream and bucket names and header names are
//! built and parsed.

pub mod capability;
pub mod chain;
pub mod cloudevents;
pub mod command;
pub mod consumer;
pub mod control;
pub mod flow;
pub mod header;
pub mod heartbeat;
pub mod latency;
pub mod lenient;
pub mod micro;
pub mod namespace;
pub mod stream;
pub mod subject;
pub mod trace;

pub use cloudevents::{DecodeError, Encoded};
pub use namespace::Namespace;
pub use trace::TraceParent;
