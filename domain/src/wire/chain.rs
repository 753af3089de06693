//! The hash chain: each event carries the hash of the one before it on its subject, so that a changed,
//! removed or inserted event breaks the chain from there on.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::Sequence;

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
        let mut hasher = Sha256::new();
        let mut feed = |part: &[u8]| {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        };
        feed(subject.as_bytes());
        for (name, value) in headers {
            feed(name.as_bytes());
            feed(value.as_bytes());
        }
        feed(body);
        Self(hasher.finalize().into())
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
    fn text_goes_both_ways_and_junk_is_refused() {
        let hash = Hash::of("s", [], b"");
        assert_eq!(Hash::parse(&hash.to_string()), Some(hash));
        for junk in ["", "zz", &"g".repeat(64), &"A".repeat(64), &"+1".repeat(32), &"é".repeat(32)] {
            assert_eq!(Hash::parse(junk), None, "{junk}");
        }
    }
}
