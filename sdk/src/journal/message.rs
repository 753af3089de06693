//! Between NATS messages and events.

use aegis_domain::wire::chain::Hash;
use aegis_domain::wire::{DecodeError, Encoded, Namespace};
use aegis_domain::{Envelope, Recorded, Sequence};
use async_nats::HeaderMap;

/// Reads a message of the events stream.
///
/// # Errors
/// What is wrong with it; it never will be an event then, so put it aside.
pub fn decode(
    namespace: &Namespace,
    sequence: u64,
    subject: &str,
    headers: Option<&HeaderMap>,
    body: &[u8],
) -> Result<Recorded, DecodeError> {
    let header = |name: &str| Some(headers?.get(name)?.as_str());
    let envelope = Envelope::decode(namespace, subject, header, body)?;
    let all = headers.into_iter().flat_map(|headers| {
        headers
            .iter()
            .filter_map(|(name, values)| Some((AsRef::<str>::as_ref(name), values.first()?.as_str())))
    });
    Ok(Recorded { sequence: Sequence(sequence), hash: Hash::of(subject, all, body), envelope })
}

pub(super) fn headers(encoded: &Encoded) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in &encoded.headers {
        map.insert(*name, value.as_str());
    }
    map
}
