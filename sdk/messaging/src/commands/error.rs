//! Errors of commands.

use aegis_domain::ErrorCode;
use serde_json::Value;

use aegis_nats::refusal;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// A command could not be sent, or did not come to a good end.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// A name, an id or the parameters break a rule. Nothing was sent.
    #[error("{0}")]
    Invalid(String),
    /// The work queue keeps no commands of this service: no instance of it has ever run. Nothing was sent.
    #[error("nobody has ever taken commands of {service}: check its name, or admit it first")]
    NoQueue {
        /// The service.
        service: String,
    },
    /// The work queue refused the command. Nothing was sent.
    #[error("the work queue refused the command")]
    Refused {
        /// Why.
        source: Source,
    },
    /// No acknowledgement came: the work queue may or may not have the command. Send it again under the same id.
    #[error("the work queue has not acknowledged command {id}: it may have it; send it again under this id")]
    Unconfirmed {
        /// Its id.
        id: String,
        /// Why.
        source: Source,
    },
    /// NATS cannot be reached. Nothing was done.
    #[error("NATS does not answer")]
    Unavailable {
        /// Why.
        source: Source,
    },
    /// It failed for good, and stands as a dead letter.
    #[error("{code}: {message}")]
    Failed {
        /// A stable code, or one of the service's own.
        code: String,
        /// What went wrong.
        message: String,
        /// The same for programs, if the service says more.
        details: Option<Value>,
    },
    /// It was called off.
    #[error("the command was called off: {reason}")]
    Cancelled {
        /// Why.
        reason: String,
    },
    /// It is done, and its result is not what was expected.
    #[error("the command is done, and its result cannot be read: {0}")]
    Result(serde_json::Error),
}

impl CommandError {
    pub(super) fn unavailable(source: impl Into<Source>) -> Self {
        Self::Unavailable { source: source.into() }
    }

    /// The stable code; the service's own of a command that failed.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Failed { code, .. } => code,
            Self::Invalid(_) | Self::Result(_) => ErrorCode::InvalidInput.as_str(),
            Self::NoQueue { .. } => ErrorCode::NoResponders.as_str(),
            Self::Refused { .. } => ErrorCode::StreamRefused.as_str(),
            Self::Unconfirmed { .. } => ErrorCode::OutcomeUnknown.as_str(),
            Self::Unavailable { source } => refusal::code(&**source).as_str(),
            Self::Cancelled { .. } => ErrorCode::Cancelled.as_str(),
        }
    }
}
