//! The definitions of services.

use aegis_domain::ErrorCode;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::call::{Caller, Names, Params, encoded, json as answer_json};
use super::etag::{etag, is_known};
use super::idempotency::KeyHeader;
use super::page::{self, Nothing, PAGE, PAGE_MAX, Paging, length};
use super::precondition::{Basis, basis};
use super::types::{
    Change, Connection, Content, Data, Definition, DefinitionRevision, Instance, New, Page, Reason,
    definition_fields, page_fields, rejected_fields, revision_fields,
};
use crate::http::body::Object;
use crate::http::problem::Problem;

const LIST: &str = concat!(
    "query($first: Int!, $after: String, $retired: Boolean!) {
        data: definitions(first: $first, after: $after, filter: { includeRetired: $retired }) { nodes {",
    definition_fields!(),
    "}",
    page_fields!(),
    "} }"
);
const ONE: &str =
    concat!("query($service: String!) { data: definition(service: $service) {", definition_fields!(), "} }");
const HISTORY: &str = concat!(
    "query($service: String!, $first: Int!, $after: String) { data: definition(service: $service) {
        history(first: $first, after: $after) { nodes {",
    revision_fields!(),
    "}",
    page_fields!(),
    "} } }"
);
const DEFINE: &str = concat!(
    "mutation($input: DefineInput!) { data: define(input: $input) {",
    rejected_fields!(),
    "... on DefinitionChanged { service revision sequence } } }"
);
const AMEND: &str = concat!(
    "mutation($input: AmendInput!) { data: amend(input: $input) {",
    rejected_fields!(),
    "... on DefinitionChanged { service revision sequence } } }"
);
const RETIRE: &str = concat!(
    "mutation($input: RetireInput!) { data: retire(input: $input) {",
    rejected_fields!(),
    "... on DefinitionChanged { service revision sequence } } }"
);
const REINSTATE: &str = concat!(
    "mutation($input: ReinstateInput!) { data: reinstate(input: $input) {",
    rejected_fields!(),
    "... on DefinitionChanged { service revision sequence } } }"
);

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(super) struct Listed {
    /// The length of the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    first: Option<u32>,
    /// Where it begins: `nextCursor` of the page before.
    after: Option<String>,
    /// Also those that were retired.
    include_retired: Option<bool>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Retirement {
    /// Why, for the record.
    #[param(min_length = 1, max_length = 500)]
    reason: String,
}

/// The definitions of services, in order of name.
#[utoipa::path(get, path = "/api/services", tag = "services", params(Listed),
    responses((status = 200, description = "A page of definitions.", body = Page<Definition>,
        headers(("Link" = String, description = "The next page.")))))]
pub(super) async fn list(caller: Caller, Params(asked): Params<Listed>) -> Result<Response, Problem> {
    let first = length(asked.first, PAGE, PAGE_MAX)?;
    let retired = asked.include_retired.unwrap_or_default();
    let variables = json!({ "first": first, "after": asked.after, "retired": retired });
    let Data { data }: Data<Connection<Definition>> = caller.ask(LIST, variables).await?;
    page::answer(&caller, data, 0)
}

/// Defines a service.
#[utoipa::path(post, path = "/api/services", tag = "services", request_body = New,
    params(KeyHeader),
    responses((status = 201, description = "It is defined.", body = Change,
        headers(("ETag" = String), ("Location" = String)))))]
pub(super) async fn create(
    caller: Caller,
    Params(Nothing {}): Params<Nothing>,
    Object(new): Object<New>,
) -> Result<Response, Problem> {
    define(&caller, &new).await
}

/// One definition, also when it was retired.
#[utoipa::path(get, path = "/api/services/{service}", tag = "services",
    params(("service" = String, Path), ("If-None-Match" = Option<String>, Header, description = "The ETag of what is known.")),
    responses((status = 200, description = "The definition.", body = Definition, headers(("ETag" = String))),
        (status = 304, description = "It is the known one.", headers(("ETag" = String)))))]
pub(super) async fn show(
    caller: Caller,
    Names(service): Names<String>,
    Params(Nothing {}): Params<Nothing>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let definition = definition(&caller, &service).await?;
    let tag = [(header::ETAG, etag(definition.revision)), (header::CACHE_CONTROL, revalidated())];
    if is_known(&headers, definition.revision) {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    Ok((tag, answer_json(StatusCode::OK, &definition)?).into_response())
}

/// Replaces what a definition says, or creates it.
#[utoipa::path(put, path = "/api/services/{service}", tag = "services", request_body = Content,
    params(("service" = String, Path),
        ("If-Match" = Option<String>, Header, pattern = r#"^("[0-9]+"|\*)$"#, description = "The ETag of the definition that is replaced; this or the next is needed."),
        ("If-None-Match" = Option<String>, Header, description = "`*` to create it.")),
    responses((status = 200, description = "It is replaced.", body = Change, headers(("ETag" = String))),
        (status = 201, description = "It is created.", body = Change, headers(("ETag" = String), ("Location" = String)))))]
