//! The wire grammar: the only place where subjects, stream and bucket names and header names are
//! built and parsed.

pub mod chain;
pub mod cloudevents;
pub mod command;
pub mod control;
pub mod header;
pub mod heartbeat;
pub mod latency;
pub mod legacy;
pub mod namespace;
pub mod stream;
pub mod subject;

pub use cloudevents::{DecodeError, Encoded};
pub use namespace::Namespace;
