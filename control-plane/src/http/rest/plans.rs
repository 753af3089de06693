//! What operators plan: maintenance, and switchovers at a time.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::call::{Caller, Names, Params, json as answer_json};
use super::idempotency::KeyHeader;
use super::page::Nothing;
use super::types::{
    BeginMaintenance, Data, EndMaintenance, PlanRecorded, Plans, PlansData, Reason, ScheduleSwitchover,
    rejected_fields,
};
use crate::http::body::Object;
use crate::http::problem::Problem;

const PLANS: &str =
    "{ data: system { asOfSequence maintenances { service group until reason by since sequence }
    switchovers { service group to at reason by since sequence begunAt } } }";
const BEGIN: &str = concat!(
    "mutation($input: BeginMaintenanceInput!) { data: beginMaintenance(input: $input) {",
    rejected_fields!(),
    "... on PlanRecorded { sequence } } }"
);
const END: &str = concat!(
    "mutation($input: EndMaintenanceInput!) { data: endMaintenance(input: $input) {",
    rejected_fields!(),
    "... on PlanRecorded { sequence } } }"
);
const SCHEDULE: &str = concat!(
    "mutation($input: ScheduleSwitchoverInput!) { data: scheduleSwitchover(input: $input) {",
    rejected_fields!(),
    "... on PlanRecorded { sequence } } }"
);
const CANCEL: &str = concat!(
    "mutation($input: CancelSwitchoverInput!) { data: cancelSwitchover(input: $input) {",
    rejected_fields!(),
    "... on PlanRecorded { sequence } } }"
);

/// What is planned, and what goes on.
#[utoipa::path(get, path = "/api/plans", tag = "plans",
    responses((status = 200, description = "Maintenance and switchovers.", body = Plans)))]
pub(super) async fn list(caller: Caller, Params(Nothing {}): Params<Nothing>) -> Result<Response, Problem> {
    let Data { data }: Data<PlansData> = caller.ask(PLANS, json!({})).await?;
    answer_json(StatusCode::OK, &Plans::from(data))
}

/// Stops the automatic failover of the service, or of one of its groups, for a time. Once more for the same groups it gives
/// another end.
#[utoipa::path(post, path = "/api/services/{service}/maintenance", tag = "plans", request_body = BeginMaintenance,
    params(("service" = String, Path), KeyHeader),
    responses((status = 200, description = "It has begun, and the members know.", body = PlanRecorded)))]
pub(super) async fn begin_maintenance(
    caller: Caller,
    Names(service): Names<String>,
    Params(Nothing {}): Params<Nothing>,
    Object(BeginMaintenance { group, until, reason }): Object<BeginMaintenance>,
) -> Result<Response, Problem> {
    let input = json!({ "service": service, "group": group, "until": until, "reason": reason });
    recorded(&caller, BEGIN, input).await
}

/// Ends a maintenance before its time.
#[utoipa::path(post, path = "/api/services/{service}/maintenance/end", tag = "plans", request_body = EndMaintenance,
    params(("service" = String, Path), KeyHeader),
    responses((status = 200, description = "It has ended, and the members know.", body = PlanRecorded)))]
pub(super) async fn end_maintenance(
    caller: Caller,
    Names(service): Names<String>,
    Params(Nothing {}): Params<Nothing>,
    Object(EndMaintenance { group, reason }): Object<EndMaintenance>,
) -> Result<Response, Problem> {
    recorded(&caller, END, json!({ "service": service, "group": group, "reason": reason })).await
}

/// Plans to have the group handed over at a time, instead of what was planned for it before.
#[utoipa::path(post, path = "/api/leaders/{service}/{group}/switchover", tag = "plans",
    request_body = ScheduleSwitchover, params(("service" = String, Path), ("group" = String, Path), KeyHeader),
    responses((status = 200, description = "It is planned.", body = PlanRecorded)))]
pub(super) async fn schedule_switchover(
    caller: Caller,
    Names((service, group)): Names<(String, String)>,
    Params(Nothing {}): Params<Nothing>,
    Object(ScheduleSwitchover { to, at, reason }): Object<ScheduleSwitchover>,
) -> Result<Response, Problem> {
    let input = json!({ "service": service, "group": group, "to": to, "at": at, "reason": reason });
    recorded(&caller, SCHEDULE, input).await
}

/// Calls the planned switchover of the group off.
#[utoipa::path(post, path = "/api/leaders/{service}/{group}/switchover/cancel", tag = "plans", request_body = Reason,
    params(("service" = String, Path), ("group" = String, Path), KeyHeader),
    responses((status = 200, description = "It is called off.", body = PlanRecorded)))]
pub(super) async fn cancel_switchover(
    caller: Caller,
    Names((service, group)): Names<(String, String)>,
    Params(Nothing {}): Params<Nothing>,
    Object(Reason { reason }): Object<Reason>,
) -> Result<Response, Problem> {
    recorded(&caller, CANCEL, json!({ "service": service, "group": group, "reason": reason })).await
}

async fn recorded(caller: &Caller, document: &'static str, input: Value) -> Result<Response, Problem> {
    let recorded: PlanRecorded = super::changed(caller, document, json!({ "input": input })).await?;
    answer_json(StatusCode::OK, &recorded)
}
