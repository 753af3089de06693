//! Authentication of a request: a bearer token, or the cookie of a browser session.

use aegis_domain::ErrorCode;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};

use super::error::ApiError;
use super::request_id::RequestId;
use super::{App, Core};
use crate::auth::Grant;

/// The name of the session cookie.
pub(super) const COOKIE: &str = "aegis_session";

/// A route that takes this answers 401 to a request without a valid credential.
pub(super) struct Identity(pub(super) Grant);

impl FromRequestParts<App> for Identity {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let id = RequestId::of(&parts.extensions);
        let presented = bearer(&parts.headers).or_else(|| session(&parts.headers));
        let grant = presented.and_then(|presented| app.auth.identify(presented));
        grant.map(Self).ok_or_else(|| ApiError::unauthenticated(&id))
    }
}

/// A route that takes this answers with what is waited for until the replica has started.
pub(super) struct Started(pub(super) Core);

impl FromRequestParts<App> for Started {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        if let Some(core) = app.core.get() {
            return Ok(Self(core.clone()));
        }
        let id = RequestId::of(&parts.extensions);
        let message = format!("this replica does not serve yet: {}", app.startup.reasons().join("; "));
        Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Unavailable, message, &id))
    }
}

pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

pub(super) fn session(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|line| line.split(';')).find_map(|cookie| {
        let (name, value) = cookie.trim().split_once('=')?;
        (name == COOKIE).then_some(value)
    })
}
