//! One message of an outbox.

use std::sync::Arc;

use aegis_domain::wire::header;
use async_nats::header::{HeaderMap, HeaderName, HeaderValue, NATS_MESSAGE_ID};
use async_nats::{Subject, header as nats};
use bytes::Bytes;

use aegis_telemetry::metrics::Meter;

/// Names that stand on nearly every message, made once.
pub(crate) const ACTOR: HeaderName = HeaderName::from_static(header::ACTOR);
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static(header::TRACEPARENT);

/// What is to be published, kept so that it can be sent again.
///
/// Headers are a list: a map is made of it each time it is sent, which costs less than to clone one. A body is JSON
/// and says nothing of it: so is every native one that does not say otherwise.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) subject: Subject,
    pub(crate) headers: Vec<(HeaderName, Arc<str>)>,
    pub(crate) body: Bytes,
    /// What counts it, from the moment it is taken in until its acknowledgement.
    pub(crate) meter: Option<Arc<Meter>>,
}

impl Message {
    /// With the id by which the stream drops copies.
    pub(crate) fn new(subject: impl Into<Subject>, id: impl Into<Arc<str>>, body: Bytes) -> Self {
        let (subject, headers) = (subject.into(), Vec::with_capacity(4));
        Self { subject, headers, body, meter: None }.header(NATS_MESSAGE_ID, id)
    }

    /// A header is one line: what would end it becomes a blank.
    pub(crate) fn header(mut self, name: HeaderName, value: impl Into<Arc<str>>) -> Self {
        let mut value = value.into();
        if value.contains(char::is_control) {
            value = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().into();
        }
        self.headers.push((name, value));
        self
    }

    /// Only if the last message of its subject has this sequence.
    pub(crate) fn expect_last(self, sequence: u64) -> Self {
        self.header(nats::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, sequence.to_string())
    }

    /// Headers as they are sent.
    pub(super) fn header_map(&self) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in &self.headers {
            map.insert(name.clone(), HeaderValue::from(&**value));
        }
        map
    }

    /// What the server counts against its limit, or a little more.
    pub(super) fn payload_size(&self) -> usize {
        // "NATS/1.0" and the line ends, then ": " and a line end per header.
        let line =
            |(name, value): &(HeaderName, Arc<str>)| AsRef::<str>::as_ref(name).len() + value.len() + 4;
        self.headers.iter().map(line).sum::<usize>() + 16 + self.body.len()
    }

    /// What it counts in memory.
    pub(super) fn size(&self) -> usize {
        self.payload_size() + self.subject.len()
    }
}
