//! Why an append was not made, or may not have been.

use aegis_domain::ErrorCode;

use super::{StaleTerm, TokenError};
use aegis_nats::refusal;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// An append that was not acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum FenceError {
    /// The term is over. Nothing was written.
    #[error(transparent)]
    StaleTerm(#[from] StaleTerm),
    /// It may or may not have been written, or may still be. Look for its id before repeating it under
    /// another; to append the same id again is safe within the stream's duplicate window.
    #[error("no word came of whether {id} was written")]
    Unclear {
        /// The id.
        id: String,
    },
    /// JetStream cannot be reached, or refused. Nothing was written: try again later.
    #[error("the stream does not take the append now")]
    Unavailable {
        /// Why.
        source: Source,
    },
    /// Others kept writing to the subject in between. Nothing was written: try again.
    #[error("{tries} tries met another write each")]
    Contended {
        /// How many.
        tries: usize,
    },
    /// The id is empty or has a control character, or the stream has it already for another subject. Nothing
    /// was written. Ids are unique per stream, not per group: build them so.
    #[error("{id:?} cannot be the id of this append: {why}")]
    Id {
        /// The id.
        id: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The last message of the subject was not written through a fenced log of this group, so its term
    /// cannot be told, or not be believed. Nothing was written. Give each group a subject of its own that nothing
    /// else writes to, and remove the message from the stream.
    #[error("message {sequence} on {subject} does not carry the group's fencing token")]
    Foreign {
        /// The subject.
        subject: String,
        /// The stream sequence of the message.
        sequence: u64,
        /// What is wrong with it; nothing when it is another group's.
        source: Option<TokenError>,
    },
}

impl FenceError {
    pub(super) fn unavailable(source: impl Into<Source>) -> Self {
        Self::Unavailable { source: source.into() }
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::StaleTerm(stale) => stale.code(),
            Self::Unclear { .. } => ErrorCode::OutcomeUnknown,
            Self::Unavailable { source } => refusal::code(&**source),
            Self::Contended { .. } => ErrorCode::Unavailable,
            Self::Id { .. } => ErrorCode::InvalidInput,
            Self::Foreign { .. } => ErrorCode::Internal,
        }
    }
}
