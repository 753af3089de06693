//! How a call is written, and its answer in kind: native in either codec, or as the Python SDK has it.

use std::sync::Arc;

use aegis_domain::ErrorCode;
use aegis_domain::wire::header;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::legacy::{Called, Envelope};
use aegis_domain::Fault;
use aegis_domain::fault::{CODE_MAX, TEXT_MAX};
use aegis_messaging::codec::Codec;
use aegis_nats::transport::Headers;

/// Why something does not fit is told in so many bytes: it may quote all of what was sent.
const MISFIT_MAX: usize = 300;

/// The form of one call.
#[derive(Debug, Clone)]
pub(super) enum Form {
    Native(Codec),
    Legacy(Arc<Called>),
}

impl Form {
    /// The envelope around a call of the Python SDK.
    pub(super) fn legacy(envelope: Envelope, body: &[u8], exclusive: bool) -> Result<Self, Fault> {
        let call = envelope.open(body, exclusive).map_err(|e| misfit("request", &e))?;
        Ok(Self::Legacy(Arc::new(call)))
    }

    /// The parameters.
    pub(super) fn read<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, Fault> {
        match self {
            Self::Native(codec) => codec.decode(body),
            Self::Legacy(call) => call.read(body),
        }
        .map_err(|e| misfit("parameters", &e))
    }

    /// The reply.
    pub(super) fn write<T: Serialize>(&self, reply: &T) -> Result<Bytes, Fault> {
        match self {
            Self::Native(codec) => codec.encode(reply),
            Self::Legacy(call) => call.write(reply),
        }
        .map_err(|e| Fault::of(ErrorCode::Internal, format!("the reply cannot be encoded: {e}")))
    }

    /// The answer to a failed call: what the headers say in addition, and the body.
    pub(super) fn fail(&self, headers: &mut Headers, fault: &Fault) -> Bytes {
        match self {
            Self::Native(_) => {
                headers.insert(header::ERROR, &header::text(&fault.message, TEXT_MAX));
                headers.insert(header::ERROR_CODE, &header::text(&fault.code, CODE_MAX));
                Bytes::new()
            }
            Self::Legacy(call) => call.fail(fault),
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

fn misfit(what: &str, error: &aegis_messaging::codec::CodecError) -> Fault {
    Fault::of(
        ErrorCode::InvalidInput,
        format!("the {what} do not fit: {}", header::text(&error.to_string(), MISFIT_MAX)),
    )
}
