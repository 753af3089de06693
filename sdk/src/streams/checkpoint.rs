//! How far a reader has come, and which of several readers counts.

use std::time::Duration;

use aegis_domain::StreamName;
use aegis_domain::wire::stream;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::StreamError;
use crate::Connection;
use crate::nats::bucket::{Bucket, CasError};
use crate::nats::connection::backoff;

/// How often a claim or a commit is tried.
const TRIES: usize = 8;

/// What stands in the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// Everything up to this sequence is done; none before the first commit.
    after: Option<u64>,
    /// Grows by one with each opening.
    epoch: u64,
    /// The connection that opened it, for people.
    holder: String,
    /// When it was written, by the reader's clock, for people.
    at: DateTime<Utc>,
}

/// The checkpoint of one reader, as this process last wrote it.
#[derive(Debug)]
pub(super) struct Checkpoint {
    bucket: Bucket,
    key: String,
    reader: StreamName,
    entry: Entry,
    revision: u64,
}

impl Checkpoint {
    /// Takes the reader over from whoever has it.
    pub(super) async fn claim(
        connection: &Connection,
        name: &StreamName,
        reader: &StreamName,
        partition: u16,
        rewind: bool,
    ) -> Result<Self, StreamError> {
        let bucket = Bucket::new(connection, connection.namespace().checkpoints_bucket());
        let key = stream::checkpoint(name, reader.as_str(), partition);
        let mut last = CasError::Conflict;
        for attempt in 1..=TRIES {
            tokio::time::sleep(backoff(attempt)).await;
            let slot = bucket.read(&key).await.map_err(StreamError::unavailable)?;
            let found: Option<Entry> = slot.value.and_then(|value| serde_json::from_slice(&value).ok());
            let entry = Entry {
                after: found.as_ref().and_then(|found| found.after).filter(|_| !rewind),
                epoch: found.map_or(0, |found| found.epoch) + 1,
                holder: connection.options().name.clone(),
                at: Utc::now(),
            };
            match bucket.put(&key, encode(&entry), slot.revision, None).await {
                Ok(revision) => {
                    return Ok(Self { bucket, key, reader: reader.clone(), entry, revision });
                }
                // A claim that was not answered leaves an epoch that nobody has; the next one is higher.
                Err(error @ (CasError::Conflict | CasError::Ambiguous)) => last = error,
                Err(error) => return Err(StreamError::unavailable(error)),
            }
        }
        Err(StreamError::unavailable(last))
    }

    pub(super) fn after(&self) -> Option<u64> {
        self.entry.after
    }

    pub(super) fn epoch(&self) -> u64 {
        self.entry.epoch
    }

    /// Moves it there, unless another reader has been opened since.
    pub(super) async fn commit(&mut self, sequence: u64) -> Result<(), StreamError> {
        if self.entry.after == Some(sequence) {
            return Ok(());
        }
        let entry = Entry { after: Some(sequence), at: Utc::now(), ..self.entry.clone() };
        for attempt in 1..=TRIES {
            match self.bucket.put(&self.key, encode(&entry), self.revision, None).await {
                Ok(revision) => {
                    (self.entry, self.revision) = (entry, revision);
                    return Ok(());
                }
                // It may be our own write that was not answered.
                Err(CasError::Conflict | CasError::Ambiguous) => {
                    let slot = self.bucket.read(&self.key).await.map_err(StreamError::unavailable)?;
                    let found: Option<Entry> =
                        slot.value.and_then(|value| serde_json::from_slice(&value).ok());
                    match found {
                        Some(found) if found.epoch == self.entry.epoch => self.revision = slot.revision,
                        Some(_) | None => return Err(StreamError::Fenced { reader: self.reader.clone() }),
                    }
                }
                Err(error) => return Err(StreamError::unavailable(error)),
            }
            tokio::time::sleep(backoff(attempt).min(Duration::from_millis(100))).await;
        }
        Err(StreamError::unavailable(CasError::Ambiguous))
    }
}

fn encode(entry: &Entry) -> bytes::Bytes {
    serde_json::to_vec(entry).unwrap_or_default().into()
}