pub(super) async fn replace(
    caller: Caller,
    Names(service): Names<String>,
    Params(Nothing {}): Params<Nothing>,
    headers: HeaderMap,
    Object(content): Object<Content>,
) -> Result<Response, Problem> {
    let basis = basis(&headers)?;
    if basis == Basis::Absent {
        let refused = |problem: Problem| {
            let exists = problem.code() == ErrorCode::DefinitionExists;
            if exists { problem.with_status(StatusCode::PRECONDITION_FAILED) } else { problem }
        };
        return define(&caller, &New::of(service, content)).await.map_err(refused);
    }
    let expected = revision(&caller, &service, basis).await?;
    let input = json!({
        "service": service, "expectedRevision": expected, "owner": content.owner,
        "description": content.description, "version": content.version,
        "minInstances": content.min_instances, "maxInstances": content.max_instances,
        "p99LimitMs": content.p99_limit_ms, "errorLimitPercent": content.error_limit_percent,
        "failover": content.failover, "registration": content.registration.unwrap_or_default(),
        "labels": content.labels.unwrap_or_default(), "reason": content.reason,
    });
    changed(&change(&caller, AMEND, input).await?)
}

/// Takes a definition out of use.
#[utoipa::path(delete, path = "/api/services/{service}", tag = "services",
    params(("service" = String, Path), Retirement,
        ("If-Match" = String, Header, pattern = r#"^("[0-9]+"|\*)$"#, description = "The ETag of the definition.")),
    responses((status = 200, description = "It is retired.", body = Change, headers(("ETag" = String)))))]
pub(super) async fn retire(
    caller: Caller,
    Names(service): Names<String>,
    Params(Retirement { reason }): Params<Retirement>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let expected = revision(&caller, &service, basis(&headers)?).await?;
    let input = json!({ "service": service, "expectedRevision": expected, "reason": reason });
    changed(&change(&caller, RETIRE, input).await?)
}

/// Brings a retired definition back as it was.
#[utoipa::path(post, path = "/api/services/{service}/reinstate", tag = "services", request_body = Reason,
    params(("service" = String, Path),
        ("If-Match" = String, Header, pattern = r#"^("[0-9]+"|\*)$"#, description = "The ETag of the definition."),
        KeyHeader),
    responses((status = 200, description = "It is back.", body = Change, headers(("ETag" = String)))))]
pub(super) async fn reinstate(
    caller: Caller,
    Names(service): Names<String>,
    Params(Nothing {}): Params<Nothing>,
    headers: HeaderMap,
    Object(Reason { reason }): Object<Reason>,
) -> Result<Response, Problem> {
    let expected = revision(&caller, &service, basis(&headers)?).await?;
    let input = json!({ "service": service, "expectedRevision": expected, "reason": reason });
    changed(&change(&caller, REINSTATE, input).await?)
}

/// Every version of a definition, newest first.
#[utoipa::path(get, path = "/api/services/{service}/history", tag = "services",
    params(("service" = String, Path), Paging),
    responses((status = 200, description = "A page of versions.", body = Page<DefinitionRevision>,
        headers(("Link" = String, description = "The next page.")))))]
pub(super) async fn history(
    caller: Caller,
    Names(service): Names<String>,
    Params(asked): Params<Paging>,
) -> Result<Response, Problem> {
    #[derive(Deserialize)]
    struct Found {
        history: Connection<DefinitionRevision>,
    }
    let first = length(asked.first, PAGE, PAGE_MAX)?;
    let variables = json!({ "service": service, "first": first, "after": asked.after });
    let Data { data }: Data<Option<Found>> = caller.ask(HISTORY, variables).await?;
    page::answer(&caller, data.ok_or_else(not_found)?.history, 0)
}

/// The instances of a service, whether it is defined or not.
#[utoipa::path(get, path = "/api/services/{service}/instances", tag = "services",
    params(("service" = String, Path), Paging),
    responses((status = 200, description = "A page of instances.", body = Page<Instance>,
        headers(("Link" = String, description = "The next page.")))))]
pub(super) async fn instances(
    caller: Caller,
    Names(service): Names<String>,
    Params(asked): Params<Paging>,
) -> Result<Response, Problem> {
    super::instances::of_filter(&caller, (asked.first, asked.after), json!({ "service": service }), None)
        .await
}

async fn define(caller: &Caller, new: &New) -> Result<Response, Problem> {
    let change: Change = change(caller, DEFINE, json!(new)).await?;
    let location = caller.at(&format!("services/{}", encoded(&change.service)));
    let location = HeaderValue::from_str(&location).expect("encoded");
    let headers = [(header::ETAG, etag(change.revision)), (header::LOCATION, location)];
    Ok((headers, answer_json(StatusCode::CREATED, &change)?).into_response())
}

async fn change(caller: &Caller, document: &'static str, input: Value) -> Result<Change, Problem> {
    super::changed(caller, document, json!({ "input": input })).await
}

fn changed(change: &Change) -> Result<Response, Problem> {
    Ok(([(header::ETAG, etag(change.revision))], answer_json(StatusCode::OK, change)?).into_response())
}

async fn definition(caller: &Caller, service: &str) -> Result<Definition, Problem> {
    let Data { data }: Data<Option<Definition>> = caller.ask(ONE, json!({ "service": service })).await?;
    data.ok_or_else(not_found)
}

/// The revision that a change is based on.
async fn revision(caller: &Caller, service: &str, basis: Basis) -> Result<u64, Problem> {
    match basis {
        Basis::Revision(revision) => Ok(revision),
        Basis::Any => Ok(definition(caller, service).await?.revision),
        Basis::Absent => Err(Problem::invalid("If-None-Match: * goes with PUT: give If-Match")),
    }
}

fn not_found() -> Problem {
    Problem::new(ErrorCode::DefinitionNotFound, "this service has no definition")
}

/// A private cache may keep it, and asks each time whether it still holds.
fn revalidated() -> HeaderValue {
    HeaderValue::from_static("private, no-cache")
}
