//! Errors of streams.

use aegis_domain::{ErrorCode, InvalidName, StreamName};

use crate::codec::CodecError;
use crate::publish::PublishError;
use aegis_nats::provision::ProvisionError;
use aegis_nats::refusal;

/// Something went wrong with a stream.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// A name breaks its rule.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// A key cannot stand in a subject. Nothing was sent.
    #[error("{key:?} is no key: use letters, digits, '-' and '_'")]
    Key {
        /// The key.
        key: String,
    },
    /// The stream is there with another number of partitions.
    #[error(
        "the stream {name} has {found:?} partitions, and {wanted} are asked for: open it with as many as it has"
    )]
    Partitions {
        /// Its name.
        name: StreamName,
        /// How many were asked for.
        wanted: u16,
        /// How many it has, if it says so.
        found: Option<u16>,
    },
    /// There is no such partition.
    #[error("the stream {name} has no partition {partition}")]
    NoPartition {
        /// Its name.
        name: StreamName,
        /// The partition.
        partition: u16,
    },
    /// It cannot be made ready.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// A record cannot be written. Nothing was sent.
    #[error("the record cannot be encoded: {0}")]
    Encode(CodecError),
    /// A record was not acknowledged; the error says whether it may be.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// Another reader of this name has been opened since: this one's word counts no more. Stop it.
    #[error("the reader {reader} was opened elsewhere after this one: this one must stop")]
    Fenced {
        /// The name of the reader.
        reader: StreamName,
    },
    /// NATS cannot be reached. Nothing is known to have been done; it is safe to try again.
    #[error("the stream or its checkpoints do not answer")]
    Unavailable {
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StreamError {
    pub(super) fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable { source: source.into() }
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Name(_)
            | Self::Key { .. }
            | Self::Partitions { .. }
            | Self::NoPartition { .. }
            | Self::Encode(_) => ErrorCode::InvalidInput,
            Self::Publish(error) => error.code(),
            Self::Fenced { .. } => ErrorCode::StaleTerm,
            Self::Provision(error) => error.code(),
            Self::Unavailable { source } => refusal::code(&**source),
        }
    }
}
