//! Instances: as they stand, their figures and configuration, and what is asked of them.

use aegis_domain::ErrorCode;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::call::{Caller, Names, Params, json as answer_json};
use super::idempotency::KeyHeader;
use super::metrics::{Window, series};
use super::page::{self, Nothing, PAGE, PAGE_MAX, length, listed};
use super::types::{
    AsOf, Connection, Data, Instance, InstanceOrderField, InstanceStatus, LogSet, Named, Page, Reason,
    Series, SetLog, instance_fields, metrics_fields, minute_fields, page_fields, rejected_fields,
};
use crate::http::body::Object;
use crate::http::problem::Problem;

const LIST: &str = concat!(
    "query($first: Int!, $after: String, $filter: InstanceFilter, $order: InstanceOrder) {
        data: instances(first: $first, after: $after, filter: $filter, orderBy: $order) { nodes {",
    instance_fields!(),
    metrics_fields!(),
    minute_fields!(),
    "}",
    page_fields!(),
    "} }"
);
const ONE: &str = concat!(
    "query($service: String!, $instance: String!) { data: instance(service: $service, instance: $instance) {",
    instance_fields!(),
    metrics_fields!(),
    minute_fields!(),
    "} }"
);
const CONFIGURATION: &str = "query($service: String!, $instance: String!) {
    data: instance(service: $service, instance: $instance) { id }
    configuration(service: $service, instance: $instance) system { asOfSequence } }";
const DRAIN: &str = concat!(
    "mutation($input: DrainInput!) { data: drain(input: $input) {",
    rejected_fields!(),
    "... on DrainAsked { service instance sequence } } }"
);
const FORGET: &str = concat!(
    "mutation($input: ForgetInput!) { data: forgetInstance(input: $input) {",
    rejected_fields!(),
    "... on Forgotten { service instance sequence } } }"
);

const SET_LOG: &str = concat!(
    "mutation($input: SetLogInput!) { data: setLog(input: $input) {",
    rejected_fields!(),
    "... on LogSet { service instance filter } } }"
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
    /// Those of this service.
    service: Option<String>,
    /// Those with one of these statuses.
    #[param(style = Form, explode = false)]
    #[serde(default, deserialize_with = "listed")]
    statuses: Option<Vec<InstanceStatus>>,
    /// Those with this in the name of their service or their own.
    text: Option<String>,
    /// Those with all of these labels, each a key, or a key and a value: `zone=a,spare`.
    #[param(style = Form, explode = false)]
    #[serde(default, deserialize_with = "listed")]
    labels: Option<Vec<String>>,
    /// Those of exactly this version.
    version: Option<String>,
    /// What the list is ordered by. Without it, those that need somebody come first.
    order_by: Option<InstanceOrderField>,
    /// The other way round. Those without such a figure come last all the same.
    #[serde(default)]
    descending: bool,
}

/// What an instance reported of its configuration.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Configuration {
    /// What it reported last, its secrets masked; null when it has reported none.
    configuration: Value,
    /// Sequence of the last event that the answer contains.
    as_of_sequence: u64,
}

/// Instances: those that need somebody come first (unhealthy), then those that live, then those that have ended.
#[utoipa::path(get, path = "/api/instances", tag = "instances", params(Listed),
    responses((status = 200, description = "A page of instances.", body = Page<Instance>,
        headers(("Link" = String, description = "The next page.")))))]
pub(super) async fn list(caller: Caller, Params(asked): Params<Listed>) -> Result<Response, Problem> {
    let labels = asked.labels.map(|labels| {
        let parts = |label: String| match label.split_once('=') {
            Some((key, value)) => json!({ "key": key, "value": value }),
            None => json!({ "key": label }),
        };
        labels.into_iter().map(parts).collect::<Vec<_>>()
    });
    let filter = json!({
        "service": asked.service,
        "statuses": asked.statuses,
        "text": asked.text,
        "labels": labels,
        "version": asked.version,
    });
    let order = asked.order_by.map(|field| json!({ "field": field, "descending": asked.descending }));
    if order.is_none() && asked.descending {
        return Err(Problem::invalid("descending goes with orderBy: give both, or neither"));
    }
    of_filter(&caller, (asked.first, asked.after), filter, order).await
}

pub(super) async fn of_filter(
    caller: &Caller,
    (first, after): (Option<u32>, Option<String>),
    filter: Value,
    order: Option<Value>,
) -> Result<Response, Problem> {
    let first = length(first, PAGE, PAGE_MAX)?;
    let variables = json!({ "first": first, "after": after, "filter": filter, "order": order });
    let Data { data }: Data<Connection<Instance>> = caller.ask(LIST, variables).await?;
    page::answer(caller, data, 0)
}

