//! The wire grammar: the only place where subjects, stream and bucket names and header names are
//! built and parsed.

pub mod capability;
pub mod cloudevents;
pub mod command;
pub mod consumer;
pub mod control;
pub mod flow;
pub mod header;
pub mod heartbeat;
mod installation;
pub mod latency;
pub mod lenient;
pub mod micro;
mod namespace;
pub mod stream;
pub mod subject;
pub mod trace;

pub use crate::chain;
pub use crate::namespace::Namespace;
pub use crate::schema::DecodeError;
pub use cloudevents::{Encoded, Metadata};
pub use installation::StreamPurpose;
pub use trace::TraceParent;
