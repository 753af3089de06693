//! What operators plan, over the API: recorded, told to the members, and carried out once by whichever replica there is.

use aegis_domain::aggregate::installation::InstallationEvent;
use aegis_domain::aggregate::plan::{Maintenance, Scope};
use aegis_domain::{GroupName, ServiceName};
use aegis_sdk::leadership::pause::Pauses;
use aegis_testkit::wait_until;
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::fleet::{connection, installation};
use crate::operate::{command, members};
use crate::subscriptions::start;
use crate::support::{ControlPlane, PATIENCE};

const PLANS: &str = "{ system {
    maintenances { service group until reason by since sequence }
    switchovers { service group to at reason by sequence begunAt } } }";
const TERMS: &str =
    "{ terms(service: \"desk\", group: \"ACC-1\") { nodes { term owner cause by reason gapMs } } }";

/// What became of a mutation with this input.
async fn plan(control: &ControlPlane, mutation: &str, input: Value) -> Value {
    let name = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let text = format!(
        "mutation($input: {name}!) {{ {mutation}(input: $input) {{ __typename ... on PlanRecorded {{ sequence }}
            ... on Rejected {{ code message }} }} }}"
    );
    control.query(&text, json!({ "input": input })).await[mutation].clone()
}

/// The plans, once they are so.
async fn plans(control: &ControlPlane, what: &str, is: impl Fn(&Value) -> bool) -> Value {
    wait_until(what, PATIENCE, || async {
        let told = control.query(PLANS, json!({})).await["system"].clone();
        if is(&told) { Ok(told) } else { Err(told.to_string()) }
    })
    .await
}

fn counts(told: &Value) -> (usize, usize) {
    let count = |field: &str| told[field].as_array().unwrap().len();
    (count("maintenances"), count("switchovers"))
}

#[tokio::test]
async fn a_maintenance_is_recorded_told_to_the_members_and_over_in_time() {
    let (nats, _folder, control) = start().await;
    let [first, second] = members(&nats).await;
    let connection = connection(&nats).await;
    let pauses = Pauses::new(&connection);
    let until = |seconds| (Utc::now() + TimeDelta::seconds(seconds)).to_rfc3339();
    let begin = |seconds, group: Option<&str>| json!({ "service": "desk", "group": group, "until": until(seconds), "reason": "new switch" });
    let begun = plan(&control, "beginMaintenance", begin(3_600, Some("ACC-1"))).await;
    assert_eq!(begun["__typename"], "PlanRecorded", "{begun}");
    let one =
        Scope { service: ServiceName::new("desk").unwrap(), group: Some(GroupName::new("ACC-1").unwrap()) };
    assert!(pauses.in_force().await.unwrap().contains_key(&one), "the members know when it is answered");
    let told = plans(&control, "the maintenance", |told| counts(told) == (1, 0)).await;
    let shown = &told["maintenances"][0];
    assert_eq!((&shown["group"], &shown["by"]), (&json!("ACC-1"), &json!("user:admin")), "{shown}");
    assert_eq!(shown["sequence"], begun["sequence"], "{shown}");
    // Another end, and another scope.
    plan(&control, "beginMaintenance", begin(7_200, Some("ACC-1"))).await;
    plan(&control, "beginMaintenance", begin(3, None)).await;
    plans(&control, "both", |told| counts(told) == (2, 0)).await;
    // The one of all groups is over by itself: in the log, and for the members.
    plans(&control, "the end", |told| counts(told) == (1, 0)).await;
    wait_until("the end for the members", PATIENCE, || async {
        let in_force = pauses.in_force().await.map_err(|e| e.to_string())?;
        if in_force.keys().eq([&one]) { Ok(()) } else { Err(format!("{in_force:?}")) }
    })
    .await;
    for (mutation, input, code) in [
        ("beginMaintenance", begin(-1, None), "INVALID_INPUT"),
        ("beginMaintenance", begin(8 * 24 * 3_600, None), "INVALID_INPUT"),
        ("beginMaintenance", json!({ "service": "d e", "until": until(9), "reason": "r" }), "INVALID_INPUT"),
        ("beginMaintenance", json!({ "service": "desk", "until": until(9), "reason": " " }), "INVALID_INPUT"),
        ("endMaintenance", json!({ "service": "desk", "reason": "r" }), "NOT_FOUND"),
    ] {
        let refused = plan(&control, mutation, input.clone()).await;
        assert_eq!(refused["code"], code, "{mutation} {input}: {refused}");
    }
    let end = json!({ "service": "desk", "group": "ACC-1", "reason": "done" });
    assert_eq!(plan(&control, "endMaintenance", end).await["__typename"], "PlanRecorded");
    assert!(pauses.in_force().await.unwrap().is_empty(), "the members know when it is answered");
    let ends = installation(&connection).await.into_iter().filter_map(|event| {
        let InstallationEvent::MaintenanceEnded(end) = event else { return None };
        Some((end.scope.group.is_some(), end.reason))
    });
    assert_eq!(ends.collect::<Vec<_>>(), [(false, None), (true, Some("done".to_owned()))]);
    let filter = json!({ "service": "desk", "kinds": ["INSTALLATION"] });
    let events =
        "query($filter: EventFilter) { events(first: 20, filter: $filter) { nodes { type service } } }";
    let told = control.query(events, json!({ "filter": filter })).await["events"]["nodes"].clone();
    assert_eq!(told.as_array().unwrap().len(), 5, "they are of the service: {told}");
    assert!(told.as_array().unwrap().iter().all(|event| event["service"] == "desk"), "{told}");
    first.stop("done").await.unwrap();
    second.stop("done").await.unwrap();
}

