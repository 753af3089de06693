//! How a call is written, and its answer in kind: native in either codec, or as the Python SDK has it.

use std::sync::Arc;

use aegis_domain::ErrorCode;
use aegis_domain::wire::header;
use aegis_domain::wire::legacy::{ExclusiveError, ExclusiveResponse, Head, RpcRequest, RpcResponse};
use bytes::Bytes;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::fault::{CODE_MAX, Fault, TEXT_MAX};
use crate::codec::{Codec, legacy};
use crate::nats::link::Headers;

/// Why something does not fit is told in so many bytes: it may quote all of what was sent.
const MISFIT_MAX: usize = 300;

/// The form of one call.
#[derive(Debug, Clone)]
pub(super) enum Form {
    Native(Codec),
    Legacy(Arc<Legacy>),
}

/// A call of the Python SDK.
#[derive(Debug)]
pub(super) struct Legacy {
    codec: Codec,
    pub(super) head: Head,
    /// How long the caller waits, in seconds.
    pub(super) timeout: f64,
    /// Whether the method is one that only an owner serves: then the answer has another form.
    exclusive: bool,
}

impl Form {
    /// The envelope around a call of the Python SDK.
    pub(super) fn legacy(codec: Codec, body: &[u8], exclusive: bool) -> Result<Self, Fault> {
        let request: RpcRequest<IgnoredAny> = codec.decode(body).map_err(|e| misfit("request", &e))?;
        let (head, timeout) = (request.head(), request.timeout);
        Ok(Self::Legacy(Arc::new(Legacy { codec, head, timeout, exclusive })))
    }

    /// The parameters.
    pub(super) fn read<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, Fault> {
        match self {
            Self::Native(codec) => codec.decode(body),
            Self::Legacy(call) => call.codec.decode::<RpcRequest<T>>(body).map(|request| request.params),
        }
        .map_err(|e| misfit("parameters", &e))
    }

    /// The reply.
    pub(super) fn write<T: Serialize>(&self, reply: &T) -> Result<Bytes, Fault> {
        match self {
            Self::Native(codec) => codec.encode(reply),
            Self::Legacy(call) => {
                let head = legacy::answer(&call.head);
                match call.exclusive {
                    true => call.codec.encode(&ExclusiveResponse::new(head, true, reply, None, None)),
                    false => call.codec.encode(&RpcResponse::new(head, true, reply, None)),
                }
            }
        }
        .map_err(|e| Fault::of(ErrorCode::Internal, format!("the reply cannot be encoded: {e}")))
    }

    /// The answer to a failed call: what the headers say in addition, and the body.
    pub(super) fn fail(&self, headers: &mut Headers, fault: &Fault) -> Bytes {
        let Self::Legacy(call) = self else {
            headers.insert(header::ERROR, &header::text(&fault.message, TEXT_MAX));
            headers.insert(header::ERROR_CODE, &header::text(&fault.code, CODE_MAX));
            return Bytes::new();
        };
        let head = legacy::answer(&call.head);
        let encoded = if call.exclusive {
            let not_active = fault.code == ErrorCode::NotActive.as_str();
            let error = if not_active { ExclusiveError::NotActive } else { ExclusiveError::ExecutionError };
            let words = if not_active { header::text(&fault.message, TEXT_MAX) } else { words(fault) };
            call.codec.encode(&ExclusiveResponse::new(head, false, (), Some(error), Some(words)))
        } else {
            call.codec.encode(&RpcResponse::new(head, false, (), Some(words(fault))))
        };
        encoded.unwrap_or_default()
    }

    /// The codec of a native reply, where it has to be said.
    pub(super) fn content_type(&self) -> Option<&'static str> {
        match self {
            Self::Native(Codec::MessagePack) => Some(Codec::MessagePack.content_type()),
            Self::Native(Codec::Json) | Self::Legacy(_) => None,
        }
    }
}

fn words(fault: &Fault) -> String {
    format!("{}: {}", header::text(&fault.code, CODE_MAX), header::text(&fault.message, TEXT_MAX))
}

fn misfit(what: &str, error: &crate::codec::CodecError) -> Fault {
    Fault::of(
        ErrorCode::InvalidInput,
        format!("the {what} do not fit: {}", header::text(&error.to_string(), MISFIT_MAX)),
    )
}
