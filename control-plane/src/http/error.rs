//! Errors of the plain HTTP routes, in the one shape.

use aegis_domain::ErrorCode;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::headers::RequestId;

pub(super) struct ApiError {
    status: StatusCode,
    code: ErrorCode,
    message: String,
    request_id: String,
}

impl ApiError {
    pub(super) fn new(
        status: StatusCode,
        code: ErrorCode,
        message: impl Into<String>,
        id: &RequestId,
    ) -> Self {
        Self { status, code, message: message.into(), request_id: id.0.clone() }
    }

    pub(super) fn unauthenticated(id: &RequestId) -> Self {
        let message = "sign in, or send a valid bearer token";
        Self::new(StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated, message, id)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let error = json!({
            "code": self.code.as_str(),
            "message": self.message,
            "requestId": self.request_id,
            "retryable": self.code.is_retryable(),
        });
        (self.status, Json(json!({ "error": error }))).into_response()
    }
}
