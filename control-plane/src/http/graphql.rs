//! GraphQL over POST. GET is not taken, and the body has to be declared as JSON, so that no other site
//! can make a browser send one.

use std::time::Duration;

use aegis_domain::ErrorCode;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;

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
    let Json(mut request) = body.map_err(|rejection| ApiError::unread(&rejection, &id))?;
    let changes = aegis_graphql::is_change(&mut request);
    let request_id = aegis_graphql::RequestId(id.0.clone());
    let executed = core.schema.execute(request.data(grant.principal).data(request_id.clone()));
    let response = tokio::time::timeout(PATIENCE, executed).await.map_err(|_elapsed| {
        let (code, message) = if changes {
            (
                ErrorCode::OutcomeUnknown,
                format!("no outcome within {PATIENCE:?}: what was asked for may have happened, or happen yet; look first"),
            )
        } else {
            (ErrorCode::Unavailable, format!("no answer within {PATIENCE:?}; it was a query, and nothing was changed"))
        };
        ApiError::new(StatusCode::GATEWAY_TIMEOUT, code, message, &id)
    })?;
    Ok(Json(aegis_graphql::with_request_id(response, &request_id)))
}
