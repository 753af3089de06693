//! Errors of the plain HTTP routes, in the one shape.

use std::time::Duration;

use aegis_domain::ErrorCode;
use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::problem::{Problem, seconds};
use super::request_id::RequestId;

#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    code: ErrorCode,
    message: String,
    request_id: String,
    retry_after: Option<Duration>,
}

impl ApiError {
    pub(super) fn new(
        status: StatusCode,
        code: ErrorCode,
        message: impl Into<String>,
        id: &RequestId,
    ) -> Self {
        Self { status, code, message: message.into(), request_id: id.as_str().to_owned(), retry_after: None }
    }

    pub(super) fn rate_limited(wait: Duration, id: &RequestId) -> Self {
        let message = format!("too many tries from this address: try again in {} s", seconds(wait));
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, ErrorCode::RateLimited, message, id);
        Self { retry_after: Some(wait), ..error }
    }

    pub(super) fn internal(id: &RequestId) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal, ErrorCode::Internal.meaning(), id)
    }

    pub(super) fn unauthenticated(id: &RequestId) -> Self {
        let message = "sign in, or send a valid bearer token";
        Self::new(StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated, message, id)
    }
}

pub(super) async fn wrong_method(id: RequestId) -> ApiError {
    let code = ErrorCode::MethodNotAllowed;
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, code, code.meaning(), &id)
}

/// The error of a response, for routes that tell it as a problem.
#[derive(Debug, Clone)]
pub(super) struct AsProblem(pub(super) Problem);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let error = json!({
            "code": self.code.as_str(),
            "message": self.message,
            "requestId": self.request_id,
            "retryable": self.code.is_retryable(),
        });
        let mut response = (self.status, Json(json!({ "error": error }))).into_response();
        if let Some(wait) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds(wait).into());
        }
        // For paths under /api, `headers::set_security_headers` answers with a problem document (RFC 9457) instead of this body.
        let problem = Problem::new(self.code, self.message).with_status(self.status);
        response.extensions_mut().insert(AsProblem(problem.with_retry_after(self.retry_after)));
        response
    }
}
