//! An event as it arrives.

use aegis_domain::wire::header;
use async_nats::HeaderMap;
use async_nats::header::NATS_MESSAGE_ID;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;

use crate::codec::{Codec, CodecError};
use crate::legacy::Envelope;

/// One event as it arrives, in the envelope of the Python SDK or without one.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its subject.
    pub subject: String,
    /// Its position in the stream; none for what is heard live.
    pub sequence: Option<u64>,
    /// When the stream got it; none for what is heard live.
    pub published_at: Option<DateTime<Utc>>,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body as it came.
    pub body: Bytes,
}

impl Event {
    pub(super) fn live(message: async_nats::Message) -> Self {
        Self {
            subject: message.subject.into_string(),
            sequence: None,
            published_at: None,
            headers: message.headers.unwrap_or_default(),
            body: message.payload,
        }
    }

    /// Its id, by which copies can be told.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        if let Some(id) = self.headers.get(NATS_MESSAGE_ID) {
            return Some(id.as_str().to_owned());
        }
        self.envelope()?.event_id(&self.body)
    }

    /// Who caused it, if it says so.
    #[must_use]
    pub fn actor(&self) -> Option<&str> {
        self.header(header::ACTOR)
    }

    /// The W3C trace context that it belongs to.
    #[must_use]
    pub fn traceparent(&self) -> Option<&str> {
        self.header(header::TRACEPARENT)
    }

    /// Reads what it holds: the payload alone of one in the envelope of the Python SDK.
    ///
    /// # Errors
    /// When the body is malformed or does not fit the type.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, CodecError> {
        if let Some(envelope) = self.envelope() {
            return envelope.read_event(&self.body);
        }
        let codec = self.header(header::CONTENT_TYPE).and_then(Codec::of_content_type);
        codec.unwrap_or_default().decode(&self.body)
    }

    /// The envelope of the Python SDK, if it came in one.
    fn envelope(&self) -> Option<Envelope> {
        if self.actor().is_some() {
            return None;
        }
        Envelope::around_event(&self.body)
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.as_str())
    }
}
