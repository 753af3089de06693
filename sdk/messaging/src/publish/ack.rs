//! Acknowledgements of a stream.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_nats::StatusCode;
use serde::Deserialize;
use tokio::sync::oneshot;

use super::error::PublishError;

/// The errors of JetStream that say that it will not take the message as it is (server/errors.json).
const WRONG_LAST_SEQUENCE: [u64; 3] = [10_071, 10_070, 10_164];
/// Codes in the manner of HTTP from which on an error is the server's own trouble, and passes.
const SERVER_TROUBLE: u64 = 500;
const TOO_MANY_REQUESTS: u64 = 429;

/// A message that the stream has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// Its position in the stream.
    pub sequence: u64,
    /// Whether the stream had a message with this id before, so that this one counts as that one.
    pub duplicate: bool,
}

/// What a stream answered.
#[derive(Debug)]
pub(super) enum Answer {
    Kept(Published),
    Refused(PublishError),
    /// No stream takes the subject: it may have been removed.
    Absent,
    /// Not now: no stream covers the subject, or its leader cannot take it.
    Away(String),
}

#[derive(Deserialize)]
struct Ack {
    #[serde(default)]
    seq: u64,
    #[serde(default)]
    duplicate: bool,
    #[serde(default)]
    error: Option<ApiError>,
}

#[derive(Deserialize)]
struct ApiError {
    #[serde(default)]
    code: u64,
    #[serde(default)]
    err_code: u64,
    #[serde(default)]
    description: String,
}

impl Answer {
    pub(super) fn read(message: &async_nats::Message) -> Self {
        if message.status == Some(StatusCode::NO_RESPONDERS) {
            return Self::Absent;
        }
        match serde_json::from_slice::<Ack>(&message.payload) {
            Ok(Ack { error: None, seq: sequence, duplicate }) => {
                Self::Kept(Published { sequence, duplicate })
            }
            Ok(Ack { error: Some(error), .. }) => error.into(),
            Err(error) => Self::Away(format!("the acknowledgement cannot be read: {error}")),
        }
    }
}

impl From<ApiError> for Answer {
    fn from(ApiError { code, err_code, description }: ApiError) -> Self {
        if WRONG_LAST_SEQUENCE.contains(&err_code) {
            return Self::Refused(PublishError::WrongLastSequence { description });
        }
        if code >= SERVER_TROUBLE || code == TOO_MANY_REQUESTS {
            return Self::Away(description);
        }
        Self::Refused(PublishError::Refused { code: err_code, description })
    }
}

pub(crate) type Receipt = oneshot::Receiver<Result<Published, PublishError>>;

/// A message on its way; as a future, what became of it.
///
/// Dropping it takes nothing back: the message goes on being sent.
#[derive(Debug)]
#[must_use = "whether the stream has the message is known only from this"]
pub struct Pending {
    receipt: Receipt,
}

impl Pending {
    pub(crate) fn new(receipt: Receipt) -> Self {
        Self { receipt }
    }

    /// Waits no longer than that.
    ///
    /// # Errors
    /// [`PublishError::Waiting`] when the time is over; otherwise see [`PublishError`].
    ///
    /// # Cancel safety
    /// Dropping the future leaves the message on its way.
    pub async fn within(self, patience: Duration) -> Result<Published, PublishError> {
        tokio::time::timeout(patience, self).await.unwrap_or(Err(PublishError::Waiting))
    }
}

impl Future for Pending {
    type Output = Result<Published, PublishError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.receipt).poll(context).map(|answer| answer.unwrap_or(Err(PublishError::Ended)))
    }
}
