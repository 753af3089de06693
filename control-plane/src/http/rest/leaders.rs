//! Who leads which group, and handing it over.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

use super::call::{Caller, Names, Params, json as answer_json};
use super::idempotency::KeyHeader;
use super::page::{self, Nothing, PAGE, PAGE_MAX, length};
use super::types::{
    Connection, Data, HandedOver, Leader, Page, StepDown, leader_fields, page_fields, rejected_fields,
};
use crate::http::body::Object;
use crate::http::problem::Problem;

const LIST: &str = concat!(
    "query($first: Int!, $after: String, $filter: LeaderFilter) {
        data: leaders(first: $first, after: $after, filter: $filter) { nodes {",
    leader_fields!(),
    "}",
    page_fields!(),
    "} }"
);
const STEP_DOWN: &str = concat!(
    "mutation($input: StepDownInput!) { data: stepDown(input: $input) {",
    rejected_fields!(),
    "... on HandedOver { service group instance term sequence } } }"
);

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Listed {
    /// The length of the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    first: Option<u32>,
    /// Where it begins: `nextCursor` of the page before.
    after: Option<String>,
    /// Groups of this service.
    service: Option<String>,
    /// Groups that instances of this name own.
    instance: Option<String>,
}

/// The owners of groups; groups that nobody owns come first.
#[utoipa::path(get, path = "/api/leaders", tag = "leaders", params(Listed),
    responses((status = 200, description = "A page of groups.", body = Page<Leader>,
        headers(("Link" = String, description = "The next page.")))))]
pub(super) async fn list(caller: Caller, Params(asked): Params<Listed>) -> Result<Response, Problem> {
    let first = length(asked.first, PAGE, PAGE_MAX)?;
    let filter = json!({ "service": asked.service, "instance": asked.instance });
    let variables = json!({ "first": first, "after": asked.after, "filter": filter });
    let Data { data }: Data<Connection<Leader>> = caller.ask(LIST, variables).await?;
    page::answer(&caller, data, 0)
}

/// Has the owner of a group hand it over: calls in flight end first, later ones go to the new owner.
#[utoipa::path(post, path = "/api/leaders/{service}/{group}/step-down", tag = "leaders", request_body = StepDown,
    params(("service" = String, Path), ("group" = String, Path),
        KeyHeader),
    responses((status = 200, description = "The new owner.", body = HandedOver)))]
pub(super) async fn step_down(
    caller: Caller,
    Names((service, group)): Names<(String, String)>,
    Params(Nothing {}): Params<Nothing>,
    Object(StepDown { to, reason }): Object<StepDown>,
) -> Result<Response, Problem> {
    let input = json!({ "service": service, "group": group, "to": to, "reason": reason });
    let handed_over: HandedOver = super::changed(&caller, STEP_DOWN, json!({ "input": input })).await?;
    answer_json(StatusCode::OK, &handed_over)
}
