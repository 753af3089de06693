//! The control plane itself, whoever asks it, and the registry of the past.

use aegis_domain::ErrorCode;
use axum::http::{StatusCode, header};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

use super::call::{Caller, Params, json as answer_json};
use super::idempotency::KeyHeader;
use super::page::{Nothing, PAGE, PAGE_MAX, length};
use super::types::{
    Data, Rebuilt, Registry, RegistryData, System, Verification, Viewer, definition_fields, instance_fields,
    leader_fields, page_fields, system_fields, verification_fields,
};
use crate::http::problem::Problem;

const VIEWER: &str = "{ data: viewer { name role } }";
const SYSTEM: &str = concat!("{ data: system {", system_fields!(), "} }");
const REBUILD: &str = "mutation { data: rebuildProjection }";
const VERIFICATION: &str = concat!("{ data: verification {", verification_fields!(), "} }");
const VERIFY: &str = concat!("mutation { data: verifyLog {", verification_fields!(), "} }");
const REGISTRY: &str = concat!(
    "query($sequence: Long, $time: DateTime, $id: String, $first: Int!, $definitions: String, $instances: String,
        $leaders: String) { data: asOf(sequence: $sequence, time: $time, id: $id) { asOfSequence asOfId history missing { first last }
        definitions(first: $first, after: $definitions, filter: { includeRetired: true }) { nodes {",
    definition_fields!(),
    "}",
    page_fields!(),
    "} instances(first: $first, after: $instances) { nodes {",
    instance_fields!(),
    "}",
    page_fields!(),
    "} leaders(first: $first, after: $leaders) { nodes {",
    leader_fields!(),
    "}",
    page_fields!(),
    "} } }"
);

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(super) struct Moment {
    /// After the event with this sequence, or at this time (RFC 3339) by the server's clock.
    #[param(pattern = "^([0-9]{1,19}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2}))$")]
    at: String,
    /// With a sequence: the id of its event, so that a sequence of a history that is gone is noticed.
    id: Option<String>,
    /// The length of the page of each of the three lists.
    #[param(minimum = 1, maximum = 200, default = 50)]
    first: Option<u32>,
    /// Where the page of definitions begins.
    after_definition: Option<String>,
    /// Where the page of instances begins.
    after_instance: Option<String>,
    /// Where the page of leaders begins.
    after_leader: Option<String>,
}

/// Whoever asks.
#[utoipa::path(get, path = "/api/viewer", tag = "system",
    responses((status = 200, description = "The principal.", body = Viewer)))]
pub(super) async fn viewer(caller: Caller, Params(Nothing {}): Params<Nothing>) -> Result<Response, Problem> {
    let Data { data }: Data<Viewer> = caller.ask(VIEWER, json!({})).await?;
    answer_json(StatusCode::OK, &data)
}

/// The replica that answers.
#[utoipa::path(get, path = "/api/system", tag = "system",
    responses((status = 200, description = "Its state.", body = System)))]
pub(super) async fn show(caller: Caller, Params(Nothing {}): Params<Nothing>) -> Result<Response, Problem> {
    let Data { data }: Data<System> = caller.ask(SYSTEM, json!({})).await?;
    answer_json(StatusCode::OK, &data)
}

/// Rebuilds the projection of the replica that answers from the log, while it serves.
#[utoipa::path(post, path = "/api/system/rebuild", tag = "system",
    params(KeyHeader),
    responses((status = 200, description = "It is rebuilt.", body = Rebuilt)))]
pub(super) async fn rebuild(
    caller: Caller,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Response, Problem> {
    let Data { data }: Data<u64> = caller.ask(REBUILD, json!({})).await?;
    answer_json(StatusCode::OK, &Rebuilt { sequence: data })
}

/// The verification of the log that is under way on the replica that answers, or the last one since it started.
#[utoipa::path(get, path = "/api/system/verification", tag = "system",
    responses((status = 200, description = "How far it is, or what it came to.", body = Verification)))]
pub(super) async fn verification(
    caller: Caller,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Response, Problem> {
    let Data { data }: Data<Option<Verification>> = caller.ask(VERIFICATION, json!({})).await?;
    let none = || Problem::new(ErrorCode::NotFound, "the log was not verified since this replica started");
    answer_json(StatusCode::OK, &data.ok_or_else(none)?)
}

/// Has the replica that answers verify the log: chains, gaps, the settings of the stream, and the KV entries.
#[utoipa::path(post, path = "/api/system/verification", tag = "system",
    params(KeyHeader),
    responses((status = 202, description = "It is under way.", body = Verification)))]
pub(super) async fn verify(caller: Caller, Params(Nothing {}): Params<Nothing>) -> Result<Response, Problem> {
    let Data { data }: Data<Verification> = caller.ask(VERIFY, json!({})).await?;
    answer_json(StatusCode::ACCEPTED, &data)
}

/// The registry exactly as it stood at a moment of the past.
#[utoipa::path(get, path = "/api/registry", tag = "system", params(Moment),
    responses((status = 200, description = "A page of each of its lists.", body = Registry,
        headers(("Link" = String, description = "The next page of each.")))))]
pub(super) async fn registry(caller: Caller, Params(asked): Params<Moment>) -> Result<Response, Problem> {
    let is_sequence = !asked.at.is_empty() && asked.at.bytes().all(|byte| byte.is_ascii_digit());
    let malformed = || Problem::invalid("at: give a sequence, or a time as RFC 3339 has it");
    let (sequence, time) = if is_sequence {
        (Some(asked.at.parse::<u64>().map_err(|_too_large| malformed())?), None)
    } else {
        (None, Some(asked.at.parse::<DateTime<Utc>>().map_err(|_no_time| malformed())?))
    };
    let variables = json!({
        "sequence": sequence, "time": time, "id": asked.id, "first": length(asked.first, PAGE, PAGE_MAX)?,
        "definitions": asked.after_definition, "instances": asked.after_instance, "leaders": asked.after_leader,
    });
    let Data { data }: Data<RegistryData> = caller.ask(REGISTRY, variables).await?;
    let lasts = [
        ("afterDefinition", data.definitions.end().or(asked.after_definition)),
        ("afterInstance", data.instances.end().or(asked.after_instance)),
        ("afterLeader", data.leaders.end().or(asked.after_leader)),
    ];
    let registry = Registry::from(data);
    let mut response = answer_json(StatusCode::OK, &registry)?;
    let cursors: Vec<_> =
        lasts.iter().filter_map(|(name, cursor)| Some((*name, cursor.as_deref()?))).collect();
    if registry.has_more()
        && let Some(link) = caller.link("next", &cursors)
    {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}
