//! Signing in and out, by token or by a one-time link.

use aegis_domain::ErrorCode;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Json};
use serde::Deserialize;

use super::App;
use super::body::unread;
use super::connection::Peer;
use super::error::ApiError;
use super::identity::{COOKIE, session};
use super::outside::Outside;
use super::request_id::RequestId;
use crate::auth::SESSION;
use crate::auth::failures::note_failure;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    token: String,
}

#[derive(Deserialize)]
pub(super) struct Code {
    code: String,
}

pub(super) async fn sign_in(
    State(app): State<App>,
    Extension(Peer(address)): Extension<Peer>,
    id: RequestId,
    body: Result<Json<SignIn>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(body) = body.map_err(|rejection| unread(&rejection, &id))?;
    app.sign_ins.attempt(address).map_err(|wait| ApiError::rate_limited(wait, &id))?;
    let secret = app.auth.sign_in(&body.token).ok_or_else(|| {
        note_failure(address, id.as_str());
        let message = "this token is not known, or has ended";
        ApiError::new(StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated, message, &id)
    })?;
    let cookie = cookie(&app.outside, &secret, SESSION.as_secs());
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

pub(super) async fn sign_out(State(app): State<App>, headers: HeaderMap) -> Response {
    if let Some(secret) = session(&headers) {
        app.auth.sign_out(secret);
    }
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie(&app.outside, "", 0))]).into_response()
}

pub(super) async fn redeem(
    State(app): State<App>,
    Extension(Peer(address)): Extension<Peer>,
    id: RequestId,
    code: Result<Query<Code>, QueryRejection>,
) -> Response {
    if let Err(wait) = app.sign_ins.attempt(address) {
        return ApiError::rate_limited(wait, &id).into_response();
    }
    let outcome =
        code.map_err(|_none_given| "code_invalid").and_then(|Query(Code { code })| app.auth.redeem(&code));
    if outcome.is_err() {
        note_failure(address, id.as_str());
    }
    let base = app.outside.base();
    match outcome {
        Ok(secret) => {
            let cookie = [(header::SET_COOKIE, cookie(&app.outside, &secret, SESSION.as_secs()))];
            (cookie, Redirect::to(base)).into_response()
        }
        Err(why) => Redirect::to(&format!("{base}signin?error={why}")).into_response(),
    }
}

fn cookie(outside: &Outside, secret: &str, seconds: u64) -> HeaderValue {
    let secure = if outside.is_secure() { "; Secure" } else { "" };
    let base = outside.base();
    let text =
        format!("{COOKIE}={secret}; HttpOnly; SameSite=Strict; Path={base}; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&text).expect("secrets are hexadecimal, and the path was checked")
}
