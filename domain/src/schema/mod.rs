//! Schemas: which aggregates share one journal, and how their events stand on the wire.
//!
//! The control plane's own is [`Registry`](crate::Registry). A program with aggregates of its own declares another
//! one; it gets a stream of its own, so that neither can harm the other.

mod digits;
mod error;
mod tagged;
mod upcast;

use std::fmt::{Debug, Display};
use std::str::FromStr;

use crate::{EventId, Namespace};

pub use digits::keep_digits;
pub use error::DecodeError;
pub use tagged::{from_tagged, to_tagged};
pub use upcast::Upcaster;
use upcast::upcast;

/// What becomes of an aggregate with an event that cannot be read: its type is of a newer program, or its body
/// is damaged. Messages without the headers of an event are no events, and are passed over in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// The aggregate cannot be loaded, so nothing is decided on half of its history. The default.
    Refuse,
    /// It is left out. For aggregates whose later events say all that counts, so that programs of several
    /// versions work side by side, and one damaged event does not hold an aggregate for ever.
    PassOver,
}

/// The event of that type and body, as they stand in the log, on the subject of that aggregate: what is written
/// no more is read as its successor.
///
/// # Errors
/// What is wrong with them.
pub fn read<S: Schema>(id: &S::Id, event_type: &str, body: &[u8]) -> Result<S::Event, DecodeError> {
    let (event_type, body) = upcast(S::UPCASTERS, event_type, body)?;
    S::read(id, event_type, &body)
}

/// The aggregates of one journal. A type without values, used as a parameter.
///
/// # Examples
/// ```
/// use aegis_domain::schema::{from_tagged, to_tagged};
/// use aegis_domain::wire::DecodeError;
/// use aegis_domain::{GroupName, Schema};
/// use serde::{Deserialize, Serialize};
///
/// /// The journal `counters`, whose aggregates are named like groups.
/// #[derive(Debug, Clone, Copy, PartialEq)]
/// struct Counters;
///
/// #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
/// #[serde(rename_all = "snake_case")]
/// enum Event {
///     Counted { by: u64 },
/// }
///
/// impl Schema for Counters {
///     type Id = GroupName;
///     type Event = Event;
///
///     const NAME: &'static str = "counters";
///
///     fn event_type(event: &Event) -> String {
///         match event {
///             Event::Counted { .. } => "counters.counted.v1".to_owned(),
///         }
///     }
///
///     fn write(event: &Event) -> Result<Vec<u8>, serde_json::Error> {
///         to_tagged(event)
///     }
///
///     fn read(_id: &GroupName, event_type: &str, body: &[u8]) -> Result<Event, DecodeError> {
///         match event_type {
///             "counters.counted.v1" => {
///                 from_tagged("counted", body).map_err(|error| DecodeError::Body { detail: error.to_string() })
///             }
///             other => Err(DecodeError::UnknownType { event_type: other.to_owned() }),
///         }
///     }
/// }
/// ```
pub trait Schema: Debug + Clone + Copy + PartialEq + Send + Sync + 'static {
    /// Names one aggregate. Its text is what stands in the subject after the prefix: tokens of letters, digits,
    /// `-` and `_`, joined by dots; reading the text gives the same id again.
    type Id: Clone + Debug + PartialEq + Display + FromStr + Send + Sync;
    /// Any event of any of the aggregates.
    type Event: Clone + Debug + PartialEq + Send + Sync;

    /// The name of the journal, one token of lower-case letters, digits and `_`.
    const NAME: &'static str;
    /// How bodies of types that are written no more become those of the types that are. See [`Upcaster`].
    const UPCASTERS: &'static [Upcaster] = &[];
    /// What to do with an event of an aggregate that this program cannot read.
    const UNREADABLE: Unreadable = Unreadable::Refuse;

    /// The stream that holds the events.
    #[must_use]
    fn stream(namespace: &Namespace) -> String {
        namespace.journal_stream(Self::NAME)
    }

    /// What the subject of every event begins with, before a dot and the id.
    #[must_use]
    fn prefix(namespace: &Namespace) -> String {
        namespace.journal_prefix(Self::NAME)
    }

    /// The CloudEvents type of the event, ending in its version: `order.placed.v2`.
    #[must_use]
    fn event_type(event: &Self::Event) -> String;

    /// The JSON of the event's fields. The type says which event it is, so the body need not.
    ///
    /// # Errors
    /// When a value cannot be written as JSON.
    fn write(event: &Self::Event) -> Result<Vec<u8>, serde_json::Error>;

    /// The event of that type and body, on the subject of that aggregate. Older types have become current ones
    /// before.
    ///
    /// # Errors
    /// Why it is none of this schema.
    fn read(id: &Self::Id, event_type: &str, body: &[u8]) -> Result<Self::Event, DecodeError>;

    /// An id that the recorder of the event gives to it; by default one is drawn.
    #[must_use]
    fn event_id(_id: &Self::Id, _event: &Self::Event) -> Option<EventId> {
        None
    }
}
