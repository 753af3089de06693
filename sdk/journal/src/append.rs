//! Appending: one event with its expected sequence, or several as one atomic batch (ADR-50).

use aegis_domain::wire::chain::Hash;
use aegis_domain::wire::header;
use aegis_domain::{Context, Envelope, EventId, Recorded, Schema, Sequence};
use async_nats::HeaderMap;
use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use bytes::Bytes;
use uuid::Uuid;

use super::error::AppendError;
use super::{Head, Journal, message};

/// The most events of one append: the most messages of an atomic batch (ADR-50).
pub const BATCH_MAX: usize = 1000;
/// How often an append without an answer is sent again. The same event id makes that harmless.
const SENDS: usize = 3;

/// An event as it is sent.
struct Outgoing<S: Schema> {
    envelope: Envelope<S>,
    subject: String,
    /// For the first sending, which needs no copy of them; mostly it is the only one.
    headers: Option<HeaderMap>,
    body: Bytes,
    hash: Hash,
}

impl<S: Schema> Journal<S> {
    /// Appends the events of one decision: all of them, or none. No event is fine and does nothing.
    ///
    /// # Errors
    /// See [`AppendError`].
    ///
    /// # Cancel safety
    /// Not cancel-safe: a dropped future leaves it open whether the events were recorded.
    pub async fn append(
        &self,
        id: &S::Id,
        head: Head,
        events: Vec<S::Event>,
        context: &Context,
    ) -> Result<Vec<Recorded<S>>, AppendError> {
        if events.len() > BATCH_MAX {
            return Err(AppendError::TooMany { count: events.len() });
        }
        let mut outgoing = self.prepare(id, head, events, context)?;
        if outgoing.is_empty() {
            return Ok(vec![]);
        }
        let mut ambiguous = false;
        for _ in 0..SENDS {
            match self.send(&mut outgoing, head.sequence).await {
                Ok(ack) => return Ok(recorded(outgoing, ack.sequence)),
                Err(error) => match error.kind() {
                    PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe => {
                        ambiguous = true;
                        self.restore_if_gone(outgoing[0].subject.clone());
                    }
                    // Refused after a send without an answer: that one may have been recorded.
                    _ if ambiguous => return self.find(id, &outgoing).await,
                    PublishErrorKind::WrongLastSequence => return Err(AppendError::Conflict),
                    PublishErrorKind::StreamNotFound => {
                        self.restore();
                        return Err(AppendError::refused(error));
                    }
                    PublishErrorKind::WrongLastMessageId
                    | PublishErrorKind::MaxAckPending
                    | PublishErrorKind::MaxPayloadExceeded
                    | PublishErrorKind::Other => return Err(AppendError::refused(error)),
                },
            }
        }
        Err(AppendError::Ambiguous)
    }

    fn prepare(
        &self,
        id: &S::Id,
        head: Head,
        events: Vec<S::Event>,
        context: &Context,
    ) -> Result<Vec<Outgoing<S>>, AppendError> {
        let (mut version, mut previous) = (head.version, head.hash);
        let mut outgoing = Vec::with_capacity(events.len());
        for event in events {
            version = version.next();
            let envelope = Envelope::<S> {
                id: S::event_id(id, &event).unwrap_or_else(|| EventId::from_uuid(Uuid::now_v7())),
                aggregate: id.clone(),
                version,
                context: context.clone(),
                previous,
                event,
            };
            let encoded =
                envelope.encode(self.namespace()).map_err(|source| AppendError::Encode { source })?;
            previous = encoded.hash;
            outgoing.push(Outgoing {
                envelope,
                subject: encoded.subject,
                headers: Some(message::headers(encoded.headers)),
                body: encoded.body.into(),
                hash: encoded.hash,
            });
        }
        Ok(outgoing)
    }

    /// The message of an event, without what it expects.
    fn message(&self, outgoing: &mut Outgoing<S>) -> Result<PublishMessage, PublishError> {
        let headers = match outgoing.headers.take() {
            Some(headers) => headers,
            None => {
                let again = outgoing.envelope.encode(self.namespace());
                let again = again.map_err(|e| PublishError::with_source(PublishErrorKind::Other, e))?;
                message::headers(again.headers)
            }
        };
        Ok(PublishMessage::build()
            .payload(outgoing.body.clone())
            .headers(headers)
            .message_id(outgoing.envelope.id.as_str()))
    }

    async fn send(
        &self,
        outgoing: &mut [Outgoing<S>],
        expected: Sequence,
    ) -> Result<PublishAck, PublishError> {
        let jetstream = self.connection.jetstream();
        let (last, before) = match outgoing {
            [only] => {
                let message = self.message(only)?.expected_last_subject_sequence(expected.get());
                let sending = async { jetstream.send_publish(only.subject.clone(), message).await?.await };
                return self.connection.acknowledged(&only.subject, sending).await;
            }
            [before @ .., last] => (last, before),
            [] => return Err(PublishError::new(PublishErrorKind::Other)),
        };
        let batch = Uuid::new_v4().to_string();
        let count = before.len() + 1;
        for (index, part) in before.iter_mut().enumerate() {
            let mut message = self
                .message(part)?
                .header(header::BATCH_ID, batch.as_str())
                .header(header::BATCH_SEQUENCE, (index + 1).to_string());
            if index == 0 {
                // The server checks a subject once in a batch; the batch is atomic, so once is enough.
                message = message.expected_last_subject_sequence(expected.get());
            }
            let outbound = message.outbound_message(part.subject.clone());
            let headers = outbound.headers.unwrap_or_default();
            self.connection
                .client()
                .publish_with_headers(outbound.subject, headers, outbound.payload)
                .await
                .map_err(|e| PublishError::with_source(PublishErrorKind::BrokenPipe, e))?;
        }
        let message = self
            .message(last)?
            .header(header::BATCH_ID, batch.as_str())
            .header(header::BATCH_SEQUENCE, count.to_string())
            .header(header::BATCH_COMMIT, "1");
        let sending = async { jetstream.send_publish(last.subject.clone(), message).await?.await };
        self.connection.acknowledged(&last.subject, sending).await
    }

    /// After an answer was lost: were these events recorded after all?
    async fn find(&self, id: &S::Id, sent: &[Outgoing<S>]) -> Result<Vec<Recorded<S>>, AppendError> {
        let events = self.events(id).await.map_err(|_unreadable| AppendError::Ambiguous)?;
        let is_sent = |id: &EventId| sent.iter().any(|outgoing| &outgoing.envelope.id == id);
        let found: Vec<_> = events.into_iter().filter(|recorded| is_sent(&recorded.envelope.id)).collect();
        if found.is_empty() { Err(AppendError::Conflict) } else { Ok(found) }
    }
}

/// The events of a batch stand side by side, so the last sequence tells all.
fn recorded<S: Schema>(outgoing: Vec<Outgoing<S>>, last: u64) -> Vec<Recorded<S>> {
    let first = (last + 1).saturating_sub(outgoing.len() as u64);
    let positions = first..;
    outgoing
        .into_iter()
        .zip(positions)
        .map(|(Outgoing { envelope, hash, .. }, position)| Recorded {
            sequence: Sequence(position),
            hash,
            envelope,
        })
        .collect()
}