/// One instance.
#[utoipa::path(get, path = "/api/instances/{service}/{instance}", tag = "instances",
    params(("service" = String, Path), ("instance" = String, Path)),
    responses((status = 200, description = "The instance.", body = Instance)))]
pub(super) async fn show(
    caller: Caller,
    Names((service, instance)): Names<(String, String)>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Response, Problem> {
    let variables = json!({ "service": service, "instance": instance });
    let Data { data }: Data<Option<Instance>> = caller.ask(ONE, variables).await?;
    answer_json(StatusCode::OK, &data.ok_or_else(not_found)?)
}

/// The configuration that an instance reported.
#[utoipa::path(get, path = "/api/instances/{service}/{instance}/configuration", tag = "instances",
    params(("service" = String, Path), ("instance" = String, Path)),
    responses((status = 200, description = "The configuration.", body = Configuration)))]
pub(super) async fn configuration(
    caller: Caller,
    Names((service, instance)): Names<(String, String)>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Response, Problem> {
    #[derive(Deserialize)]
    struct Found {
        data: Option<Value>,
        configuration: Value,
        system: AsOf,
    }
    let variables = json!({ "service": service, "instance": instance });
    let found: Found = caller.ask(CONFIGURATION, variables).await?;
    found.data.ok_or_else(not_found)?;
    let as_of_sequence = found.system.as_of_sequence;
    answer_json(StatusCode::OK, &Configuration { configuration: found.configuration, as_of_sequence })
}

/// What an instance did over time.
#[utoipa::path(get, path = "/api/instances/{service}/{instance}/metrics", tag = "instances",
    params(("service" = String, Path), ("instance" = String, Path), Window),
    responses((status = 200, description = "The windows in which a heartbeat came.", body = Series)))]
pub(super) async fn metrics(
    caller: Caller,
    Names((service, instance)): Names<(String, String)>,
    Params(window): Params<Window>,
) -> Result<Response, Problem> {
    series(&caller, service, Some(instance), window).await
}

/// Asks an instance to hand its groups over, finish its calls, and end.
#[utoipa::path(post, path = "/api/instances/{service}/{instance}/drain", tag = "instances", request_body = Reason,
    params(("service" = String, Path), ("instance" = String, Path),
        KeyHeader),
    responses((status = 202, description = "It has been asked; it leaves the registry when it has ended.", body = Named)))]
pub(super) async fn drain(
    caller: Caller,
    Names((service, instance)): Names<(String, String)>,
    Params(Nothing {}): Params<Nothing>,
    Object(Reason { reason }): Object<Reason>,
) -> Result<Response, Problem> {
    answer_json(StatusCode::ACCEPTED, &asked_of(&caller, DRAIN, &service, &instance, &reason).await?)
}

/// Takes an instance that has ended out of the registry before its time. Its history stays in the log.
#[utoipa::path(post, path = "/api/instances/{service}/{instance}/forget", tag = "instances", request_body = Reason,
    params(("service" = String, Path), ("instance" = String, Path),
        KeyHeader),
    responses((status = 200, description = "It is no longer in the registry.", body = Named)))]
pub(super) async fn forget(
    caller: Caller,
    Names((service, instance)): Names<(String, String)>,
    Params(Nothing {}): Params<Nothing>,
    Object(Reason { reason }): Object<Reason>,
) -> Result<Response, Problem> {
    answer_json(StatusCode::OK, &asked_of(&caller, FORGET, &service, &instance, &reason).await?)
}

/// Has an instance log what passes a filter, from now on and until it starts anew. It reports its configuration anew, which is
/// the record of it.
#[utoipa::path(post, path = "/api/instances/{service}/{instance}/log", tag = "instances", request_body = SetLog,
    params(("service" = String, Path), ("instance" = String, Path),
        KeyHeader),
    responses((status = 200, description = "It logs that now.", body = LogSet)))]
pub(super) async fn set_log(
    caller: Caller,
    Names((service, instance)): Names<(String, String)>,
    Params(Nothing {}): Params<Nothing>,
    Object(SetLog { filter }): Object<SetLog>,
) -> Result<Response, Problem> {
    let input = json!({ "service": service, "instance": instance, "filter": filter });
    let set: LogSet = super::changed(&caller, SET_LOG, json!({ "input": input })).await?;
    answer_json(StatusCode::OK, &set)
}

async fn asked_of(
    caller: &Caller,
    document: &'static str,
    service: &str,
    instance: &str,
    reason: &str,
) -> Result<Named, Problem> {
    let input = json!({ "service": service, "instance": instance, "reason": reason });
    super::changed(caller, document, json!({ "input": input })).await
}

fn not_found() -> Problem {
    Problem::new(ErrorCode::InstanceNotFound, "no such instance is in the registry")
}
