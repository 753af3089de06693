//! The file of an exported log: newline-delimited JSON. A head, one line for each message as it is stored, and an end
//! that tells how many there are and what their digest is.

use std::collections::BTreeMap;

use aegis_domain::Sequence;
use aegis_domain::wire::chain::Digest;
use aegis_domain::wire::{chain, header};
use aegis_nats::follow::Message;
use async_nats::HeaderMap;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The form of the file that is written.
pub(super) const FORMAT: &str = "aegis-log-2";
/// The form before it: its end does not cover times of record, nor headers that are not of the event.
pub(super) const FORMAT_1: &str = "aegis-log-1";

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Line {
    Head(Head),
    Message(Stored),
    End(End),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub(super) format: String,
    pub(super) namespace: String,
    pub(super) stream: String,
    pub(super) exported_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stored {
    pub(super) sequence: Sequence,
    pub(super) recorded_at: DateTime<Utc>,
    pub(super) subject: String,
    headers: BTreeMap<String, Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// In place of the body, when that is no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    pub(super) messages: u64,
    pub(super) last: Sequence,
    pub(super) digest: String,
    /// Absent in the first form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) records: Option<String>,
}

/// The digests over the messages of a file, in order.
#[derive(Debug, Default)]
pub(super) struct Digests {
    pub(super) events: Digest,
    pub(super) records: Digest,
}

impl Digests {
    pub(super) fn add(&mut self, stored: &Stored) -> anyhow::Result<()> {
        self.events.add(stored.sequence, &stored.hash()?);
        self.records.add(stored.sequence, &stored.record()?);
        Ok(())
    }
}

impl Stored {
    pub(super) fn of(message: &Message) -> Self {
        let headers = message.headers.iter().flat_map(HeaderMap::iter);
        let headers = headers.map(|(name, values)| {
            (name.to_string(), values.iter().map(|value| value.as_str().to_owned()).collect())
        });
        let text = std::str::from_utf8(&message.body).ok().map(str::to_owned);
        Self {
            sequence: Sequence(message.sequence),
            recorded_at: message.recorded_at,
            subject: message.subject.clone(),
            // What the server was told when it took the message says nothing to another one.
            headers: headers.filter(|(name, _): &(String, _)| !name.starts_with("Nats-Expected-")).collect(),
            body_base64: text.is_none().then(|| BASE64_STANDARD.encode(&message.body)),
            body: text,
        }
    }

    pub(super) fn body(&self) -> anyhow::Result<Bytes> {
        match (&self.body, &self.body_base64) {
            (Some(text), None) => Ok(text.clone().into_bytes().into()),
            (None, Some(text)) => Ok(BASE64_STANDARD.decode(text)?.into()),
            (Some(_), Some(_)) | (None, None) => anyhow::bail!("message {} has no body", self.sequence),
        }
    }

    /// The headers as they were, and when the message was recorded first.
    pub(super) fn headers(&self) -> anyhow::Result<HeaderMap> {
        let mut map = HeaderMap::new();
        let dropped = |name: &str| name.starts_with("Nats-Batch-") || name == header::RECORDED_AT;
        for (name, values) in self.headers.iter().filter(|(name, _)| !dropped(name)) {
            let name: async_nats::header::HeaderName = name.parse()?;
            for value in values {
                map.append(name.clone(), value.parse::<async_nats::header::HeaderValue>()?);
            }
        }
        map.insert(header::RECORDED_AT, self.recorded_at.to_rfc3339());
        Ok(map)
    }

    /// The hash over all of the message.
    pub(super) fn record(&self) -> anyhow::Result<chain::Hash> {
        let headers = self.headers.iter();
        let headers =
            headers.flat_map(|(name, values)| values.iter().map(|value| (name.as_str(), value.as_str())));
        Ok(chain::Hash::of_record(&self.subject, self.recorded_at, headers, &self.body()?))
    }

    /// The hash of the message, as the chain has it.
    pub(super) fn hash(&self) -> anyhow::Result<chain::Hash> {
        Ok(aegis_journal::hash(&self.subject, Some(&self.headers()?), &self.body()?))
    }
}
