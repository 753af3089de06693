//! The headers of a message (ADR-4), kept as the lines that travel.

use async_nats::{HeaderName, HeaderValue};
use bytes::Bytes;

/// What the server says instead of a reply when nobody is subscribed.
const NO_RESPONDERS: u16 = 503;
const VERSION: &[u8] = b"NATS/1.0";

/// Names with values, in order. A name may come more than once; the first counts.
#[derive(Debug, Clone, Default)]
pub struct Headers {
    lines: Lines,
    status: Option<u16>,
}

/// Those of a message that has none.
pub(super) static NONE: Headers = Headers { lines: Lines::Written(vec![]), status: None };

/// `Name: value\r\n`, again and again.
#[derive(Debug, Clone)]
enum Lines {
    Written(Vec<u8>),
    Read(Bytes),
}

impl Headers {
    /// None yet, and room for so many bytes of them.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { lines: Lines::Written(Vec::with_capacity(bytes)), status: None }
    }

    /// Adds one. What would begin another line becomes a space.
    pub fn insert(&mut self, name: &str, value: &str) {
        let lines = self.lines.to_mut();
        lines.reserve(name.len() + value.len() + 4);
        lines.extend_from_slice(name.as_bytes());
        lines.extend_from_slice(b": ");
        let from = lines.len();
        lines.extend_from_slice(value.as_bytes());
        for byte in &mut lines[from..] {
            if matches!(byte, b'\r' | b'\n') {
                *byte = b' ';
            }
        }
        lines.extend_from_slice(b"\r\n");
    }

    /// The value of the first with this name, to the letter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find_map(|(other, value)| (other == name).then_some(value))
    }

    /// All, in order. What is no text is left out.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut rest = self.lines.as_slice();
        std::iter::from_fn(move || {
            let end = memchr::memchr(b'\n', rest)?;
            let line = &rest[..end];
            rest = &rest[end + 1..];
            Some(line)
        })
        .filter_map(|line| {
            let colon = memchr::memchr(b':', line)?;
            let value = std::str::from_utf8(&line[colon + 1..]).ok()?;
            Some((std::str::from_utf8(&line[..colon]).ok()?, value.trim()))
        })
    }

    pub fn is_empty(&self) -> bool {
        self.lines.as_slice().is_empty()
    }

    /// Whether this is how the server says that nobody is subscribed.
    pub fn is_no_responders(&self) -> bool {
        self.status == Some(NO_RESPONDERS)
    }

    /// Those that the client library has read.
    pub(super) fn from_library(map: Option<&async_nats::HeaderMap>, status: Option<u16>) -> Self {
        let mut headers = Self { status, ..Self::default() };
        for (name, values) in map.into_iter().flat_map(async_nats::HeaderMap::iter) {
            values.iter().for_each(|value| headers.insert(name.as_ref(), value.as_str()));
        }
        headers
    }

    /// As the client library takes them. A name that it refuses is left out.
    pub(super) fn to_library(&self) -> async_nats::HeaderMap {
        let mut map = async_nats::HeaderMap::new();
        for (name, value) in self.iter() {
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
                map.append(name, value);
            }
        }
        map
    }

    /// Reads the block that a message has before its payload. What is no such block holds none.
    pub(super) fn read(block: &Bytes) -> Self {
        if !block.starts_with(VERSION) {
            return Self::default();
        }
        let first = memchr::memchr(b'\n', block).map_or(block.len(), |end| end + 1);
        let status = block[VERSION.len()..first].trim_ascii().get(..3);
        let status = status.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        let end = block.len() - if block[first..].ends_with(b"\r\n") { 2 } else { 0 };
        Self { lines: Lines::Read(block.slice(first..end)), status }
    }

    /// How many bytes the block has.
    pub(super) fn block_len(&self) -> usize {
        VERSION.len() + 2 + self.lines.as_slice().len() + 2
    }

    pub(super) fn write_block(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(VERSION);
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(self.lines.as_slice());
        out.extend_from_slice(b"\r\n");
    }
}

impl Default for Lines {
    fn default() -> Self {
        Self::Written(vec![])
    }
}

impl Lines {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Written(lines) => lines,
            Self::Read(lines) => lines,
        }
    }

    fn to_mut(&mut self) -> &mut Vec<u8> {
        if let Self::Read(lines) = self {
            *self = Self::Written(lines.to_vec());
        }
        match self {
            Self::Written(lines) => lines,
            Self::Read(_) => unreachable!("they were copied above"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through_the_wire(headers: &Headers) -> Headers {
        let mut block = vec![];
        headers.write_block(&mut block);
        assert_eq!(block.len(), headers.block_len());
        Headers::read(&block.into())
    }

    #[test]
    fn what_is_written_is_read() {
        let mut headers = Headers::default();
        headers.insert("a", "1");
        headers.insert("Aegis-B", "two: words ");
        headers.insert("a", "again");
        let read = through_the_wire(&headers);
        assert_eq!(read.iter().collect::<Vec<_>>(), [("a", "1"), ("Aegis-B", "two: words"), ("a", "again")]);
        assert_eq!((read.get("a"), read.get("A"), read.is_no_responders()), (Some("1"), None, false));
        assert!(through_the_wire(&Headers::default()).is_empty());
    }

    #[test]
    fn a_value_is_one_line() {
        let mut headers = Headers::default();
        headers.insert("a", "1\r\nb: 2");
        assert_eq!(through_the_wire(&headers).iter().collect::<Vec<_>>(), [("a", "1  b: 2")]);
    }

    #[test]
    fn a_status_is_read() {
        assert!(Headers::read(&Bytes::from_static(b"NATS/1.0 503\r\n\r\n")).is_no_responders());
        assert!(Headers::read(&Bytes::from_static(b"NATS/1.0 503 No Responders\r\n\r\n")).is_no_responders());
        let told = Headers::read(&Bytes::from_static(b"NATS/1.0 100 Idle\r\nx:1\r\n\r\n"));
        assert_eq!((told.status, told.get("x")), (Some(100), Some("1")));
    }

    proptest::proptest! {
        #[test]
        fn junk_is_no_header_and_no_panic(block in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..128)) {
            let _none = Headers::read(&block.clone().into()).iter().count();
            let block = [b"NATS/1.0".as_slice(), &block].concat();
            let _some = Headers::read(&block.into()).iter().count();
        }
    }
}
