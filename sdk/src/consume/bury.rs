//! Putting a message aside that cannot be handled.

use aegis_domain::wire::header;
use async_nats::HeaderMap;
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{self};
use bytes::Bytes;

use crate::Connection;
use crate::nats::connection::backoff;

/// The most bytes of a reason that are kept.
const REASON_MAX: usize = 1024;

/// A dead letter to be.
#[derive(Debug)]
pub(crate) struct Letter {
    subject: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Letter {
    /// Of this message, which the consumer gives up for this reason. None for what comes from no stream.
    ///
    /// One message has one subject among the dead letters, so that its letter stands there once however often it
    /// is written; and once it is sent back, it comes only to the consumer that gave it up.
    pub(crate) fn new(
        connection: &Connection,
        kind: &str,
        message: &jetstream::Message,
        reason: &str,
    ) -> Option<Self> {
        let info = message.info().ok()?;
        let stored =
            i64::try_from(info.published.unix_timestamp_nanos().div_euclid(1000)).unwrap_or_default();
        let namespace = connection.namespace();
        let subject = namespace.dead_letter_subject(kind, info.consumer, info.stream_sequence, stored);
        let mut headers = HeaderMap::new();
        for (name, values) in message.headers.iter().flat_map(|headers| headers.iter()) {
            if !name.to_string().to_ascii_lowercase().starts_with("nats-") {
                values.iter().for_each(|value| headers.append(name.clone(), value.clone()));
            }
        }
        let reason: String = reason.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        headers.insert(header::DEAD_REASON, cut(&reason, REASON_MAX));
        headers.insert(header::DEAD_SUBJECT, message.subject.as_str());
        headers.insert(header::DEAD_STREAM, info.stream);
        headers.insert(header::DEAD_SEQUENCE, info.stream_sequence.to_string());
        headers.insert(header::FOR_CONSUMER, info.consumer);
        Some(Self { subject, headers, body: message.payload.clone() })
    }

    /// Writes it, until it is known to stand. Never gives up: the message would be lost.
    ///
    /// # Cancel safety
    /// A dropped future may have written it; written again, it stands once.
    pub(crate) async fn bury(&self, connection: &Connection) {
        for attempt in 2.. {
            let message = PublishMessage::build()
                .headers(self.headers.clone())
                .payload(self.body.clone())
                .message_id(&self.subject)
                .expected_last_subject_sequence(0);
            let sent = match connection.jetstream().send_publish(self.subject.clone(), message).await {
                Ok(ack) => ack.await.map(|_ack| ()),
                Err(error) => Err(error),
            };
            match sent {
                Ok(()) => return,
                // It stands there already.
                Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => return,
                Err(error) => {
                    tracing::warn!(subject = self.subject, %error, attempt, "a dead letter is not written yet");
                }
            }
            tokio::time::sleep(backoff(attempt)).await;
        }
    }
}

/// At a boundary of characters.
fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}
