//! The body of a request: how long it may take to arrive, and what it has to be.

use std::time::Duration;

use aegis_domain::ErrorCode;
use axum::Json;
use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use futures_util::{Stream, StreamExt as _, stream};
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::error::ApiError;
use super::request_id::RequestId;
use super::{App, BODY_MAX};

/// From the end of the headers to the end of the body. Bodies are small: see [`BODY_MAX`](super::BODY_MAX).
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A body that is one JSON object. A list of its fields' values is none, although it could be read as one.
pub(super) struct Object<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Object<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let id = RequestId::of(request.extensions());
        let (parts, body) = request.into_parts();
        let head = Request::from_parts(parts.clone(), Body::empty());
        let bytes = Bytes::from_request(Request::from_parts(parts, body), app).await;
        let bytes = bytes.map_err(|rejection| unread(&JsonRejection::from(rejection), &id))?;
        let request = head.map(|_nothing| Body::from(bytes.clone()));
        let read: Result<Json<T>, JsonRejection> = Json::from_request(request, app).await;
        let Json(read) = read.map_err(|rejection| unread(&rejection, &id))?;
        if is_object(&bytes) {
            Ok(Self(read))
        } else {
            let message = "the body is JSON, but no object; nothing was done";
            Err(ApiError::new(StatusCode::BAD_REQUEST, ErrorCode::InvalidInput, message, &id))
        }
    }
}

/// A body that was not taken: nothing was done with it. What others sent comes back in part only.
pub(super) fn unread(rejection: &JsonRejection, id: &RequestId) -> ApiError {
    if is_too_slow(rejection) {
        let message = format!("the body did not arrive within {BODY_TIMEOUT:?}, and nothing was done");
        return ApiError::new(StatusCode::REQUEST_TIMEOUT, ErrorCode::InvalidInput, message, id);
    }
    let status = rejection.status();
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        let message = format!("the body has more than {BODY_MAX} bytes, and nothing was done: send less");
        return ApiError::new(status, ErrorCode::PayloadTooLarge, message, id);
    }
    let message = format!("{}; nothing was done", aegis_graphql::cut(&rejection.body_text()));
    // Whether it is no JSON, or JSON of another shape, is in the words.
    let status = if status == StatusCode::UNPROCESSABLE_ENTITY { StatusCode::BAD_REQUEST } else { status };
    ApiError::new(status, ErrorCode::InvalidInput, message, id)
}

/// Whether JSON is an object.
pub(super) fn is_object(json: &[u8]) -> bool {
    json.trim_ascii_start().starts_with(b"{")
}

#[derive(Debug, thiserror::Error)]
#[error("the body did not arrive within {BODY_TIMEOUT:?}")]
struct TooSlow;

/// Whether an error is of a body that was late.
fn is_too_slow(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(<dyn std::error::Error>::is::<TooSlow>)
}

/// A body that is late becomes one that cannot be read, so its reader answers with an error.
pub(super) async fn bound(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let body = if http_body::Body::is_end_stream(&body) {
        body
    } else {
        Body::from_stream(until(body.into_data_stream(), Instant::now() + BODY_TIMEOUT))
    };
    next.run(Request::from_parts(parts, body)).await
}

fn until(
    body: BodyDataStream,
    deadline: Instant,
) -> impl Stream<Item = Result<Bytes, axum::BoxError>> + Send + 'static {
    stream::unfold(Some(body), move |body| async move {
        let mut body = body?;
        match tokio::time::timeout_at(deadline, body.next()).await {
            Ok(Some(Ok(piece))) => Some((Ok(piece), Some(body))),
            Ok(Some(Err(error))) => Some((Err(error.into()), None)),
            Ok(None) => None,
            Err(_elapsed) => Some((Err(TooSlow.into()), None)),
        }
    })
}
