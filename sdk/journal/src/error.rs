//! Errors of the journal.

use aegis_domain::fencing::NotAdmitted;
use aegis_domain::wire::DecodeError;
use aegis_domain::{Aggregate, ErrorCode};
use async_nats::jetstream::context::PublishError;

use aegis_nats::provision::ProvisionError;
use aegis_nats::refusal;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// An aggregate could not be read. Reads are safe to repeat.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The stream does not answer.
    #[error("the events stream cannot be read now")]
    Unavailable {
        /// Why.
        source: Source,
    },
    /// The stream of the journal is not there, and could not be made on its first use either. Nothing was recorded.
    #[error(
        "the stream {stream} of this journal is not there, and could not be made: call `Journal::provision` once, with credentials that may make streams"
    )]
    Missing {
        /// Its name.
        stream: String,
        /// Why it was not made.
        source: ProvisionError,
    },
    /// An event of the aggregate cannot be read: it is of a newer program, or damaged. Repeating does not help:
    /// upgrade this program, or verify the log.
    #[error("event {sequence} of the log cannot be read: upgrade this program, or verify the log")]
    Undecodable {
        /// Its stream sequence.
        sequence: u64,
        /// What is wrong with it.
        source: DecodeError,
    },
}

impl LoadError {
    pub fn unavailable(source: impl Into<Source>) -> Self {
        Self::Unavailable { source: source.into() }
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Unavailable { source } => refusal::code(&**source),
            Self::Missing { source, .. } => source.code(),
            Self::Undecodable { .. } => ErrorCode::Internal,
        }
    }
}

/// Events could not be appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Somebody else appended first. Nothing was recorded: load and decide anew, as [`Journal::execute`](super::Journal::execute) has
    /// done eight times before it says so.
    #[error("the aggregate has moved on")]
    Conflict,
    /// No acknowledgement came, also after retries: it may or may not have been recorded. Load the
    /// aggregate and look.
    #[error("the events stream did not acknowledge in time")]
    Ambiguous,
    /// The server refused. Nothing was recorded.
    #[error("the events stream refused the append")]
    Refused {
        /// Why.
        source: Source,
    },
    /// More events than fit one batch. Nothing was recorded: decide in smaller steps.
    #[error("{count} events are more than the {most} of one append", most = super::BATCH_MAX)]
    TooMany {
        /// How many.
        count: usize,
    },
    /// An event cannot be written. Nothing was recorded.
    #[error("an event cannot be encoded")]
    Encode {
        /// Why.
        source: DecodeError,
    },
}

impl AppendError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Refused { source } => refusal::code(&**source),
            Self::Ambiguous => ErrorCode::OutcomeUnknown,
            Self::Encode { .. } | Self::TooMany { .. } => ErrorCode::Internal,
            Self::Conflict => ErrorCode::Unavailable,
        }
    }

    pub fn refused(source: PublishError) -> Self {
        Self::Refused { source: source.into() }
    }
}

/// A command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError<R: std::error::Error> {
    /// The aggregate refused. Nothing was recorded.
    #[error("the command was refused")]
    Rejected {
        /// Why.
        rejection: R,
        /// The same for callers.
        #[source]
        refusal: Refusal,
    },
    /// The term that the command was given under is over, or no election can have made it. Nothing was recorded: stop
    /// acting for the group.
    #[error("the term of the command is not admitted")]
    NotAdmitted(#[from] NotAdmitted),
    /// The aggregate could not be read. Nothing was recorded.
    #[error("{}", unread(.0))]
    Load(#[from] LoadError),
    /// The events could not be appended.
    #[error("what the command decided cannot be appended")]
    Append(#[from] AppendError),
}

/// What callers are told of a command that the aggregate refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Refusal {
    /// Its code: see [`Aggregate::code`].
    pub code: &'static str,
    /// The words of the rejection.
    pub text: String,
}

/// The source says more; what is to be done must not be missed where it is not shown.
fn unread(error: &LoadError) -> String {
    match error {
        LoadError::Unavailable { .. } => "the aggregate cannot be read now".to_owned(),
        LoadError::Missing { stream, .. } => format!("{stream} is missing: call `Journal::provision` once"),
        LoadError::Undecodable { sequence, .. } => {
            format!("the aggregate cannot be read: event {sequence} is of a newer program, or damaged")
        }
    }
}

impl<R: std::error::Error> ExecuteError<R> {
    pub(crate) fn rejected<A: Aggregate<Rejection = R>>(rejection: R) -> Self {
        let refusal = Refusal { code: A::code(&rejection), text: rejection.to_string() };
        Self::Rejected { rejection, refusal }
    }

    /// The refusal, if it was one.
    pub fn rejection(self) -> Result<R, Self> {
        match self {
            Self::Rejected { rejection, .. } => Ok(rejection),
            other @ (Self::NotAdmitted(_) | Self::Load(_) | Self::Append(_)) => Err(other),
        }
    }

    /// The stable code; of a refusal `INVALID_INPUT`, beside which [`Refusal::code`] is the aggregate's own.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Rejected { .. } => ErrorCode::InvalidInput,
            Self::NotAdmitted(refused) => refused.code(),
            Self::Load(error) => error.code(),
            Self::Append(error) => error.code(),
        }
    }
}
