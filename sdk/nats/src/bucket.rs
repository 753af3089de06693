//! A KV bucket with what leases need and the ready-made store lacks: expected revision *and* TTL in one
//! publish, and reads that come from the stream's leader.

use std::time::Duration;

use aegis_domain::wire::{header, subject};
use async_nats::HeaderMap;
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::kv::Operation;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::LastRawMessageErrorKind;
use async_nats::jetstream::{self, ErrorCode};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};

use super::connection::Connection;
use super::last::each_last;

/// What stands under a key, and at which revision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Slot {
    /// The revision to expect in the next write; 0 when the key never existed or has left no trace.
    pub revision: u64,
    /// The value; `None` when there is none, or when it was deleted or ran out.
    pub value: Option<Bytes>,
}

/// Why a compare-and-set did not happen, or may not have.
#[derive(Debug, thiserror::Error)]
pub enum CasError {
    /// Somebody else wrote first. Nothing was written: read the key again and decide anew.
    #[error("the key has another revision than expected")]
    Conflict,
    /// No answer came: it may or may not have been written. Read the key, and look for your own value.
    #[error("no acknowledgement came in time")]
    Ambiguous,
    /// It was refused, or could not be sent. Nothing was written.
    #[error("the write was refused")]
    Refused {
        /// Why.
        source: jetstream::context::PublishError,
    },
}

/// A read that failed. Reads are safe to repeat.
#[derive(Debug, thiserror::Error)]
#[error("the bucket {bucket} cannot be read")]
pub struct ReadError {
    bucket: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// A handle to one bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    connection: Connection,
    jetstream: jetstream::Context,
    name: String,
}

impl Bucket {
    /// The bucket of that name on this connection. It must exist: see [`super::provision`].
    #[must_use]
    pub fn new(connection: &Connection, name: String) -> Self {
        Self { connection: connection.clone(), jetstream: connection.jetstream().clone(), name }
    }

    /// The same, with answers waited for no longer than this.
    #[must_use]
    pub fn within(self, connection: &Connection, patience: Duration) -> Self {
        let context = jetstream::ContextBuilder::new().timeout(patience).ack_timeout(patience);
        Self { jetstream: context.build(connection.client().clone()), ..self }
    }

