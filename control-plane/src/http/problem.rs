//! Refusals and failures as RFC 9457 has them: `application/problem+json`.

use std::time::Duration;

use aegis_domain::ErrorCode;
use async_graphql::ServerError;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Why a request has not been answered as asked. It becomes a body in [`Problem::render`], where the request's id is known.
#[derive(Debug, Clone)]
pub(super) struct Problem(Box<Facts>);

#[derive(Debug, Clone)]
struct Facts {
    status: StatusCode,
    code: ErrorCode,
    detail: String,
    field: Option<String>,
    current_revision: Option<u64>,
    retry_after: Option<Duration>,
    headers: HeaderMap,
}

/// A problem: RFC 9457, with the stable code, the request's id, and whether to try again.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub(super) struct Body<'a> {
    /// The code's entry in the catalogue, which says what to do.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference")]
    kind: String,
    /// The code in words.
    title: String,
    status: u16,
    /// What happened, and what to do.
    detail: &'a str,
    /// Stable, for example `DEFINITION_CONFLICT`.
    code: &'static str,
    /// As in the header `x-request-id`, and in the log of the replica.
    request_id: &'a str,
    /// Whether nothing has happened and the same request may succeed later.
    retryable: bool,
    /// The field of the body that is at fault, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    /// The revision that stands, for conflicts.
    #[serde(skip_serializing_if = "Option::is_none")]
    current_revision: Option<u64>,
}

impl Problem {
    /// With the status that goes with the code.
    pub(super) fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self(Box::new(Facts {
            status: status_of(code),
            code,
            detail: detail.into(),
            field: None,
            current_revision: None,
            retry_after: None,
            headers: HeaderMap::new(),
        }))
    }

    pub(super) fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = status;
        self
    }

    pub(super) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    pub(super) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    pub(super) fn with_field(mut self, field: Option<String>) -> Self {
        self.0.field = field;
        self
    }

    pub(super) fn with_current_revision(mut self, revision: Option<u64>) -> Self {
        self.0.current_revision = revision;
        self
    }

    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidInput, detail)
    }

    /// Of an error of the schema.
    pub(super) fn of_error(error: &ServerError) -> Self {
        let told = |name: &str| error.extensions.as_ref()?.get(name)?.clone().into_json().ok();
        let code = told("code").and_then(|code| ErrorCode::parse(code.as_str()?));
        let wait = told("retryAfterMs").and_then(|wait| wait.as_u64());
        let wait = wait.map(Duration::from_millis);
        Self::new(code.unwrap_or(ErrorCode::Internal), error.message.clone()).with_retry_after(wait)
    }

    pub(super) fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// The body and the headers, for the request with this id, of a replica that is reached at this base.
    pub(super) fn render(&self, base: &str, id: &str) -> Response {
        let mut response = (self.0.status, self.body(base, id)).into_response();
        let headers = response.headers_mut();
        headers.extend(self.0.headers.clone());
        headers.insert(header::CONTENT_TYPE, CONTENT_TYPE);
        if let Some(wait) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, seconds(wait).into());
        }
        if self.0.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }

    /// The body as it is sent.
    pub(super) fn body(&self, base: &str, id: &str) -> String {
        let body = Body {
            kind: format!("{base}api/docs/errors#{}", self.0.code),
            title: title(self.0.code),
            status: self.0.status.as_u16(),
            detail: &self.0.detail,
            code: self.0.code.as_str(),
            request_id: id,
            retryable: self.0.code.is_retryable(),
            field: self.0.field.as_deref(),
            current_revision: self.0.current_revision,
        };
        serde_json::to_string(&body).expect("texts and numbers are JSON")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Whole seconds, never too few, as `Retry-After` has them.
pub(super) fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + 1
}

/// The code in words.
fn title(code: ErrorCode) -> String {
    let words = code.as_str().replace('_', " ").to_ascii_lowercase();
    let (first, rest) = words.split_at(1);
    first.to_ascii_uppercase() + rest
}

/// The one table from codes to statuses.
fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::InvalidInput | ErrorCode::InvalidQuery => StatusCode::BAD_REQUEST,
        ErrorCode::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorCode::Forbidden => StatusCode::FORBIDDEN,
        ErrorCode::NotFound
        | ErrorCode::DefinitionNotFound
        | ErrorCode::DeadLetterNotFound
        | ErrorCode::InstanceNotFound
        | ErrorCode::GroupNotServed => StatusCode::NOT_FOUND,
        ErrorCode::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        ErrorCode::DefinitionExists
        | ErrorCode::DeadLetterDecided
        | ErrorCode::DeadLetterStuck
        | ErrorCode::ConsumerInUse
        | ErrorCode::IllegalTransition
        | ErrorCode::MemberNotFound
        | ErrorCode::NotActive
        | ErrorCode::StaleTerm
        | ErrorCode::SequenceConflict
        | ErrorCode::Cancelled
        | ErrorCode::IdempotencyKeyInUse => StatusCode::CONFLICT,
        ErrorCode::HistoryReplaced | ErrorCode::CursorExpired => StatusCode::GONE,
        ErrorCode::DefinitionConflict => StatusCode::PRECONDITION_FAILED,
        ErrorCode::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::QueryTooComplex | ErrorCode::IdempotencyKeyReused => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorCode::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
        ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::FeatureMissing => StatusCode::NOT_IMPLEMENTED,
        // The service or the NATS server behind has refused or failed.
        ErrorCode::PermissionDenied
        | ErrorCode::MethodNotFound
        | ErrorCode::HandlerFailed
        | ErrorCode::StreamRefused => StatusCode::BAD_GATEWAY,
        ErrorCode::NoResponders
        | ErrorCode::OutboxFull
        | ErrorCode::Overloaded
        | ErrorCode::CircuitOpen
        | ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::DeadlineExceeded | ErrorCode::OutcomeUnknown | ErrorCode::CommandTimedOut => {
            StatusCode::GATEWAY_TIMEOUT
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_an_error_and_every_retryable_one_asks_to_come_back() {
        for code in ErrorCode::ALL {
            let status = status_of(code);
            assert!(status.is_client_error() || status.is_server_error(), "{code}: {status}");
            let again = [409, 429, 503, 504].contains(&status.as_u16());
            assert!(!code.is_retryable() || again, "{code}: {status}");
        }
    }

    #[test]
    fn a_problem_has_its_type_in_words_and_as_a_place() {
        let problem = Problem::new(ErrorCode::DefinitionNotFound, "no definition");
        let body: serde_json::Value = serde_json::from_str(&problem.body("/aegis/", "mine")).unwrap();
        assert_eq!(body["type"], "/aegis/api/docs/errors#DEFINITION_NOT_FOUND");
        assert_eq!(body["title"], "Definition not found");
        assert_eq!(body["status"], 404);
    }
}
