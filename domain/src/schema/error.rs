//! Why an event cannot be read.

/// Why a message of the events stream cannot be read as an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The subject names no aggregate.
    #[error("the subject {subject:?} names no aggregate of this namespace")]
    Subject {
        /// The subject.
        subject: String,
    },
    /// The id of an aggregate cannot stand in a subject.
    #[error(
        "the aggregate id {id:?} cannot stand in a subject: use tokens of letters, digits, '-' and '_', joined by dots"
    )]
    Id {
        /// The id.
        id: String,
    },
    /// A header is missing or has a wrong value.
    #[error("the header {name} is missing or malformed")]
    Header {
        /// Its name.
        name: &'static str,
    },
    /// The type is not in the catalogue.
    #[error("the event type {event_type:?} is unknown")]
    UnknownType {
        /// The type.
        event_type: String,
    },
    /// The type is known, but a later version than this program knows.
    #[error("the event type {event_type:?} is newer than this program: upgrade it")]
    FutureVersion {
        /// The type.
        event_type: String,
    },
    /// The type does not belong to this aggregate.
    #[error("the event type {event_type:?} does not belong to the aggregate {aggregate:?}")]
    Misplaced {
        /// The type.
        event_type: String,
        /// The aggregate.
        aggregate: String,
    },
    /// The body is not the JSON of this event type.
    #[error("the body does not fit the event type: {detail}")]
    Body {
        /// What is wrong with it.
        detail: String,
    },
}
