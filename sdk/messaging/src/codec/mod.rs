//! Encoding of bodies: JSON, or MessagePack where the content type says so.

#[cfg(feature = "legacy")]
pub mod legacy;

use std::cell::Cell;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

thread_local! {
    /// Where bodies are written before their length is known.
    static DESK: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A desk that was larger once is given back.
const DESK_MAX: usize = 64 << 10;

/// What `write` writes, in a place that is just large enough: bodies are kept, and sent more than once.
fn exact<E>(write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<Bytes, E> {
    // Whoever encodes while it is taken finds another.
    let mut desk = DESK.take();
    desk.clear();
    let written = write(&mut desk).map(|()| Bytes::copy_from_slice(&desk));
    desk.shrink_to(DESK_MAX);
    DESK.set(desk);
    written
}

/// A body could not be written or read. The text says why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct CodecError {
    detail: String,
}

/// The codec of a body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Codec {
    /// JSON: what a message without a content type is.
    #[default]
    Json,
    /// MessagePack, structures as maps with their fields' names.
    MessagePack,
}

impl Codec {
    /// The media type.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::MessagePack => "application/msgpack",
        }
    }

    /// The codec of a media type; its parameters do not count.
    #[must_use]
    pub fn of_content_type(media_type: &str) -> Option<Self> {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        let is = |name: &str| essence.eq_ignore_ascii_case(name);
        if is("application/json") {
            Some(Self::Json)
        } else if is("application/msgpack") || is("application/x-msgpack") || is("application/vnd.msgpack") {
            Some(Self::MessagePack)
        } else {
            None
        }
    }

    /// The codec of a message that does not say it, by its first byte: MessagePack when it begins a map or an array.
    #[must_use]
    pub fn of_first_byte(body: &[u8]) -> Self {
        match body.first() {
            Some(0x80..=0x8f | 0x90..=0x9f | 0xc0..=0xdf) => Self::MessagePack,
            Some(_) | None => Self::Json,
        }
    }

    /// Writes a value.
    ///
    /// # Errors
    /// When the value has no form in this codec, for example a map whose keys are no text in JSON.
    pub fn encode<T: Serialize + ?Sized>(self, value: &T) -> Result<Bytes, CodecError> {
        match self {
            Self::Json => exact(|body| serde_json::to_writer(body, value).map_err(CodecError::of)),
            Self::MessagePack => {
                exact(|body| rmp_serde::encode::write_named(body, value).map_err(CodecError::of))
            }
        }
    }

    /// Reads a value. An empty body is a null.
    ///
    /// # Errors
    /// When the body is malformed, cut off, followed by something, or does not fit the type.
    pub fn decode<T: DeserializeOwned>(self, body: &[u8]) -> Result<T, CodecError> {
        match self {
            Self::Json => {
                let body = if body.is_empty() { b"null" } else { body };
                serde_json::from_slice(body).map_err(CodecError::of)
            }
            Self::MessagePack => {
                let body = if body.is_empty() { &[0xc0] } else { body };
                let mut reader = rmp_serde::Deserializer::new(body);
                let value = T::deserialize(&mut reader).map_err(CodecError::of)?;
                match reader.get_ref().is_empty() {
                    true => Ok(value),
                    false => Err(CodecError { detail: "something follows the value".to_owned() }),
                }
            }
        }
    }
}

impl CodecError {
    fn of(error: impl std::error::Error) -> Self {
        Self { detail: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Order {
        account: String,
        amount: u32,
    }

    const CODECS: [Codec; 2] = [Codec::Json, Codec::MessagePack];

    #[test]
    fn values_go_both_ways_and_half_of_one_is_refused() {
        let order = Order { account: "ACC-7".to_owned(), amount: 3 };
        for codec in CODECS {
            let body = codec.encode(&order).unwrap();
            assert_eq!(codec.decode::<Order>(&body), Ok(Order { account: "ACC-7".to_owned(), amount: 3 }));
            assert_eq!(Codec::of_first_byte(&body), codec);
            for cut in 1..body.len() {
                assert!(codec.decode::<Order>(&body[..cut]).is_err(), "{codec:?} cut at {cut}");
            }
            let longer = [&body[..], b"0"].concat();
            assert!(codec.decode::<Order>(&longer).is_err(), "{codec:?} with something behind it");
        }
    }

    #[test]
    fn no_body_is_no_value() {
        for codec in CODECS {
            assert_eq!(codec.decode::<()>(b""), Ok(()));
            assert_eq!(codec.decode::<Option<u8>>(b""), Ok(None));
            assert!(codec.decode::<Order>(b"").is_err());
        }
    }

    #[test]
    fn the_first_byte_tells_the_codec() {
        for map in [0x80, 0x8f, 0x90, 0xc0, 0xdc, 0xde, 0xdf] {
            assert!(Codec::of_first_byte(&[map]) == Codec::MessagePack, "{map:#x}");
        }
        for text in [b'{', b'[', b'"', b'7', b' ', 0xa0, 0xbf, 0xe0, 0xff] {
            assert!(Codec::of_first_byte(&[text]) == Codec::Json, "{text:#x}");
        }
    }

    #[test]
    fn media_types_are_read_without_their_parameters() {
        for codec in CODECS {
            assert_eq!(Codec::of_content_type(codec.content_type()), Some(codec));
        }
        assert_eq!(Codec::of_content_type("Application/JSON; charset=utf-8"), Some(Codec::Json));
        assert_eq!(Codec::of_content_type("application/x-msgpack"), Some(Codec::MessagePack));
        for other in ["", "text/plain", "application/protobuf"] {
            assert_eq!(Codec::of_content_type(other), None, "{other}");
        }
    }
}
