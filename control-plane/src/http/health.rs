//! Whether the replica lives, whether it is ready, and its metrics.

use std::time::Duration;

use aegis_graphql::ports::{ChangeFeed as _, Health as _, Problem};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::App;
use super::error::ApiError;
use super::identity::{Identity, Started};
use super::request_id::RequestId;
use crate::metrics::Exposition;

/// How many events the projection may be behind.
const LAG_MAX: u64 = 1000;
/// How long JetStream may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The process answers.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// JetStream answers, the projection has kept up, and nothing keeps it from being what it should be. Otherwise it says
/// what is waited for.
pub(super) async fn readyz(State(app): State<App>) -> Response {
    let Some(core) = app.core.get() else {
        return answer(&app.startup.reasons(), &[], "is not known yet", None);
    };
    let head = tokio::time::timeout(PATIENCE, core.adapter.journal.last_sequence()).await;
    let applied = core.adapter.position().borrow().get();
    let problems = core.adapter.problems();
    let mut reasons: Vec<_> =
        problems.iter().filter(|problem| problem.unready).map(|problem| problem.message.clone()).collect();
    reasons.extend(core.adapter.is_empty_yet());
    match head {
        Ok(Ok(head)) => {
            let lag = head.get().saturating_sub(applied);
            if lag > LAG_MAX {
                reasons.push(format!("the projection is {lag} events behind the log"));
            }
            answer(&reasons, &problems, "answers", Some(lag))
        }
        Ok(Err(_)) | Err(_) => {
            let away = app.startup.outage().words();
            reasons.push(away.unwrap_or_else(|| "JetStream does not answer".to_owned()));
            answer(&reasons, &problems, "does not answer", None)
        }
    }
}

fn answer(reasons: &[String], problems: &[Problem], jetstream: &str, lag: Option<u64>) -> Response {
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "ready": ready, "reasons": reasons, "jetstream": jetstream,
        "projectionLag": lag, "projectionLagMax": LAG_MAX,
        "problems": problems.iter().map(describe).collect::<Vec<_>>(),
    });
    (status, Json(body)).into_response()
}

fn describe(problem: &Problem) -> serde_json::Value {
    let Problem { part, code, message, since, unready: _ } = problem;
    json!({ "part": part, "code": code, "message": message, "since": since })
}

pub(super) async fn metrics(
    id: RequestId,
    _: Identity,
    Started(core): Started,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let exposition = Exposition::accepted(accept);
    let text = core.metrics.render(exposition).await.map_err(|error| {
        tracing::error!(%error, "metrics cannot be written");
        ApiError::internal(&id)
    })?;
    let headers = [(header::CONTENT_TYPE, exposition.content_type()), (header::VARY, "Accept")];
    Ok((headers, text).into_response())
}
