//! The pure core of Aegis: events, aggregates, value types and the wire grammar.
//!
//! Nothing in this crate does I/O, reads a clock or draws a random number: time, ids and randomness
//! enter as arguments (`clippy.toml` bans the functions that would bring them in otherwise).
//!
//! - [`name`], [`number`], [`id`], [`letter`]: validated value types;
//! - [`aggregate`]: the aggregates, each with a pure `decide` and a total `evolve`;
//! - [`schema`]: which aggregates share a journal, the control plane's own or yours;
//! - [`event`] and [`envelope`]: the record, and the metadata each entry of it carries;
//! - [`wire`]: the only place where subjects, bucket names and header names are built and parsed;
//! - [`fencing`]: which terms a sink lets in;
//! - [`claim`]: which member claims a vacant group first;
//! - [`text`]: what people write for the record;
//! - [`code`]: the catalogue of error codes.

pub mod aggregate;
pub mod chain;
pub mod claim;
pub mod code;
pub mod envelope;
pub mod failure;

pub mod fencing;
pub mod fields;
pub mod id;
pub mod letter;
mod mend;
pub mod name;
pub mod namespace;
pub mod number;
pub mod scenario;
pub mod schema;
pub mod text;
pub mod wire;

pub use aggregate::{Aggregate, AggregateId, AggregateKind, Event, Registry, event};
pub use code::ErrorCode;
pub use envelope::{Context, Envelope, Heading, Recorded};
pub use failure::Failure;

pub use id::{Actor, EventId, IdempotencyKey, InvalidActor, InvalidKey, LifeId, SessionId};
pub use letter::{InvalidLetterId, LetterId};
pub use name::{GroupName, InstanceName, InvalidName, MethodName, ServiceName, StreamName, Version};
pub use namespace::Namespace;
pub use number::{AggregateVersion, Sequence, Term};
pub use schema::Schema;
