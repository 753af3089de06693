//! The security headers and the request id of every response: they keep a browser from doing anything that the page
//! does not need.

use std::panic::AssertUnwindSafe;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;

use super::App;
use super::error::{ApiError, AsProblem};
use super::problem::Problem;
use super::request_id::{self, RequestId};
use super::rest;

const POLICY: &str =
    "default-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

/// Gives each response its request id and security headers, and turns a panic of its handler into an error.
pub(super) async fn set_security_headers(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = RequestId::given_or_drawn(request.headers());
    request.extensions_mut().insert(id.clone());
    let has_problems = rest::is_route(request.uri().path());
    // A panic in the handler of one request fails that request only.
    let mut response = AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|_panic| {
        tracing::error!(request = id.as_str(), "a request was not answered: its handler panicked");
        ApiError::internal(&id).into_response()
    });
    let told = response.extensions_mut().remove::<AsProblem>().filter(|_| has_problems);
    let told = response.extensions_mut().remove::<Problem>().or(told.map(|AsProblem(problem)| problem));
    if let Some(problem) = told {
        let shown = problem.render(app.outside.base(), id.as_str());
        let allow = response.headers_mut().remove(header::ALLOW);
        response = shown;
        response.headers_mut().extend(allow.map(|allow| (header::ALLOW, allow)));
    }
    if let Some(core) = app.core.get() {
        core.metrics.count_request();
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        headers.insert(request_id::HEADER, id);
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
