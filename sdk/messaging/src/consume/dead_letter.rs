//! Publishes a message that cannot be handled as a dead letter.

use aegis_domain::wire::header;
use async_nats::HeaderMap;
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{self};
use bytes::Bytes;

use aegis_nats::Connection;
use aegis_nats::backoff::backoff;

/// The most bytes of a reason that are kept, and where there is no room for them.
const REASON_MAX: usize = 1024;
const REASON_SHORT: usize = 64;
/// What a letter says of itself.
const OWN: [&str; 6] = [
    header::DEAD_REASON,
    header::DEAD_SUBJECT,
    header::DEAD_STREAM,
    header::DEAD_SEQUENCE,
    header::DEAD_SIZE,
    header::FOR_CONSUMER,
];

/// A dead letter to be.
#[derive(Debug)]
pub(crate) struct DeadLetter {
    subject: String,
    headers: HeaderMap,
    body: Bytes,
}

impl DeadLetter {
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
        headers.insert(header::DEAD_REASON, header::text(reason, REASON_MAX));
        headers.insert(header::DEAD_SUBJECT, message.subject.as_str());
        headers.insert(header::DEAD_STREAM, info.stream);
        headers.insert(header::DEAD_SEQUENCE, info.stream_sequence.to_string());
        headers.insert(header::FOR_CONSUMER, info.consumer);
        Some(Self { subject, headers, body: message.payload.clone() })
    }

    /// Writes it, until it is known to stand. Never gives up: the message would be lost. One that is larger than the
    /// server takes is written without what it can do without.
    ///
    /// # Cancel safety
    /// A dropped future may have written it; written again, it stands once.
    pub(crate) async fn publish(mut self, connection: &Connection) {
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
                Err(error) if error.kind() == PublishErrorKind::MaxPayloadExceeded && self.lessen() => {
                    continue;
                }
                Err(error) => {
                    tracing::warn!(subject = self.subject, %error, attempt, "a dead letter is not written yet");
                }
            }
            tokio::time::sleep(backoff(attempt)).await;
        }
    }

    /// Leaves out what is worth least of what is left, and says whether there was anything: most of the reason, then
    /// the headers that mean nothing to this SDK, at last the body. What remains then says where the message stood.
    fn lessen(&mut self) -> bool {
        let reason = self.headers.get(header::DEAD_REASON).map(|reason| reason.as_str().to_owned());
        if let Some(reason) = reason.filter(|reason| reason.len() > REASON_SHORT) {
            self.headers.insert(header::DEAD_REASON, header::text(&reason, REASON_SHORT));
            return true;
        }
        let ours = |name: &str| {
            name.to_ascii_lowercase().starts_with("aegis-")
                || name.eq_ignore_ascii_case(header::CONTENT_TYPE)
                || name.eq_ignore_ascii_case(header::TRACEPARENT)
        };
        if self.retain(ours) {
            return true;
        }
        if self.body.is_empty() {
            return false;
        }
        let size = std::mem::take(&mut self.body).len();
        self.headers.insert(header::DEAD_SIZE, size.to_string());
        self.retain(|name| OWN.iter().any(|own| own.eq_ignore_ascii_case(name)));
        true
    }

    /// Drops the other headers, and says whether there were any.
    fn retain(&mut self, kept: impl Fn(&str) -> bool) -> bool {
        let before = self.headers.len();
        let mut headers = HeaderMap::new();
        for (name, values) in self.headers.iter().filter(|(name, _)| kept(AsRef::<str>::as_ref(name))) {
            values.iter().for_each(|value| headers.append(name.clone(), value.clone()));
        }
        self.headers = headers;
        self.headers.len() < before
    }
}

/// At a boundary of characters.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}