    /// What stands under the key, from the leader of the stream.
    ///
    /// # Errors
    /// When the leader does not answer.
    pub async fn read(&self, key: &str) -> Result<Slot, ReadError> {
        let stream = self
            .jetstream
            .get_stream_no_info(subject::kv_stream(&self.name))
            .await
            .map_err(|e| self.read_error(e))?;
        let name = subject::kv_stream(&self.name);
        let denied = self.connection.denials().publish(|denied| is_api_of(denied, &name));
        let subject = self.subject(key);
        let read = tokio::select! {
            biased;
            read = stream.get_last_raw_message_by_subject(&subject) => read,
            denied = denied => return Err(self.read_error(denied)),
        };
        match read {
            Ok(message) => {
                let gone = is_gone(Some(&message.headers));
                Ok(Slot { revision: message.sequence, value: (!gone).then_some(message.payload) })
            }
            Err(e) if matches!(e.kind(), LastRawMessageErrorKind::NoMessageFound) => Ok(Slot::default()),
            Err(e) => {
                if matches!(e.kind(), LastRawMessageErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
                {
                    self.connection.restore_bucket(&self.name);
                }
                Err(self.read_error(e))
            }
        }
    }

    /// Writes the value if the key still is at this revision, with the TTL (rounded up to whole
    /// seconds) in the same message. A write without a TTL never runs out.
    ///
    /// # Errors
    /// See [`CasError`].
    ///
    /// # Cancel safety
    /// Not cancel-safe: a dropped future leaves it open whether the write happened.
    pub async fn put(
        &self,
        key: &str,
        value: Bytes,
        expected: u64,
        ttl: Option<Duration>,
    ) -> Result<u64, CasError> {
        let mut message = PublishMessage::build().payload(value);
        if let Some(ttl) = ttl {
            message = message.ttl(whole_seconds(ttl));
        }
        self.send(key, message, expected).await
    }

    /// Deletes the key if it still is at this revision. The marker that is left runs out after
    /// `marker_ttl`.
    ///
    /// # Errors
    /// See [`CasError`].
    ///
    /// # Cancel safety
    /// Not cancel-safe: a dropped future leaves it open whether the key was deleted.
    pub async fn delete(&self, key: &str, expected: u64, marker_ttl: Duration) -> Result<u64, CasError> {
        let message = PublishMessage::build()
            .header(header::KV_OPERATION, header::KV_DELETE)
            .ttl(whole_seconds(marker_ttl));
        self.send(key, message, expected).await
    }

    /// Everything that stands under these filters, then every change.
    ///
    /// # Errors
    /// When the watch cannot be set up. Once it runs it may still fall silent for long
    /// while a NATS node is lost: pair it with [`Bucket::read`].
    pub async fn watch(
        &self,
        filters: &[String],
    ) -> Result<impl Stream<Item = Result<(String, Slot), ReadError>> + use<>, ReadError> {
        let store = self.jetstream.get_key_value(&self.name).await.map_err(|e| self.read_error(e))?;
        let watch = store.watch_many_with_history(filters).await.map_err(|e| self.read_error(e))?;
        let bucket = self.clone();
        Ok(watch.map(move |entry| {
            let entry = entry.map_err(|e| bucket.read_error(e))?;
            let value = (entry.operation == Operation::Put).then_some(entry.value);
            Ok((entry.key, Slot { revision: entry.revision, value }))
        }))
    }

    async fn send(&self, key: &str, message: PublishMessage, expected: u64) -> Result<u64, CasError> {
        let message = message.expected_last_subject_sequence(expected);
        let subject = self.subject(key);
        let sent = async { self.jetstream.send_publish(subject.clone(), message).await?.await };
        match self.connection.acknowledged(&subject, sent).await {
            Ok(ack) => Ok(ack.sequence),
            Err(e) => Err(match e.kind() {
                PublishErrorKind::StreamNotFound => {
                    self.connection.restore_bucket(&self.name);
                    CasError::Refused { source: e }
                }
                PublishErrorKind::WrongLastSequence => CasError::Conflict,
                PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe => {
                    self.connection.restore_bucket_if_gone(&self.name, subject);
                    CasError::Ambiguous
                }
                PublishErrorKind::WrongLastMessageId
                | PublishErrorKind::MaxAckPending
                | PublishErrorKind::MaxPayloadExceeded
                | PublishErrorKind::Other => CasError::Refused { source: e },
            }),
        }
    }

    fn subject(&self, key: &str) -> String {
        subject::kv(&self.name, key)
    }

    fn read_error(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ReadError {
        ReadError { bucket: self.name.clone(), source: source.into() }
    }
}

/// Everything that stands in a bucket under these filters now.
///
/// # Errors
/// When the bucket does not answer, or falls silent.
pub async fn entries(
    connection: &Connection,
    bucket: String,
    filters: &[String],
) -> Result<Vec<(String, Slot)>, ReadError> {
    let stream = subject::kv_stream(&bucket);
    let prefix = subject::kv(&bucket, "");
    let mut entries = Vec::new();
    for filter in filters {
        let read = each_last(connection, &stream, subject::kv(&bucket, filter), |revision, message| {
            if let Some(key) = message.subject.strip_prefix(prefix.as_str()) {
                let value = (!is_gone(message.headers.as_ref())).then(|| message.payload.clone());
                entries.push((key.to_owned(), Slot { revision, value }));
            }
        });
        read.await.map_err(|source| ReadError { bucket: bucket.clone(), source })?;
    }
    Ok(entries)
}

/// How far a bucket has come: two readings that are equal found the same entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    last: u64,
    entries: u64,
}

/// How far the bucket has come; `None` when there is none. It need not be one of ours.
///
/// # Errors
/// When the server does not answer.
pub async fn extent(connection: &Connection, bucket: &str) -> Result<Option<Extent>, ReadError> {
    match connection.jetstream().get_stream(subject::kv_stream(bucket)).await {
        Ok(stream) => {
            let state = &stream.cached_info().state;
            Ok(Some(Extent { last: state.last_sequence, entries: state.messages }))
        }
        Err(error) if super::provision::is_absent(&error.kind()) => Ok(None),
        Err(source) => Err(ReadError { bucket: bucket.to_owned(), source: source.into() }),
    }
}

/// Whether a subject is one of the API of JetStream, about this stream.
pub fn is_api_of(subject: &str, stream: &str) -> bool {
    subject.starts_with("$JS.API.") && subject.split('.').any(|token| token == stream)
}

/// Whether a message says that its key has ended.
fn is_gone(headers: Option<&HeaderMap>) -> bool {
    let has = |name| headers.is_some_and(|headers| headers.get(name).is_some());
    has(header::KV_OPERATION) || has(header::MARKER_REASON)
}

/// NATS counts a TTL in whole seconds, one at least.
fn whole_seconds(ttl: Duration) -> Duration {
    Duration::from_secs(ttl.as_millis().div_ceil(1000).max(1).try_into().unwrap_or(u64::MAX))
}
