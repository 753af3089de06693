//! Errors in one shape: `extensions { code, requestId, retryable }`, and a message that may leave the
//! process.

use aegis_domain::ErrorCode;
use aegis_projections::store::StoreError;
use async_graphql::{Context, Error, ErrorExtensions as _};

use crate::codes::cut;
use crate::ports::{Failure, Principal, Refused, Role};

pub(crate) fn error(code: ErrorCode, message: impl Into<String>) -> Error {
    Error::new(message).extend_with(|_, extensions| {
        extensions.set("code", code.as_str());
        extensions.set("retryable", code.is_retryable());
    })
}

/// What went wrong inside stays inside; the log has it.
pub(crate) fn store_error(cause: &StoreError) -> Error {
    if let StoreError::Slow { .. } = cause {
        return error(ErrorCode::QueryTooComplex, cause.to_string());
    }
    tracing::error!(error = %cause, "the projection cannot be read");
    error(ErrorCode::Unavailable, "the projection cannot be read now")
}

pub(crate) fn failed(failure: &Failure) -> Error {
    error(failure.code, failure.code.meaning())
}

pub(crate) fn refused(refused: Refused) -> Error {
    let Refused { code, message } = refused;
    // In part the words of whoever refused.
    error(code, cut(&message))
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