#[tokio::test]
async fn what_the_members_believe_is_made_what_the_log_says() {
    let (nats, _folder, control) = start().await;
    let connection = connection(&nats).await;
    let pauses = Pauses::new(&connection);
    let stray = Maintenance {
        scope: Scope { service: ServiceName::new("desk").unwrap(), group: None },
        until: Utc::now() + TimeDelta::hours(1),
        reason: "by nobody".to_owned(),
    };
    pauses.begin(&stray, Utc::now()).await.unwrap();
    wait_until("the end of the stray pause", PATIENCE, || async {
        let in_force = pauses.in_force().await.map_err(|e| e.to_string())?;
        if in_force.is_empty() { Ok(()) } else { Err(format!("{in_force:?}")) }
    })
    .await;
    let until = (Utc::now() + TimeDelta::hours(1)).to_rfc3339();
    let input = json!({ "service": "desk", "until": until, "reason": "new switch" });
    plan(&control, "beginMaintenance", input).await;
    pauses.end(&stray.scope).await.unwrap();
    wait_until("the pause again", PATIENCE, || async {
        let in_force = pauses.in_force().await.map_err(|e| e.to_string())?;
        let record = in_force.get(&stray.scope).and_then(Option::as_ref);
        if record.is_some_and(|it| it.reason == "new switch") { Ok(()) } else { Err(format!("{in_force:?}")) }
    })
    .await;
}

#[tokio::test]
async fn a_planned_switchover_is_carried_out_once_by_one_of_two_replicas_in_the_name_of_its_planner() {
    let (nats, _folder, control) = start().await;
    let folder = tempfile::tempdir().unwrap();
    let _other = ControlPlane::start(&nats, folder.path()).await;
    let [first, second] = members(&nats).await;
    let connection = connection(&nats).await;
    let schedule = |millis, to: Option<&str>| {
        let at = (Utc::now() + TimeDelta::milliseconds(millis)).to_rfc3339();
        json!({ "service": "desk", "group": "ACC-1", "to": to, "at": at, "reason": "before the opening" })
    };
    plan(&control, "scheduleSwitchover", schedule(3_600_000, None)).await;
    let planned = plans(&control, "the plan", |told| counts(told) == (0, 1)).await;
    assert_eq!(planned["switchovers"][0]["by"], "user:admin", "{planned}");
    let cancel = json!({ "service": "desk", "group": "ACC-1", "reason": "not today" });
    assert_eq!(plan(&control, "cancelSwitchover", cancel.clone()).await["__typename"], "PlanRecorded");
    assert_eq!(plan(&control, "cancelSwitchover", cancel).await["code"], "NOT_FOUND");
    let recorded = plan(&control, "scheduleSwitchover", schedule(1_500, Some("desk-2"))).await;
    assert_eq!(recorded["__typename"], "PlanRecorded", "{recorded}");
    let terms = wait_until("the hand-over", PATIENCE, || async {
        let told = control.query(TERMS, json!({})).await["terms"]["nodes"].clone();
        if told[1]["owner"] == "desk-2" { Ok(told) } else { Err(told.to_string()) }
    })
    .await;
    assert_eq!(
        (&terms[1]["cause"], &terms[1]["by"]),
        (&json!("STEPPED_DOWN"), &json!("user:admin")),
        "{terms}"
    );
    assert!(terms[1]["reason"].as_str().unwrap().contains("before the opening"), "{terms}");
    plans(&control, "no plan", |told| counts(told) == (0, 0)).await;
    // The member that is to take the group does not exist: the switchover fails.
    plan(&control, "scheduleSwitchover", schedule(500, Some("desk-9"))).await;
    let failure = wait_until("the failure", PATIENCE, || async {
        let events = installation(&connection).await;
        let failed = events.iter().find_map(|event| {
            let InstallationEvent::SwitchoverEnded(end) = event else { return None };
            end.failure.clone()
        });
        failed.ok_or_else(|| format!("{events:?}"))
    })
    .await;
    assert!(failure.starts_with("MEMBER_NOT_FOUND: "), "{failure}");
    let begun = installation(&connection).await;
    let begun = begun.iter().filter(|event| matches!(event, InstallationEvent::SwitchoverBegun(_)));
    assert_eq!(begun.count(), 2, "each once");
    let past = control.query(TERMS, json!({})).await["terms"]["nodes"].clone();
    assert_eq!(past.as_array().unwrap().len(), 2, "{past}");
    first.stop("done").await.unwrap();
    second.stop("done").await.unwrap();
}

