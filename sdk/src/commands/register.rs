//! How commands stand: one entry each, written by compare-and-set, so that an end is decided once, and a try that
//! failed counts wherever the next one is made.

use std::time::Duration;

use aegis_domain::wire::command::{self, Outcome};
use async_nats::jetstream::context::PublishErrorKind;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use crate::Connection;
use crate::nats::bucket::{Bucket, CasError, ReadError};
use crate::nats::connection::backoff;
use crate::nats::provision::{ProvisionError, ensure_bucket};

/// How long the end of a command is kept.
const KEPT: Duration = Duration::from_secs(60 * 60);
/// How long it is kept what became of a command that may wait in the queue as long: called off, or tried so far.
const KEPT_WAITING: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How often a write is tried again that somebody else came before, or that was not acknowledged.
const TRIES: usize = 8;

/// What stands of a command.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub(super) enum Entry {
    /// It has ended.
    Ended(Outcome),
    /// It was tried, and is to be tried again.
    Tried(Tried),
}

/// How many tries of one message of the queue have failed. A dead letter that is sent back is another message, and
/// begins anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tried {
    /// Its sequence in the queue.
    pub(super) message: u64,
    pub(super) failed: u32,
}

/// Whose word on a command counts.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict {
    /// This one, just written or written before.
    Ours,
    /// This one, written by somebody else before.
    Theirs(Outcome),
    /// Nobody's: it is larger than NATS takes, and was not written.
    TooLarge,
}

/// It could not be decided.
#[derive(Debug, thiserror::Error)]
pub(super) enum RegisterError {
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Write(#[from] CasError),
}

#[derive(Debug, Clone)]
pub(super) struct Register {
    connection: Connection,
    bucket: Bucket,
    ready: std::sync::Arc<OnceCell<()>>,
}

impl Register {
    pub(super) fn new(connection: &Connection) -> Self {
        let bucket = Bucket::new(connection, connection.namespace().commands_bucket());
        Self { connection: connection.clone(), bucket, ready: std::sync::Arc::default() }
    }

    /// Makes the bucket when it is not there yet.
    pub(super) async fn ready(&self) -> Result<&Bucket, ProvisionError> {
        let name = self.connection.namespace().commands_bucket();
        self.ready.get_or_try_init(|| ensure_bucket(&self.connection, name)).await?;
        Ok(&self.bucket)
    }

    /// How the command has ended, if it has.
    pub(super) async fn read(&self, id: &str) -> Result<Option<Outcome>, RegisterError> {
        Ok(match self.entry(id).await? {
            Some(Entry::Ended(outcome)) => Some(outcome),
            Some(Entry::Tried(_)) | None => None,
        })
    }

    /// How the command stands, if anything was said of it.
    pub(super) async fn entry(&self, id: &str) -> Result<Option<Entry>, RegisterError> {
        let slot = self.ready().await?.read(&key(id)).await?;
        Ok(slot.value.and_then(|value| serde_json::from_slice(&value).ok()))
    }

    /// Decides how it has ended. A command that failed for good may be sent back and end otherwise: that alone
    /// is written over.
    pub(super) async fn decide(&self, id: &str, outcome: &Outcome) -> Result<Verdict, RegisterError> {
        let body = serde_json::to_vec(outcome).unwrap_or_default().into();
        let called_off = matches!(outcome, Outcome::Cancelled { .. });
        let kept = if called_off { KEPT_WAITING } else { KEPT };
        let verdict = |found: Entry| match found {
            Entry::Ended(found) if found == *outcome => Some(Verdict::Ours),
            Entry::Ended(found @ (Outcome::Completed { .. } | Outcome::Cancelled { .. })) => {
                Some(Verdict::Theirs(found))
            }
            Entry::Ended(found @ Outcome::Failed { .. }) => called_off.then_some(Verdict::Theirs(found)),
            Entry::Tried(_) => None,
        };
        self.write(id, body, kept, verdict).await
    }

    /// The same, until it is decided.
    pub(super) async fn decide_at_last(&self, id: &str, outcome: &Outcome) -> Verdict {
        self.at_last(id, || self.decide(id, outcome)).await
    }

    /// Records that so many tries have failed and another is to come, unless the command has ended meanwhile.
    pub(super) async fn failed(&self, id: &str, tried: Tried) -> Result<Verdict, RegisterError> {
        let body = serde_json::to_vec(&tried).unwrap_or_default().into();
        let verdict = |found: Entry| match found {
            Entry::Ended(found @ (Outcome::Completed { .. } | Outcome::Cancelled { .. })) => {
                Some(Verdict::Theirs(found))
            }
            Entry::Ended(Outcome::Failed { .. }) => None,
            // Who was cut off over a try may tell of it when others have told of more.
            Entry::Tried(found) => {
                (found.message == tried.message && found.failed >= tried.failed).then_some(Verdict::Ours)
            }
        };
        self.write(id, body, KEPT_WAITING, verdict).await
    }

    /// Writes an entry unless what is found there already gives the verdict.
    async fn write(
        &self,
        id: &str,
        body: Bytes,
        kept: Duration,
        verdict: impl Fn(Entry) -> Option<Verdict>,
    ) -> Result<Verdict, RegisterError> {
        let bucket = self.ready().await?;
        let mut tries = 1..TRIES;
        loop {
            let slot = bucket.read(&key(id)).await?;
            let found: Option<Entry> = slot.value.and_then(|value| serde_json::from_slice(&value).ok());
            if let Some(verdict) = found.and_then(&verdict) {
                return Ok(verdict);
            }
            match bucket.put(&key(id), body.clone(), slot.revision, Some(kept)).await {
                Ok(_revision) => return Ok(Verdict::Ours),
                Err(CasError::Conflict | CasError::Ambiguous) if tries.next().is_some() => {}
                Err(CasError::Refused { source })
                    if source.kind() == PublishErrorKind::MaxPayloadExceeded =>
                {
                    return Ok(Verdict::TooLarge);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Repeats a question to the register, or a word to it, until it answers.
    pub(super) async fn at_last<T, F>(&self, id: &str, ask: impl Fn() -> F) -> T
    where
        F: Future<Output = Result<T, RegisterError>>,
    {
        let mut attempt = 1;
        loop {
            match ask().await {
                Ok(answer) => return answer,
                Err(error) => {
                    attempt += 1;
                    tracing::warn!(id, %error, attempt, "the register of commands does not answer: a command waits");
                }
            }
            tokio::time::sleep(backoff(attempt)).await;
        }
    }

    /// Tells those who listen. Whoever does not hear it finds it in the register.
    pub(super) async fn announce(&self, id: &str, outcome: &Outcome) {
        let subject = command::result(self.connection.namespace(), id);
        let body = serde_json::to_vec(outcome).unwrap_or_default();
        if let Err(error) = self.connection.client().publish(subject, body.into()).await {
            tracing::debug!(id, %error, "the end of a command was not told");
        }
    }
}

fn key(id: &str) -> String {
    format!("outcome.{id}")
}
