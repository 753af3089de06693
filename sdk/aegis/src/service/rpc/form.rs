//! How a call is written, and its answer in kind: native in either codec, or as the Python SDK has it.

use std::sync::Arc;

use aegis_domain::ErrorCode;
use aegis_domain::wire::header;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::legacy::{Called, Envelope};
use aegis_domain::Failure;
use aegis_domain::failure::{CODE_MAX, TEXT_MAX};
use aegis_messaging::codec::Codec;
use aegis_nats::transport::Headers;

/// Why something does not fit is told in so many bytes: it may quote all of what was sent.
const MISFIT_MAX: usize = 300;

/// Details of a failure that have more bytes are left out.
const DETAILS_MAX: usize = 16 << 10;

/// The form of one call.
#[derive(Debug, Clone)]
pub(super) enum Form {
    Native(Codec),
    Legacy(Arc<Called>),
}

impl Form {
    /// The envelope around a call of the Python SDK.
    pub(super) fn legacy(envelope: Envelope, body: &[u8], exclusive: bool) -> Result<Self, Failure> {
        let call = envelope.open(body, exclusive).map_err(|e| misfit("request", &e))?;
        Ok(Self::Legacy(Arc::new(call)))
    }

    /// The parameters.
    pub(super) fn read<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, Failure> {
        match self {
            Self::Native(codec) => codec.decode(body),
            Self::Legacy(call) => call.read(body),
        }
        .map_err(|e| misfit("parameters", &e))
    }

    /// The reply.
    pub(super) fn write<T: Serialize>(&self, reply: &T) -> Result<Bytes, Failure> {
        match self {
            Self::Native(codec) => codec.encode(reply),
            Self::Legacy(call) => call.write(reply),
        }
        .map_err(|e| Failure::of(ErrorCode::Internal, format!("the reply cannot be encoded: {e}")))
    }

    /// The answer to a failed call: what the headers say in addition, and the body.
    pub(super) fn fail(&self, headers: &mut Headers, failure: &Failure) -> Bytes {
        match self {
            Self::Native(codec) => {
                headers.insert(header::ERROR, &header::text(&failure.message, TEXT_MAX));
                headers.insert(header::ERROR_CODE, &header::text(&failure.code, CODE_MAX));
                let encoded = failure.details().and_then(|details| codec.encode(details).ok());
                let Some(details) = encoded.filter(|details| details.len() <= DETAILS_MAX) else {
                    return Bytes::new();
                };
                if let Some(media_type) = self.content_type() {
                    headers.insert(header::CONTENT_TYPE, media_type);
                }
                details
            }
            Self::Legacy(call) => call.fail(failure),
        }
    }

    /// The codec of a native reply, where it has to be said.
    pub(super) fn content_type(&self) -> Option<&'static str> {
        match self {
            Self::Native(Codec::MessagePack) => Some(Codec::MessagePack.content_type()),
            Self::Native(Codec::Json) | Self::Legacy(_) => None,
        }
    }
}

fn misfit(what: &str, error: &aegis_messaging::codec::CodecError) -> Failure {
    Failure::of(
        ErrorCode::InvalidInput,
        format!("the {what} do not fit: {}", header::text(&error.to_string(), MISFIT_MAX)),
    )
}
