//! Figures: over time, and now.

use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

use super::call::{Caller, Params, json as answer_json};
use super::page::{self, length};
use super::types::{
    AsOf, Connection, Data, LiveInstance, Page, Series, SeriesData, metrics_fields, page_fields,
    series_fields,
};
use crate::http::problem::Problem;

/// What is told where nobody says since when.
const SPAN: TimeDelta = TimeDelta::hours(1);
const LIVE: u32 = 200;
const LIVE_MAX: u32 = 400;

const SERIES: &str = concat!(
    "query($service: String!, $instance: String, $from: DateTime!, $to: DateTime!, $points: Int!) {
        data: metrics(service: $service, instance: $instance, from: $from, to: $to, points: $points) {",
    series_fields!(),
    "} system { asOfSequence } }"
);
const NOW: &str = concat!(
    "query($first: Int!, $after: String) { data: instances(first: $first, after: $after) {
        nodes { id service instance version status lastBeatAt",
    metrics_fields!(),
    "}",
    page_fields!(),
    "} }"
);

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Window {
    /// Since when; an hour before `to` when absent.
    from: Option<DateTime<Utc>>,
    /// Until when; now when absent.
    to: Option<DateTime<Utc>>,
    /// The most windows.
    #[param(minimum = 1, maximum = 1000, default = 300)]
    points: Option<u32>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    #[param(max_length = 64, pattern = "^[A-Za-z][A-Za-z0-9_-]*$")]
    service: String,
    /// All instances of the service together when absent.
    #[param(max_length = 128, pattern = "^[A-Za-z0-9][A-Za-z0-9_-]*$")]
    instance: Option<String>,
    /// Since when; an hour before `to` when absent.
    from: Option<DateTime<Utc>>,
    /// Until when; now when absent.
    to: Option<DateTime<Utc>>,
    /// The most windows.
    #[param(minimum = 1, maximum = 1000, default = 300)]
    points: Option<u32>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LivePaging {
    /// The length of the page.
    #[param(minimum = 1, maximum = 400, default = 200)]
    first: Option<u32>,
    /// Where it begins: `nextCursor` of the page before.
    after: Option<String>,
}

/// What the instances of a service did over time, or one of them.
#[utoipa::path(get, path = "/api/metrics", tag = "metrics", params(Asked),
    responses((status = 200, description = "The windows in which a heartbeat came.", body = Series)))]
pub(super) async fn over_time(caller: Caller, Params(asked): Params<Asked>) -> Result<Response, Problem> {
    let Asked { service, instance, from, to, points } = asked;
    series(&caller, service, instance, Window { from, to, points }).await
}

/// The figures of all instances now.
#[utoipa::path(get, path = "/api/metrics/live", tag = "metrics", params(LivePaging),
    responses((status = 200, description = "A page of instances with their figures.", body = Page<LiveInstance>,
        headers(("Link" = String, description = "The next page.")))))]
pub(super) async fn live(caller: Caller, Params(asked): Params<LivePaging>) -> Result<Response, Problem> {
    let first = length(asked.first, LIVE, LIVE_MAX)?;
    let variables = json!({ "first": first, "after": asked.after });
    let Data { data }: Data<Connection<LiveInstance>> = caller.ask(NOW, variables).await?;
    page::answer(&caller, data, 0)
}

pub(super) async fn series(
    caller: &Caller,
    service: String,
    instance: Option<String>,
    window: Window,
) -> Result<Response, Problem> {
    #[derive(Deserialize)]
    struct Found {
        data: SeriesData,
        system: AsOf,
    }
    let to = window.to.unwrap_or_else(Utc::now);
    let from = window.from.or_else(|| to.checked_sub_signed(SPAN));
    let from = from.ok_or_else(|| Problem::invalid("to: there is no hour before it"))?;
    let points = window.points.unwrap_or(300);
    let variables =
        json!({ "service": service, "instance": instance, "from": from, "to": to, "points": points });
    let found: Found = caller.ask(SERIES, variables).await?;
    answer_json(StatusCode::OK, &found.data.into_series(found.system.as_of_sequence))
}
