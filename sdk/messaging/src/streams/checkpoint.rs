//! The checkpoint of a reader, and the epoch by which the newest of several readers wins.

use std::time::Duration;

use aegis_domain::StreamName;
use aegis_domain::wire::stream;
use async_nats::jetstream;
use async_nats::jetstream::stream::LastRawMessageErrorKind;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Record, StreamError};
use aegis_nats::Connection;
use aegis_nats::backoff::backoff;
use aegis_nats::bucket::{Bucket, CasError};

/// How often a claim or a commit is tried.
const TRIES: usize = 8;

/// What stands in the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// Everything up to this sequence is done; none before the first commit.
    after: Option<u64>,
    /// When the server stored the record at it, in microseconds since 1970: a sequence is given out again when the
    /// history of a stream goes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stored_us: Option<i64>,
    /// When the stream was made, in microseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_us: Option<i64>,
    /// Grows by one with each opening.
    epoch: u64,
    /// The connection that opened it, for people.
    holder: String,
    /// When it was written, by the reader's clock, for people.
    at: DateTime<Utc>,
}

/// One record of one history of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) sequence: u64,
    pub(super) stored_us: i64,
}

impl Place {
    pub(super) fn of(record: &Record) -> Self {
        Self { sequence: record.sequence, stored_us: record.published_at.timestamp_micros() }
    }
}

/// Nanoseconds as microseconds.
pub(super) fn micros(nanos: i128) -> i64 {
    i64::try_from(nanos.div_euclid(1_000)).unwrap_or_default()
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
    /// Takes the reader over from its present holder.
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
            let kept = found.as_ref().filter(|_| !rewind);
            let entry = Entry {
                after: kept.and_then(|found| found.after),
                stored_us: kept.and_then(|found| found.stored_us),
                created_us: kept.and_then(|found| found.created_us),
                epoch: found.map_or(0, |found| found.epoch) + 1,
                holder: connection.options().name.clone(),
                at: Utc::now(),
            };
            match bucket.put(&key, encode(&entry), slot.revision, None).await {
                Ok(revision) => {
                    return Ok(Self { bucket, key, reader: reader.clone(), entry, revision });
                }
                // A claim that was not answered leaves an epoch that no reader has; the next one is higher.
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

    /// Whether it is one of this history of the stream. Notes which that is.
    pub(super) async fn is_of(&mut self, stream: &jetstream::stream::Stream) -> Result<bool, StreamError> {
        let (info, created) = (stream.cached_info(), self.entry.created_us);
        let now = micros(info.created.unix_timestamp_nanos());
        self.entry.created_us = Some(now);
        let Some(after) = self.entry.after.filter(|after| *after > 0) else {
            return Ok(created.is_none_or(|created| created == now));
        };
        if created.is_some_and(|created| created != now) || info.state.last_sequence < after {
            return Ok(false);
        }
        let Some(stored) = self.entry.stored_us else { return Ok(true) };
        match stream.get_raw_message(after).await {
            Ok(found) => Ok(micros(found.time.unix_timestamp_nanos()) == stored),
            // It has aged out.
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(true),
            Err(error) => Err(StreamError::unavailable(error)),
        }
    }

    /// Nothing is done any more. Said with the next commit.
    pub(super) fn reset(&mut self) {
        (self.entry.after, self.entry.stored_us) = (None, None);
    }

    /// Moves it there, unless another reader has been opened since.
    pub(super) async fn commit(&mut self, place: Place) -> Result<(), StreamError> {
        let (after, stored_us) = (Some(place.sequence), Some(place.stored_us));
        if (self.entry.after, self.entry.stored_us) == (after, stored_us) {
            return Ok(());
        }
        let entry = Entry { after, stored_us, at: Utc::now(), ..self.entry.clone() };
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
