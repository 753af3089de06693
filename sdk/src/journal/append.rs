//! Appending: one event with its expected sequence, or several as one atomic batch (ADR-50).

use aegis_domain::wire::{Encoded, header};
use aegis_domain::{AggregateId, Context, Envelope, Event, Recorded, Sequence};
use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use uuid::Uuid;

use super::error::AppendError;
use super::{Head, Journal, id_of, message};

/// How often an append without an answer is sent again. The same event id makes that harmless.
const SENDS: usize = 3;

impl Journal {
    /// Appends the events of one decision: all of them, or none. No event is fine and does nothing.
    ///
    /// # Errors
    /// See [`AppendError`].
    ///
    /// # Cancel safety
    /// Not cancel-safe: a dropped future leaves it open whether the events were recorded.
    pub async fn append(
        &self,
        id: &AggregateId,
        head: Head,
        events: Vec<Event>,
        context: &Context,
    ) -> Result<Vec<Recorded>, AppendError> {
        let written = self.prepare(id, head, events, context)?;
        let Some((last, _)) = written.last() else { return Ok(vec![]) };
        let last_id = last.id.clone();
        let mut ambiguous = false;
        for _ in 0..SENDS {
            match self.send(&written, head.sequence).await {
                Ok(ack) => return Ok(recorded(written, ack.sequence)),
                Err(error) => match error.kind() {
                    PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe => ambiguous = true,
                    // Refused after a send without an answer: that one may have been recorded.
                    _ if ambiguous => return self.find(id, &last_id).await,
                    PublishErrorKind::WrongLastSequence => return Err(AppendError::Conflict),
                    PublishErrorKind::StreamNotFound
                    | PublishErrorKind::WrongLastMessageId
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
        id: &AggregateId,
        head: Head,
        events: Vec<Event>,
        context: &Context,
    ) -> Result<Vec<(Envelope, Encoded)>, AppendError> {
        let (mut version, mut previous) = (head.version, head.hash);
        let mut written = Vec::with_capacity(events.len());
        for event in events {
            version = version.next();
            let envelope = Envelope {
                id: id_of(id, &event),
                aggregate: id.clone(),
                version,
                context: context.clone(),
                previous,
                event,
            };
            let encoded =
                envelope.encode(self.namespace()).map_err(|source| AppendError::Encode { source })?;
            previous = encoded.hash;
            written.push((envelope, encoded));
        }
        Ok(written)
    }

    async fn send(
        &self,
        written: &[(Envelope, Encoded)],
        expected: Sequence,
    ) -> Result<PublishAck, PublishError> {
        let jetstream = self.connection.jetstream();
        let message = |(envelope, encoded): &(Envelope, Encoded)| {
            PublishMessage::build()
                .payload(encoded.body.clone().into())
                .headers(message::headers(encoded))
                .message_id(envelope.id.as_str())
        };
        let (last, before) = match written {
            [only] => {
                let message = message(only).expected_last_subject_sequence(expected.get());
                return jetstream.send_publish(only.1.subject.clone(), message).await?.await;
            }
            [before @ .., last] => (last, before),
            [] => return Err(PublishError::new(PublishErrorKind::Other)),
        };
        let batch = Uuid::new_v4().to_string();
        for (index, part) in before.iter().enumerate() {
            let mut message = message(part)
                .header(header::BATCH_ID, batch.as_str())
                .header(header::BATCH_SEQUENCE, (index + 1).to_string());
            if index == 0 {
                // The server checks a subject once in a batch; the batch is atomic, so once is enough.
                message = message.expected_last_subject_sequence(expected.get());
            }
            let outbound = message.outbound_message(part.1.subject.clone());
            let headers = outbound.headers.unwrap_or_default();
            self.connection
                .client()
                .publish_with_headers(outbound.subject, headers, outbound.payload)
                .await
                .map_err(|e| PublishError::with_source(PublishErrorKind::BrokenPipe, e))?;
        }
        let message = message(last)
            .header(header::BATCH_ID, batch.as_str())
            .header(header::BATCH_SEQUENCE, written.len().to_string())
            .header(header::BATCH_COMMIT, "1");
        jetstream.send_publish(last.1.subject.clone(), message).await?.await
    }

    /// After an answer was lost: were these events recorded after all?
    async fn find(
        &self,
        id: &AggregateId,
        last: &aegis_domain::EventId,
    ) -> Result<Vec<Recorded>, AppendError> {
        let events = self.events(id).await.map_err(|_unreadable| AppendError::Ambiguous)?;
        let found = events.iter().any(|recorded| &recorded.envelope.id == last);
        if found { Ok(events) } else { Err(AppendError::Conflict) }
    }
}

/// The events of a batch stand side by side, so the last sequence tells all.
fn recorded(written: Vec<(Envelope, Encoded)>, last: u64) -> Vec<Recorded> {
    let first = (last + 1).saturating_sub(written.len() as u64);
    let positions = first..;
    written
        .into_iter()
        .zip(positions)
        .map(|((envelope, encoded), position)| Recorded {
            sequence: Sequence(position),
            hash: encoded.hash,
            envelope,
        })
        .collect()
}
