//! Whether the replica lives, whether it is ready, and its metrics.

use std::time::Duration;

use aegis_domain::ErrorCode;
use aegis_graphql::ports::{ChangeFeed as _, Health as _, Problem};
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::App;
use super::error::ApiError;
use super::headers::RequestId;
use super::identity::Identity;

/// How many events the projection may be behind.
const LAG_MAX: u64 = 1000;
/// How long JetStream may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The process answers.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// JetStream answers, the projection has kept up, and nothing keeps it from being what it should be.
pub(super) async fn readyz(State(app): State<App>) -> Response {
    let answer = tokio::time::timeout(PATIENCE, app.adapter.journal.last_sequence()).await;
    let applied = app.adapter.position().borrow().get();
    let problems: Vec<_> = app.adapter.problems().iter().map(describe).collect();
    let (ready, jetstream, lag) = match answer {
        Ok(Ok(head)) => {
            let lag = head.get().saturating_sub(applied);
            (lag <= LAG_MAX && problems.is_empty(), "answers", Some(lag))
        }
        Ok(Err(_)) | Err(_) => (false, "does not answer", None),
    };
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "ready": ready,
        "jetstream": jetstream,
        "projectionLag": lag,
        "projectionLagMax": LAG_MAX,
        "problems": problems,
    });
    (status, Json(body)).into_response()
}

fn describe(problem: &Problem) -> serde_json::Value {
    let Problem { part, code, message, since } = problem;
    json!({ "part": part, "code": code, "message": message, "since": since })
}

pub(super) async fn metrics(
    State(app): State<App>,
    id: RequestId,
    _: Identity,
) -> Result<Response, ApiError> {
    let text = app.metrics.render().await.map_err(|error| {
        tracing::error!(%error, "metrics cannot be written");
        ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            ErrorCode::Internal,
            ErrorCode::Internal.meaning(),
            &id,
        )
    })?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
