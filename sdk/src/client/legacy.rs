//! Calling services of the Python SDK.

use aegis_domain::ErrorCode;
use aegis_domain::wire::header;
use aegis_domain::wire::legacy::{ExclusiveError, ExclusiveResponse, RpcRequest, RpcResponse};
use bytes::Bytes;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use super::route::Route;
use super::{CallError, CallOptions};
use crate::codec::{Codec, CodecError, legacy};
use crate::nats::link::Message;

/// The call as the Python SDK has it.
pub(super) fn wrap<T: Serialize>(
    route: &Route,
    params: &T,
    options: &CallOptions,
) -> Result<Bytes, CodecError> {
    let mut head = legacy::head(None);
    head.target = Some(route.target.service().to_string());
    let method = route.method.to_string();
    let timeout = options.timeout.as_secs_f64().max(0.001);
    options.body_codec().encode(&RpcRequest::new(head, method, params, timeout))
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

/// Says in the headers what the body says of a failure.
pub(super) fn unwrap(mut reply: Message) -> Message {
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
pub(super) fn result<T: DeserializeOwned>(reply: &Message) -> Result<T, CallError> {
    let codec = Codec::of_first_byte(&reply.payload);
    let plain = codec.decode::<RpcResponse<IgnoredAny>>(&reply.payload).is_ok();
    let result = match plain {
        true => codec.decode(&reply.payload).map(|response: RpcResponse<T>| response.result),
        false => codec.decode(&reply.payload).map(|response: ExclusiveResponse<T>| response.result),
    };
    result.map_err(|e| CallError::Decode { detail: e.to_string() })
}
