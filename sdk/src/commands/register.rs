//! How commands have ended: one entry each, written by compare-and-set, so that it is decided once.

use std::time::Duration;

use aegis_domain::wire::command::{self, Outcome};
use tokio::sync::OnceCell;

use crate::Connection;
use crate::nats::bucket::{Bucket, CasError, ReadError};
use crate::nats::connection::backoff;
use crate::nats::provision::{ProvisionError, ensure_bucket};

/// How long the end of a command is kept.
const KEPT: Duration = Duration::from_secs(60 * 60);
/// How long it is kept that a command was called off, which may wait in the queue as long.
const KEPT_OFF: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How often a write is tried again that somebody else came before, or that was not acknowledged.
const TRIES: usize = 8;

/// Whose word on a command counts.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict {
    /// This one, just written or written before.
    Ours,
    /// This one, written by somebody else before.
    Theirs(Outcome),
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
        let slot = self.ready().await?.read(&key(id)).await?;
        Ok(slot.value.and_then(|value| serde_json::from_slice(&value).ok()))
    }

    /// Decides how it has ended. A command that failed for good may be sent back and end otherwise: that alone
    /// is written over.
    pub(super) async fn decide(&self, id: &str, outcome: &Outcome) -> Result<Verdict, RegisterError> {
        let body = serde_json::to_vec(outcome).unwrap_or_default();
        let kept = if matches!(outcome, Outcome::Cancelled { .. }) { KEPT_OFF } else { KEPT };
        let bucket = self.ready().await?;
        let mut tries = 1..TRIES;
        loop {
            let slot = bucket.read(&key(id)).await?;
            let found: Option<Outcome> = slot.value.and_then(|value| serde_json::from_slice(&value).ok());
            match found {
                Some(found) if found == *outcome => return Ok(Verdict::Ours),
                Some(found @ (Outcome::Completed { .. } | Outcome::Cancelled { .. })) => {
                    return Ok(Verdict::Theirs(found));
                }
                Some(found @ Outcome::Failed { .. }) if matches!(outcome, Outcome::Cancelled { .. }) => {
                    return Ok(Verdict::Theirs(found));
                }
                Some(Outcome::Failed { .. }) | None => {}
            }
            match bucket.put(&key(id), body.clone().into(), slot.revision, Some(kept)).await {
                Ok(_revision) => return Ok(Verdict::Ours),
                Err(CasError::Conflict | CasError::Ambiguous) if tries.next().is_some() => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The same, until it is decided.
    pub(super) async fn decide_at_last(&self, id: &str, outcome: &Outcome) -> Verdict {
        for attempt in 2.. {
            match self.decide(id, outcome).await {
                Ok(verdict) => return verdict,
                Err(error) => tracing::warn!(id, %error, attempt, "the end of a command is not recorded yet"),
            }
            tokio::time::sleep(backoff(attempt)).await;
        }
        Verdict::Ours
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
