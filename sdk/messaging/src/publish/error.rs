//! Errors of publishing to a stream.

use aegis_domain::ErrorCode;

/// A message was not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// JetStream is away, and the outbox is full: this message was not taken. Slow down, or give it up.
    #[error(
        "JetStream does not take messages now, and the outbox is full with {messages} of them: this one was refused"
    )]
    OutboxFull {
        /// How many messages wait.
        messages: usize,
    },
    /// No acknowledgement came in time. The message is still in the outbox and is sent until the stream has it,
    /// unless this process ends before: do not publish it again, or only under the same id.
    #[error("the stream has not acknowledged the message yet: it stays in the outbox and goes on being sent")]
    Waiting,
    /// The server takes no message of this size. Nothing was sent.
    #[error(
        "the message has {size} bytes with its headers, and the server takes {most}: send less, or a reference"
    )]
    TooLarge {
        /// Its size.
        size: usize,
        /// The most that the server takes.
        most: usize,
    },
    /// The stream refused the message, and would again.
    #[error("the stream refused the message with error {code}: {description}")]
    Refused {
        /// The error code of JetStream.
        code: u64,
        /// Its words.
        description: String,
    },
    /// The credentials of the connection may not publish to the subject. Nothing was kept.
    #[error("the credentials of this connection may not publish to {subject}: give the user that permission")]
    Denied {
        /// The subject.
        subject: String,
    },
    /// The last message of the subject is not the one that was expected. Nothing was kept.
    #[error("another message came to the subject first: {description}")]
    WrongLastSequence {
        /// The words of JetStream.
        description: String,
    },
    /// The runtime ended before the acknowledgement came.
    #[error("the publisher ended before the stream had acknowledged the message")]
    Ended,
}

impl PublishError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::OutboxFull { .. } => ErrorCode::OutboxFull,
            Self::Waiting | Self::Ended => ErrorCode::OutcomeUnknown,
            Self::TooLarge { .. } => ErrorCode::InvalidInput,
            Self::Refused { .. } => ErrorCode::StreamRefused,
            Self::Denied { .. } => ErrorCode::PermissionDenied,
            Self::WrongLastSequence { .. } => ErrorCode::SequenceConflict,
        }
    }
}
