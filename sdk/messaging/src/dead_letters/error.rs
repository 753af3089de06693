//! Errors of dead letters.

use aegis_domain::{Actor, ErrorCode, LetterId};
use chrono::{DateTime, Utc};

use aegis_nats::refusal;

/// A dead letter could not be read or acted on. Except for `OutcomeUnknown`, nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum DeadLetterError {
    /// There is none at this sequence.
    #[error("there is no dead letter {sequence}: it was redriven or discarded, or has aged out")]
    NotFound {
        /// The sequence.
        sequence: u64,
    },
    /// Another letter stands there than the one that is meant: the stream was made anew, or put back from a copy.
    #[error(
        "dead letter {} is another one than you have seen: it was put aside at {}; nothing was done, list them anew",
        .id.sequence, .found.to_rfc3339()
    )]
    Replaced {
        /// The one that is meant.
        id: LetterId,
        /// When the one that stands there was put aside.
        found: DateTime<Utc>,
    },
    /// A list is to go on after a letter of a stream that is gone.
    #[error(
        "the stream of dead letters is another one than that of {id}: it was made anew or put back from a copy; list them anew"
    )]
    CursorReplaced {
        /// The letter.
        id: LetterId,
    },
    /// Somebody has decided on it already.
    #[error("{by} has {what} dead letter {sequence} already; if it is still there after a minute, {repeat}")]
    Decided {
        /// Its sequence.
        sequence: u64,
        /// Who.
        by: Actor,
        /// What was decided.
        what: &'static str,
        /// What finishes it.
        repeat: &'static str,
    },
    /// It cannot go back to where it came from.
    #[error("dead letter {sequence} cannot be redriven: {why}")]
    Stuck {
        /// Its sequence.
        sequence: u64,
        /// Why.
        why: String,
    },
    /// The reason is empty or too long.
    #[error("{0}")]
    Reason(String),
    /// The decision is recorded, and carrying it out failed half-way. Repeat it after a minute.
    #[error("the decision on dead letter {sequence} is recorded, and not carried out: repeat it in a minute")]
    CutOff {
        /// Its sequence.
        sequence: u64,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No word came of whether the decision was recorded. Repeat it after a minute: one that was is finished then.
    #[error(
        "whether the decision on dead letter {sequence} was recorded is not known: repeat it in a minute"
    )]
    Unclear {
        /// Its sequence.
        sequence: u64,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// NATS does not answer.
    #[error("the dead letters cannot be read or decided on now")]
    Unavailable {
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl DeadLetterError {
    pub(super) fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable { source: source.into() }
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound { .. } => ErrorCode::DeadLetterNotFound,
            Self::Replaced { .. } | Self::CursorReplaced { .. } => ErrorCode::HistoryReplaced,
            Self::Decided { .. } => ErrorCode::DeadLetterDecided,
            Self::Stuck { .. } => ErrorCode::DeadLetterStuck,
            Self::Reason(_) => ErrorCode::InvalidInput,
            Self::CutOff { .. } | Self::Unclear { .. } => ErrorCode::OutcomeUnknown,
            Self::Unavailable { source } => refusal::code(&**source),
        }
    }
}
