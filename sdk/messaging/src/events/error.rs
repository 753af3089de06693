//! Errors of events.

use aegis_domain::ErrorCode;

use crate::codec::CodecError;
use crate::consume::{ConsumerTaken, OpenError};
use crate::publish::PublishError;
use aegis_nats::refusal;

/// An event could not be published, or is not known to be.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The subject has an empty part, a blank or a wildcard. Nothing was sent.
    #[error(
        "{subject:?} is no subject for an event: use parts of letters, digits, '-' and '_', joined by dots"
    )]
    Subject {
        /// The subject.
        subject: String,
    },
    /// It cannot be written. Nothing was sent.
    #[error("the event cannot be encoded: {0}")]
    Encode(CodecError),
    /// It was not acknowledged; the error says whether it may be.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

impl EventError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Subject { .. } | Self::Encode(_) => ErrorCode::InvalidInput,
            Self::Publish(error) => error.code(),
        }
    }
}

/// Events cannot be subscribed to.
#[derive(Debug, thiserror::Error)]
pub enum SubscribeError {
    /// The pattern is none.
    #[error(
        "{pattern:?} is no pattern of events: use parts of letters, digits, '-' and '_', '*' for any one, and '>' at the end for any rest, joined by dots"
    )]
    Pattern {
        /// The pattern.
        pattern: String,
    },
    /// The name of the subscription is none for a consumer.
    #[error(
        "{name:?} is no name for a subscription: use letters, digits, '-' and '_', and at most 64 of them"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// Two subscriptions of one service have the same name.
    #[error("there are two subscriptions named {name:?}: name one of them otherwise")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A consumer of this name belongs to another subscription. Nothing of it was changed.
    #[error("{0}: give the subscription another name, or remove the consumer if nobody needs it")]
    Taken(ConsumerTaken),
    /// JetStream does not make the consumer: it does not answer, or one with this name exists and differs in
    /// what cannot be changed.
    #[error("the consumer {consumer} cannot be made")]
    Consumer {
        /// Its name.
        consumer: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The subject could not be subscribed to.
    #[error("the subject cannot be subscribed to")]
    Subscribe(#[from] async_nats::SubscribeError),
}

impl SubscribeError {
    pub(super) fn opening(consumer: String, error: OpenError) -> Self {
        match error {
            OpenError::Taken(taken) => Self::Taken(taken),
            OpenError::Server(source) => Self::Consumer { consumer, source },
        }
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Pattern { .. } | Self::Name { .. } | Self::DuplicateName { .. } | Self::Taken(_) => {
                ErrorCode::InvalidInput
            }
            Self::Consumer { source, .. } => refusal::code(&**source),
            Self::Subscribe(_) => ErrorCode::Unavailable,
        }
    }
}
