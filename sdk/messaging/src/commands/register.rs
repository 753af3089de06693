//! The state of commands: one entry each, written by compare-and-set, so that a result is decided once, and failed tries
//! are counted across instances.

use std::time::Duration;

use aegis_domain::ServiceName;
use aegis_domain::wire::command::{self, Outcome};
use aegis_domain::wire::header;
use async_nats::HeaderMap;
use async_nats::jetstream::context::PublishErrorKind;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use aegis_nats::Connection;
use aegis_nats::backoff::backoff;
use aegis_nats::bucket::{Bucket, CasError, ReadError};
use aegis_nats::provision::{ProvisionError, ensure_bucket};

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
    /// None: it is larger than NATS takes, and was not written.
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

/// A command: its id is one of its service.
#[derive(Debug, Clone, Copy)]
pub(super) struct Of<'a> {
    pub(super) service: &'a ServiceName,
    pub(super) id: &'a str,
}

#[derive(Debug, Clone)]
pub(super) struct Register {
    connection: Connection,
    bucket: Bucket,
    ready: std::sync::Arc<OnceCell<()>>,
}

/// How a command has ended, if that can be read and it has.
pub(crate) async fn ended(connection: &Connection, service: &ServiceName, id: &str) -> Option<Outcome> {
    let bucket = Bucket::new(connection, connection.namespace().commands_bucket());
    let slot = bucket.read(&Of { service, id }.key()).await.ok()?;
    match serde_json::from_slice(&slot.value?).ok()? {
        Entry::Ended(outcome) => Some(outcome),
        Entry::Tried(_) => None,
    }
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

    /// Keeps that the service takes commands, whatever becomes of the queue.
    pub(super) async fn note_admitted(&self, service: &ServiceName) -> Result<(), RegisterError> {
        let (bucket, key) = (self.ready().await?, command::admission_key(service));
        let slot = bucket.read(&key).await?;
        if slot.value.is_some() {
            return Ok(());
        }
        match bucket.put(&key, Bytes::from_static(b"true"), slot.revision, None).await {
            Ok(_) | Err(CasError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the service has ever taken commands.
    pub(super) async fn was_admitted(&self, service: &ServiceName) -> Result<bool, RegisterError> {
        let slot = self.ready().await?.read(&command::admission_key(service)).await?;
        Ok(slot.value.is_some())
    }

    /// How the command has ended, if it has.
    pub(super) async fn read(&self, command: Of<'_>) -> Result<Option<Outcome>, RegisterError> {
        Ok(match self.entry(command).await? {
            Some(Entry::Ended(outcome)) => Some(outcome),
            Some(Entry::Tried(_)) | None => None,
        })
    }

    /// How the command stands, if anything was said of it.
    pub(super) async fn entry(&self, command: Of<'_>) -> Result<Option<Entry>, RegisterError> {
        let slot = self.ready().await?.read(&command.key()).await?;
        Ok(slot.value.and_then(|value| serde_json::from_slice(&value).ok()))
    }

    /// Decides how it has ended. A command that failed for good may be sent back and end otherwise: that alone
    /// is written over.
    pub(super) async fn decide(&self, command: Of<'_>, outcome: &Outcome) -> Result<Verdict, RegisterError> {
        let body = json(outcome);
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
        self.write(command, body, kept, verdict).await
    }

    /// The same, until it is decided.
    pub(super) async fn decide_at_last(&self, command: Of<'_>, outcome: &Outcome) -> Verdict {
        self.at_last(command, || self.decide(command, outcome)).await
    }

    /// Records that so many tries have failed and another is to come, unless the command has ended meanwhile.
    pub(super) async fn failed(&self, command: Of<'_>, tried: Tried) -> Result<Verdict, RegisterError> {
        let body = json(&tried);
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
        self.write(command, body, KEPT_WAITING, verdict).await
    }

    /// Writes an entry unless what is found there already gives the verdict.
    async fn write(
        &self,
        command: Of<'_>,
        body: Bytes,
        kept: Duration,
        verdict: impl Fn(Entry) -> Option<Verdict>,
    ) -> Result<Verdict, RegisterError> {
        let bucket = self.ready().await?;
        let mut tries = 1..TRIES;
        loop {
            let slot = bucket.read(&command.key()).await?;
            let found: Option<Entry> = slot.value.and_then(|value| serde_json::from_slice(&value).ok());
            if let Some(verdict) = found.and_then(&verdict) {
                return Ok(verdict);
            }
            match bucket.put(&command.key(), body.clone(), slot.revision, Some(kept)).await {
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
    pub(super) async fn at_last<T, F>(&self, command: Of<'_>, ask: impl Fn() -> F) -> T
    where
        F: Future<Output = Result<T, RegisterError>>,
    {
        let mut attempt = 1;
        loop {
            match ask().await {
                Ok(answer) => return answer,
                Err(error) => {
                    attempt += 1;
                    tracing::warn!(id = command.id, %error, attempt, "the register of commands does not answer: a command waits");
                }
            }
            tokio::time::sleep(backoff(attempt)).await;
        }
    }

    /// Publishes the result. A caller that misses it finds it in the register.
    pub(super) async fn announce(&self, command: Of<'_>, outcome: &Outcome) {
        let (subject, body) = (command::result(self.connection.namespace(), command.id), json(outcome));
        let told = self.connection.client().publish_with_headers(subject, command.headers(), body);
        if let Err(error) = told.await {
            tracing::debug!(id = command.id, %error, "the end of a command was not told");
        }
    }
}

impl Of<'_> {
    fn key(self) -> String {
        command::key(self.service, self.id)
    }

    /// On what is told of it.
    pub(super) fn headers(self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::SERVICE, self.service.as_str());
        headers
    }
}

fn json(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}
