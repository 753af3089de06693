//! The hash chain: each event carries the hash of the one before it on its subject, so that a changed,
//! removed or inserted event breaks the chain from there on. `docs/audit.md` specifies every hash for others.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use sha2::{Digest as _, Sha256};

use crate::Sequence;

/// On a message of an imported log: when it was recorded in the log that it came from (RFC 3339). It counts
/// in place of the time at which the server stored it, if the stream as a whole is
/// [marked as imported](crate::wire::subject::IMPORTED_THROUGH), and on no other message.
pub const RECORDED_AT: &str = "Aegis-Recorded-At";

/// What the hash of a record begins with, so that it is never that of an event.
const RECORD: &str = "aegis-record-1";

/// Whether a stored header belongs to what was recorded. The others were the writer's orders to one server.
#[must_use]
pub fn is_of_the_record(name: &str) -> bool {
    !(name.starts_with("Nats-Expected-") || name.starts_with("Nats-Batch-") || name == RECORDED_AT)
}

/// A SHA-256 over parts, each preceded by its length.
#[derive(Default)]
struct Parts(Sha256);

impl Parts {
    fn feed(&mut self, part: &[u8]) {
        self.0.update((part.len() as u64).to_be_bytes());
        self.0.update(part);
    }

    fn feed_all(&mut self, headers: Vec<(&str, &str)>) {
        for (name, value) in headers {
            self.feed(name.as_bytes());
            self.feed(value.as_bytes());
        }
    }

    fn end(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}

/// A SHA-256 (FIPS 180-4) of one event as it stands on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// What the first event of a subject carries.
    pub const GENESIS: Self = Self([0; 32]);

    /// The hash over the subject, every `ce-` header in order of name, and the body. Each part is
    /// preceded by its length, so that no two different messages feed the same bytes.
    #[must_use]
    pub fn of<'a>(subject: &str, headers: impl IntoIterator<Item = (&'a str, &'a str)>, body: &[u8]) -> Self {
        let mut headers: Vec<_> = headers.into_iter().filter(|(name, _)| name.starts_with("ce-")).collect();
        headers.sort_unstable();
        let mut parts = Parts::default();
        parts.feed(subject.as_bytes());
        parts.feed_all(headers);
        parts.feed(body);
        parts.end()
    }

    /// The hash over all that is known of a stored message: what [`Hash::of`] covers, the time of record to the
    /// microsecond, and every header but those that only told the server how to take the message, and the one by which
    /// an imported log tells that time. So a message has the same one in the log that it was imported into.
    #[must_use]
    pub fn of_record<'a>(
        subject: &str,
        recorded_at: DateTime<Utc>,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        body: &[u8],
    ) -> Self {
        let mut headers: Vec<_> = headers.into_iter().filter(|(name, _)| is_of_the_record(name)).collect();
        headers.sort_unstable();
        let mut parts = Parts::default();
        parts.feed(RECORD.as_bytes());
        parts.feed(subject.as_bytes());
        parts.feed(recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true).as_bytes());
        parts.feed_all(headers);
        parts.feed(body);
        parts.end()
    }

    /// Reads 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |b: u8| match b {
            b'0'..=b'9' => Some(b - b'0'),
            b'a'..=b'f' => Some(b - b'a' + 10),
            _ => None,
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != 32 || !rest.is_empty() {
            return None;
        }
        let mut bytes = [0_u8; 32];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0_u8; 64];
        for (pair, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(self.0) {
            *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_never| fmt::Error)?)
    }
}

/// A digest over every message of a log in order: `d(n) = SHA-256(d(n-1) | sequence | hash)`, beginning with 32
/// zero bytes, the sequence as 8 bytes with the big end first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest(Hash);

impl Default for Digest {
    fn default() -> Self {
        Self(Hash::GENESIS)
    }
}

impl Digest {
    /// Takes the next message in.
    pub fn add(&mut self, sequence: Sequence, message: &Hash) {
        let mut hasher = Sha256::new();
        hasher.update(self.0.0);
        hasher.update(sequence.get().to_be_bytes());
        hasher.update(message.0);
        self.0 = Hash(hasher.finalize().into());
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_change_changes_the_hash() {
        let base = Hash::of("s", [("ce-id", "1"), ("ce-type", "t")], b"body");
        assert_eq!(base, Hash::of("s", [("ce-type", "t"), ("ce-id", "1"), ("other", "x")], b"body"));
        for other in [
            Hash::of("S", [("ce-id", "1"), ("ce-type", "t")], b"body"),
            Hash::of("s", [("ce-id", "2"), ("ce-type", "t")], b"body"),
            Hash::of("s", [("ce-id", "1")], b"body"),
            Hash::of("s", [("ce-id", "1"), ("ce-type", "t")], b"Body"),
            Hash::of("s", [("ce-id", "1t"), ("ce-type", "")], b"body"),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn the_hash_of_a_record_covers_its_time_and_every_header_but_orders_to_the_server() {
        let at = |micros: i64| DateTime::from_timestamp_micros(1_700_000_000_000_000 + micros).unwrap();
        let headers = [("ce-id", "1"), ("Content-Type", "application/json")];
        let base = Hash::of_record("s", at(0), headers, b"body");
        let orders = [
            ("Nats-Expected-Last-Sequence", "4"),
            ("Nats-Batch-Id", "b"),
            (RECORDED_AT, "2001-01-01T00:00:00Z"),
        ];
        assert_eq!(base, Hash::of_record("s", at(0), orders.into_iter().chain(headers), b"body"));
        for other in [
            Hash::of_record("t", at(0), headers, b"body"),
            Hash::of_record("s", at(1), headers, b"body"),
            Hash::of_record("s", at(0), [("ce-id", "1")], b"body"),
            Hash::of_record("s", at(0), [("ce-id", "1"), ("Content-Type", "text/plain")], b"body"),
            Hash::of_record("s", at(0), headers.into_iter().chain([("traceparent", "t")]), b"body"),
            Hash::of_record("s", at(0), headers, b"Body"),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn text_goes_both_ways_and_junk_is_refused() {
        let hash = Hash::of("s", [], b"");
        assert_eq!(Hash::parse(&hash.to_string()), Some(hash));
        for junk in ["", "zz", &"g".repeat(64), &"A".repeat(64), &"+1".repeat(32), &"é".repeat(32)] {
            assert_eq!(Hash::parse(junk), None, "{junk}");
        }
    }
}
