//! Calls to services of the Python SDK.

use std::time::Duration;

use aegis_domain::ErrorCode;
use aegis_domain::wire::header;
use aegis_domain::{MethodName, ServiceName};
use aegis_legacy::{ExclusiveError, ExclusiveResponse, Head, RpcRequest, RpcResponse};
use aegis_messaging::codec::{Codec, CodecError};
use aegis_nats::transport::Message;
use bytes::Bytes;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

/// That wire, and so the envelope that a call goes out in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wire;

impl Wire {
    /// That of an instance, if it speaks it.
    pub(crate) fn of(legacy: bool) -> Option<Self> {
        legacy.then_some(Self)
    }

    /// The codec of calls that name none.
    pub(crate) fn codec(self) -> Codec {
        Codec::MessagePack
    }

    /// The call as the Python SDK has it.
    pub(crate) fn wrap<T: Serialize>(
        self,
        (service, method): (&ServiceName, &MethodName),
        params: &T,
        (timeout, codec): (Duration, Codec),
    ) -> Result<Bytes, CodecError> {
        let head = Head { target: Some(service.to_string()), ..Head::from_source(None) };
        let timeout = timeout.as_secs_f64().max(0.001);
        codec.encode(&RpcRequest::new(head, method.to_string(), params, timeout))
    }

    /// Says in the headers what the body says of a failure.
    pub(crate) fn unwrap(self, mut reply: Message) -> Message {
        let failure: Result<Failure, _> = Codec::of_first_byte(&reply.payload).decode(&reply.payload);
        // What cannot be read is told when the result is.
        let Ok(Failure { success: false, error, message }) = failure else { return reply };
        let error = error.unwrap_or_default();
        let not_active = serde_json::from_value::<ExclusiveError>(error.as_str().into());
        let code = match not_active {
            Ok(ExclusiveError::NotActive) => ErrorCode::NotActive,
            Ok(ExclusiveError::ExecutionError) | Err(_) => ErrorCode::HandlerFailed,
        };
        reply.headers.insert(header::ERROR_CODE, code.as_str());
        let text: String =
            message.unwrap_or(error).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        reply.headers.insert(header::ERROR, &text);
        reply
    }

    /// What the handler returned.
    pub(crate) fn result<T: DeserializeOwned>(self, reply: &Message) -> Result<T, CodecError> {
        let codec = Codec::of_first_byte(&reply.payload);
        match codec.decode::<RpcResponse<IgnoredAny>>(&reply.payload).is_ok() {
            true => codec.decode(&reply.payload).map(|response: RpcResponse<T>| response.result),
            false => codec.decode(&reply.payload).map(|response: ExclusiveResponse<T>| response.result),
        }
    }
}

/// What the two kinds of answers have in common.
#[derive(Deserialize)]
struct Failure {
    success: bool,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    message: Option<String>,
}
