//! REST under `/api`: every route runs a document of its own on the schema, so that bounds, budgets, roles and codes are
//! those of GraphQL, and there is no second way to the registry.

mod call;
mod consumers;
mod dead_letters;
mod docs;
mod etag;
mod events;
mod idempotency;
mod instances;
mod leaders;
mod metrics;
mod page;
mod plans;
mod precondition;
mod services;
mod stream;
mod system;
mod types;

use std::sync::Arc;

use aegis_domain::ErrorCode;
use axum::Router;
use axum::http::header;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde::de::DeserializeOwned;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::problem::Problem;
use call::Caller;
use types::{Data, Outcome, Rejected};

pub(crate) use docs::openapi;

/// Whether errors of this path are told as problems.
pub(super) fn is_route(path: &str) -> bool {
    path == "/api" || (path.starts_with("/api/") && path != "/api/session")
}

pub(super) fn router(app: &App) -> Router<App> {
    let (routes, _document) = routes().split_for_parts();
    routes
        .route("/api", any(missing))
        .route("/api/", any(missing))
        .route("/api/{*path}", any(missing))
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state((app.clone(), Arc::default()), idempotency::remembered))
        .layer(from_fn_with_state(app.clone(), call::on_workers))
}

/// The routes, with what the document says of each.
fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(docs::head())
        .routes(routes!(services::list, services::create))
        .routes(routes!(services::show, services::replace, services::retire))
        .routes(routes!(services::history))
        .routes(routes!(services::instances))
        .routes(routes!(services::reinstate))
        .routes(routes!(instances::list))
        .routes(routes!(instances::show))
        .routes(routes!(instances::configuration))
        .routes(routes!(instances::metrics))
        .routes(routes!(instances::drain))
        .routes(routes!(instances::forget))
        .routes(routes!(instances::set_log))
        .routes(routes!(metrics::over_time))
        .routes(routes!(metrics::live))
        .routes(routes!(leaders::list))
        .routes(routes!(leaders::step_down))
        .routes(routes!(plans::list))
        .routes(routes!(plans::begin_maintenance))
        .routes(routes!(plans::end_maintenance))
        .routes(routes!(plans::schedule_switchover))
        .routes(routes!(plans::cancel_switchover))
        .routes(routes!(events::list))
        .routes(routes!(system::registry))
        .routes(routes!(dead_letters::list))
        .routes(routes!(dead_letters::show))
        .routes(routes!(dead_letters::redrive))
        .routes(routes!(dead_letters::discard))
        .routes(routes!(consumers::delete))
        .routes(routes!(system::viewer))
        .routes(routes!(system::show))
        .routes(routes!(system::rebuild))
        .routes(routes!(system::verification, system::verify))
        .routes(routes!(docs::document))
        .routes(routes!(docs::page))
        .routes(routes!(docs::errors))
}

/// The outcome of a change; a refusal is a problem.
async fn changed<T: DeserializeOwned>(
    caller: &Caller,
    document: &'static str,
    variables: serde_json::Value,
) -> Result<T, Problem> {
    match caller.ask(document, variables).await? {
        Data { data: Outcome::Done(done) } => Ok(done),
        Data { data: Outcome::Rejected(rejected) } => Err(refused(rejected)),
    }
}

async fn missing() -> Response {
    Problem::new(ErrorCode::NotFound, ErrorCode::NotFound.meaning()).into_response()
}

/// Which methods there are is in the header that the router adds.
pub(super) async fn wrong_method() -> Response {
    Problem::new(ErrorCode::MethodNotAllowed, ErrorCode::MethodNotAllowed.meaning()).into_response()
}

/// The problem of an expected refusal.
fn refused(rejected: Rejected) -> Problem {
    let Rejected { code, message, field, current_revision } = rejected;
    let code = ErrorCode::parse(&code).unwrap_or(ErrorCode::Internal);
    let problem = Problem::new(code, message).with_field(field).with_current_revision(current_revision);
    match current_revision.map(etag::etag) {
        Some(tag) => problem.with_header(header::ETAG, tag),
        None => problem,
    }
}
