//! Consumers of streams.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::call::{Caller, Names, Params, json as answer_json};
use super::idempotency::KeyHeader;
use super::page::Nothing;
use super::types::{ConsumerDeleted, DeleteConsumer, rejected_fields};
use crate::http::body::Object;
use crate::http::problem::Problem;

const DELETE: &str = concat!(
    "mutation($input: DeleteConsumerInput!) { data: deleteConsumer(input: $input) {",
    rejected_fields!(),
    "... on ConsumerDeleted { stream consumer pending ackPending sequence } } }"
);

/// Deletes a durable consumer of a stream, and with it the place where its reader was.
#[utoipa::path(post, path = "/api/consumers/{stream}/{consumer}/delete", tag = "consumers", request_body = DeleteConsumer,
    params(("stream" = String, Path), ("consumer" = String, Path),
        KeyHeader),
    responses((status = 200, description = "It is gone.", body = ConsumerDeleted)))]
pub(super) async fn delete(
    caller: Caller,
    Names((stream, consumer)): Names<(String, String)>,
    Params(Nothing {}): Params<Nothing>,
    Object(DeleteConsumer { reason, force }): Object<DeleteConsumer>,
) -> Result<Response, Problem> {
    let input = json!({ "stream": stream, "consumer": consumer, "reason": reason, "force": force });
    let deleted: ConsumerDeleted = super::changed(&caller, DELETE, json!({ "input": input })).await?;
    answer_json(StatusCode::OK, &deleted)
}
