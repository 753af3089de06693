//! How long the body of a request may take to arrive.

use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use futures_util::{Stream, StreamExt as _, stream};
use tokio::time::Instant;

/// From the end of the headers to the end of the body. Bodies are small: see [`BODY_MAX`](super::BODY_MAX).
pub(super) const BODY_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
#[error("the body did not arrive within {BODY_TIMEOUT:?}")]
struct TooSlow;

/// Whether an error is of a body that was late.
pub(super) fn is_too_slow(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(<dyn std::error::Error>::is::<TooSlow>)
}

/// A body that is late becomes one that cannot be read, so whoever reads it answers with an error.
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
