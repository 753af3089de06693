//! Errors in one shape: `extensions { code, requestId, retryable }`, and a message that may leave the
//! process.

use aegis_domain::ErrorCode;
use aegis_projections::store::StoreError;
use async_graphql::{Context, Error, ErrorExtensions as _, Response, ServerError, Value};

use crate::ports::{Failure, Principal, Refused, Role};

pub(crate) fn error(code: ErrorCode, message: impl Into<String>) -> Error {
    Error::new(message).extend_with(|_, extensions| {
        extensions.set("code", code.as_str());
        extensions.set("retryable", code.is_retryable());
    })
}

/// What went wrong inside stays inside; the log has it.
pub(crate) fn store_error(cause: &StoreError) -> Error {
    tracing::error!(error = %cause, "the projection cannot be read");
    error(ErrorCode::Unavailable, "the projection cannot be read now")
}

pub(crate) fn failed(failure: &Failure) -> Error {
    error(failure.code, failure.code.meaning())
}

pub(crate) fn refused(refused: Refused) -> Error {
    error(refused.code, refused.message)
}

/// The principal, if its role suffices.
pub(crate) fn require<'a>(context: &Context<'a>, role: Role) -> Result<&'a Principal, Error> {
    let principal = context
        .data_opt::<Principal>()
        .ok_or_else(|| error(ErrorCode::Unauthenticated, "sign in, or send a bearer token"))?;
    if principal.role >= role {
        return Ok(principal);
    }
    let message = format!("this needs the role {role:?}; {} has {:?}", principal.name, principal.role);
    Err(error(ErrorCode::Forbidden, message))
}

/// Gives every error of the response the request's id, and a code to those that came without one.
#[must_use]
pub fn with_request_id(mut response: Response, request_id: &str) -> Response {
    for error in &mut response.errors {
        complete(error, request_id);
    }
    response
}

fn complete(error: &mut ServerError, request_id: &str) {
    let extensions = error.extensions.get_or_insert_with(Default::default);
    if extensions.get("code").is_none() {
        // Errors without a code come from parsing, validation and limits.
        let limit = ["too complex", "too deep", "complexity"].iter().any(|word| error.message.contains(word));
        let code = if limit { ErrorCode::QueryTooComplex } else { ErrorCode::InvalidQuery };
        extensions.set("code", code.as_str());
        extensions.set("retryable", code.is_retryable());
    }
    extensions.set("requestId", Value::from(request_id));
}
