//! GraphQL over POST. GET is not taken, and the body has to be declared as JSON, so that no other site
//! can make a browser send one.

use std::time::Duration;

use aegis_domain::ErrorCode;
use axum::Json;
use axum::extract::rejection::JsonRejection;

use super::error::ApiError;
use super::headers::RequestId;
use super::identity::{Identity, Started};

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn execute(
    id: RequestId,
    Identity(grant): Identity,
    Started(core): Started,
    body: Result<Json<async_graphql::Request>, JsonRejection>,
) -> Result<Json<async_graphql::Response>, ApiError> {
    let Json(request) = body.map_err(|rejection| {
        ApiError::new(rejection.status(), ErrorCode::InvalidInput, rejection.body_text(), &id)
    })?;
    let executed = core.schema.execute(request.data(grant.principal));
    let response = tokio::time::timeout(PATIENCE, executed).await.map_err(|_elapsed| {
        let status = axum::http::StatusCode::GATEWAY_TIMEOUT;
        ApiError::new(status, ErrorCode::OutcomeUnknown, ErrorCode::OutcomeUnknown.meaning(), &id)
    })?;
    Ok(Json(aegis_graphql::with_request_id(response, &id.0)))
}
