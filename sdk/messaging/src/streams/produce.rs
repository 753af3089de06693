//! Writes records to a stream.

use aegis_domain::wire::{stream, subject};
use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::stream::LastRawMessageErrorKind;
use serde::Serialize;
use uuid::Uuid;

use super::{Stream, StreamError};
use crate::codec::Codec;
use crate::publish::{Message, Pending, PublishError, Published};

/// How a record is appended. The default is at the end, under an id that is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Append {
    /// The id by which the stream tells copies: of those that come within two minutes it keeps the first.
    pub id: Option<String>,
    /// Only if the last record of this key has this sequence; 0 when there must be none.
    pub after: Option<u64>,
}

impl Stream {
    /// Appends a record, and waits until the stream has it, for as long as the outbox' patience.
    ///
    /// # Errors
    /// See [`StreamError`]. After [`PublishError::Waiting`] the record is still on
    /// its way.
    ///
    /// # Cancel safety
    /// A dropped future leaves the record on its way, or not taken in.
    pub async fn append<T: Serialize + Sync>(&self, key: &str, record: &T) -> Result<Published, StreamError> {
        self.append_as(key, record, Append::default()).await
    }

    /// The same, under an id of its own, or only after a certain record.
    ///
    /// # Errors
    /// As with [`Stream::append`]; `SEQUENCE_CONFLICT` when another record of the key came first.
    ///
    /// # Cancel safety
    /// As with [`Stream::append`].
    pub async fn append_as<T: Serialize + Sync>(
        &self,
        key: &str,
        record: &T,
        append: Append,
    ) -> Result<Published, StreamError> {
        let id = append.id.unwrap_or_else(|| Uuid::now_v7().to_string());
        let append = Append { id: Some(id.clone()), ..append };
        let pending = self.append_later(key, record, append).await?;
        match pending.within(self.outbox.patience()).await {
            // The stream looks at the sequence before the id, so a record that is sent again meets itself.
            Err(conflict @ PublishError::WrongLastSequence { .. }) => match self.last(key).await? {
                Some((sequence, last)) if last == id => Ok(Published { sequence, duplicate: true }),
                Some(_) | None => Err(conflict.into()),
            },
            outcome => Ok(outcome?),
        }
    }

    /// The sequence and the id of the last record of a key.
    async fn last(&self, key: &str) -> Result<Option<(u64, String)>, StreamError> {
        let stream = self
            .connection
            .jetstream()
            .get_stream_no_info(stream::jetstream(self.connection.namespace(), &self.name))
            .await;
        let stream = stream.map_err(StreamError::unavailable)?;
        let subject = stream::record(self.connection.namespace(), &self.name, self.partition_of(key), key);
        match stream.get_last_raw_message_by_subject(&subject).await {
            Ok(last) => {
                let id = last.headers.get(NATS_MESSAGE_ID).map(|id| id.as_str().to_owned());
                Ok(Some((last.sequence, id.unwrap_or_default())))
            }
            Err(error) if matches!(error.kind(), LastRawMessageErrorKind::NoMessageFound) => Ok(None),
            Err(error) => Err(StreamError::unavailable(error)),
        }
    }

    /// Takes a record in, and answers with what tells when the stream has it: any number may be on their way, in
    /// the order in which they were taken in. Waits for room while JetStream takes records. One that expects what
    /// comes before it may meet itself when its first acknowledgement was lost: only [`Stream::append_as`] sees
    /// through that.
    ///
    /// # Errors
    /// See [`StreamError`]: the record was not taken in.
    ///
    /// # Cancel safety
    /// Cancel-safe: the record is taken in, or it is not.
    pub async fn append_later<T: Serialize + Sync>(
        &self,
        key: &str,
        record: &T,
        append: Append,
    ) -> Result<Pending, StreamError> {
        if !subject::is_token(key, false) {
            return Err(StreamError::Key { key: key.to_owned() });
        }
        let body = Codec::Json.encode(record).map_err(StreamError::Encode)?;
        let id = append.id.unwrap_or_else(|| Uuid::now_v7().to_string());
        let to = stream::record(self.connection.namespace(), &self.name, self.partition_of(key), key);
        let mut message = Message::new(to, id, body);
        if let Some(sequence) = append.after {
            message = message.expect_last(sequence);
        }
        Ok(Pending::new(self.outbox.put(message).await?))
    }
}
