//! A record of a stream.

use aegis_domain::wire::header;
use async_nats::HeaderMap;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;

use crate::codec::{Codec, CodecError};

/// One record.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its position in the stream, over all partitions.
    pub sequence: u64,
    /// Its partition.
    pub partition: u16,
    /// Its key.
    pub key: String,
    /// When the stream got it.
    pub published_at: DateTime<Utc>,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Record {
    /// Reads what it holds.
    ///
    /// # Errors
    /// When the body is malformed or does not fit the type.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, CodecError> {
        let codec = self.headers.get(header::CONTENT_TYPE).and_then(|it| Codec::of_content_type(it.as_str()));
        codec.unwrap_or_default().decode(&self.body)
    }
}