#[tokio::test]
async fn plans_are_made_and_unmade_over_rest() {
    let (_nats, _folder, control) = start().await;
    let post = async |path: &str, body: Value| {
        let request = control.http.post(control.at(path)).bearer_auth(&control.token).json(&body);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let ahead = |hours| (Utc::now() + TimeDelta::hours(hours)).to_rfc3339();
    let begin = json!({ "until": ahead(1), "reason": "new switch" });
    let (status, begun) = post("/api/services/desk/maintenance", begin).await;
    assert!(status == 200 && begun["sequence"].is_u64(), "{status} {begun}");
    let plan = json!({ "to": "desk-2", "at": ahead(2), "reason": "before the opening" });
    let (status, planned) = post("/api/leaders/desk/ACC-1/switchover", plan).await;
    assert!(status == 200 && planned["sequence"].as_u64() > begun["sequence"].as_u64(), "{status} {planned}");
    let told = wait_until("the plans", PATIENCE, || async {
        let asked = control.http.get(control.at("/api/plans")).bearer_auth(&control.token).send().await;
        let told: Value = asked.unwrap().json().await.unwrap();
        if told["asOfSequence"].as_u64() >= planned["sequence"].as_u64() {
            Ok(told)
        } else {
            Err(told.to_string())
        }
    })
    .await;
    assert_eq!(counts(&told), (1, 1), "{told}");
    assert_eq!(
        (&told["maintenances"][0]["group"], &told["switchovers"][0]["to"]),
        (&Value::Null, &json!("desk-2"))
    );
    let late = json!({ "at": ahead(-1), "reason": "too late" });
    assert_eq!(post("/api/leaders/desk/ACC-2/switchover", late).await.0, 400);
    let why = json!({ "reason": "done" });
    assert_eq!(post("/api/services/desk/maintenance/end", why.clone()).await.0, 200);
    assert_eq!(post("/api/leaders/desk/ACC-1/switchover/cancel", why.clone()).await.0, 200);
    let (status, gone) = post("/api/leaders/desk/ACC-1/switchover/cancel", why).await;
    assert_eq!((status, &gone["code"]), (404, &json!("NOT_FOUND")), "{gone}");
}

#[tokio::test]
async fn the_command_line_plans_without_a_control_plane() {
    let nats = aegis_testkit::NatsServer::start().await;
    let connection = connection(&nats).await;
    aegis_sdk::provision::provision(&connection).await.unwrap();
    let run = async |args: &[&str]| {
        let process = command(&nats, args);
        let status = process.wait_exit(PATIENCE).await;
        (status.success(), process.lines().join("\n"))
    };
    let reason = ["--reason", "new switch"];
    let (done, told) =
        run(&[&["maintenance", "begin", "desk", "ACC-1", "--for", "30m"][..], &reason].concat()).await;
    assert!(done && told.contains("ACC-1 of desk: nobody takes over what is lost until 20"), "{told}");
    let (done, told) = run(&["maintenance", "list"]).await;
    assert!(done && told.contains("yes") && told.contains("new switch"), "{told}");
    let (done, told) = run(&[&["maintenance", "begin", "desk", "--for", "8d"][..], &reason].concat()).await;
    assert!(!done && told.contains("INVALID_INPUT"), "{told}");
    assert!(run(&["maintenance", "end", "desk", "ACC-1"]).await.0);
    let (done, told) = run(&["maintenance", "end", "desk", "ACC-1"]).await;
    assert!(!done && told.contains("NOT_FOUND"), "{told}");
    let at = (Utc::now() + TimeDelta::hours(1)).to_rfc3339();
    let plan = ["switchover", "plan", "desk", "ACC-1", "--at", &at, "--to", "desk-2"];
    assert!(run(&[&plan[..], &reason].concat()).await.0);
    let (_, told) = run(&["switchover", "list"]).await;
    assert!(told.contains("desk-2") && told.contains("planned"), "{told}");
    assert!(run(&["switchover", "cancel", "desk", "ACC-1"]).await.0);
    let (done, told) = run(&["--url", "http://127.0.0.1:1", "maintenance", "list"]).await;
    assert!(!done && told.contains("does not take --url"), "{told}");
}
