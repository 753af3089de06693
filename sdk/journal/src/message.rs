//! Conversion between NATS messages and events.

use aegis_domain::wire::chain::Hash;
use aegis_domain::wire::header::ce;
use aegis_domain::wire::{DecodeError, Metadata, Namespace};
use aegis_domain::{AggregateVersion, Envelope, Heading, Recorded, Schema, Sequence};
use async_nats::HeaderMap;
use async_nats::header::HeaderName;
use chrono::{DateTime, Utc};

/// Reads a message of a journal's stream.
///
/// # Errors
/// What is wrong with it; it never will be an event then, so put it aside.
pub fn decode<S: Schema>(
    namespace: &Namespace,
    sequence: u64,
    subject: &str,
    headers: Option<&HeaderMap>,
    body: &[u8],
) -> Result<Recorded<S>, DecodeError> {
    let envelope = Envelope::decode(namespace, subject, header(headers), body)?;
    counted(envelope.version, sequence)?;
    Ok(Recorded { sequence: Sequence(sequence), hash: hash(subject, headers, body), envelope })
}

/// Whether a version can have been counted: an aggregate has no more events than the log has messages. Whoever may
/// write to the log may write any number, and one message would otherwise put all later versions beneath it.
///
/// # Errors
/// That the header with the version is wrong.
pub fn counted(version: AggregateVersion, sequence: u64) -> Result<(), DecodeError> {
    if version.get() > sequence { Err(DecodeError::Header { name: ce::VERSION }) } else { Ok(()) }
}

/// The hash over a message of a journal's stream, be it an event or not. A header that stands there more than once
/// is taken in as often.
#[must_use]
pub fn hash(subject: &str, headers: Option<&HeaderMap>, body: &[u8]) -> Hash {
    Hash::of(subject, each(headers), body)
}

/// The hash over all that is known of a message of a journal's stream, its time of record and its other headers included.
#[must_use]
pub fn record_hash(
    subject: &str,
    recorded_at: DateTime<Utc>,
    headers: Option<&HeaderMap>,
    body: &[u8],
) -> Hash {
    Hash::of_record(subject, recorded_at, each(headers), body)
}

fn each(headers: Option<&HeaderMap>) -> impl Iterator<Item = (&str, &str)> {
    headers.into_iter().flat_map(|headers| {
        headers.iter().flat_map(|(name, values)| {
            values.iter().map(move |value| (AsRef::<str>::as_ref(name), value.as_str()))
        })
    })
}

/// Reads the headers of a message of a journal's stream.
///
/// # Errors
/// What is missing or malformed.
pub fn decode_heading<S: Schema>(
    namespace: &Namespace,
    subject: &str,
    headers: Option<&HeaderMap>,
) -> Result<Heading<S>, DecodeError> {
    Heading::decode(namespace, subject, header(headers))
}

/// Reads the headers of a message of any journal's stream, whichever schema it is of.
///
/// # Errors
/// What is missing or malformed.
pub fn decode_metadata(headers: Option<&HeaderMap>) -> Result<Metadata, DecodeError> {
    Metadata::decode(header(headers))
}

fn header<'a>(headers: Option<&'a HeaderMap>) -> impl Fn(&str) -> Option<&'a str> {
    move |name| Some(headers?.get(name)?.as_str())
}

pub(super) fn headers(list: Vec<(&'static str, String)>) -> HeaderMap {
    list.into_iter().map(|(name, value)| (HeaderName::from_static(name), value.into())).collect()
}
