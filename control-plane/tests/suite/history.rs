//! A replica whose log was put back from a copy, made anew: it says so everywhere, and heals by itself.

use std::path::Path;

use aegis_testkit::{NatsServer, Proc, wait_until};
use serde_json::{Value, json};

use crate::subscriptions::{define, hear, subscribed};
use crate::support::{ControlPlane, PATIENCE};

pub(crate) const SYSTEM: &str = "{ system { asOfSequence headSequence problems { part code message since } }
    definitions(first: 500) { nodes { service } } }";
const EVENTS: &str = "subscription($after: Long, $id: String) {
    events(afterSequence: $after, afterId: $id, snapshot: 10) { __typename
    ... on EventSnapshot { events { id sequence } } ... on EventBatch { events { id sequence } } } }";

pub(crate) async fn ready(control: &ControlPlane) -> (u16, Value) {
    let answer = control.http.get(control.at("/readyz")).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

pub(crate) async fn services(control: &ControlPlane) -> Vec<String> {
    let nodes = control.query(SYSTEM, json!({})).await["definitions"]["nodes"].clone();
    nodes.as_array().unwrap().iter().map(|node| node["service"].as_str().unwrap().to_owned()).collect()
}

pub(crate) async fn metric(control: &ControlPlane, name: &str) -> f64 {
    let request = control.http.get(control.at("/metrics")).bearer_auth(&control.token);
    let text = request.send().await.unwrap().text().await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("{name} is no metric")).parse().unwrap()
}

pub(crate) async fn until_ready(control: &ControlPlane) {
    wait_until("the replica to be ready", PATIENCE, || async {
        let (status, body) = ready(control).await;
        if status == 200 { Ok(()) } else { Err(body.to_string()) }
    })
    .await;
}

async fn copy(from: &Path, to: &Path) {
    let cp = Proc::builder("cp").args([Path::new("-a"), from, to]).spawn();
    assert!(cp.wait_exit(PATIENCE).await.success());
}

#[tokio::test]
async fn a_log_put_back_from_a_copy_under_a_replica_is_told_everywhere_and_read_anew() {
    let (nats, folder) = (NatsServer::start().await, tempfile::tempdir().unwrap());
    let control = ControlPlane::start(&nats, folder.path()).await;
    define(&control, "kept").await;
    let streams = nats.data_dir().join("jetstream");
    nats.stop().await;
    copy(&streams, &folder.path().join("copy")).await;
    nats.restart().await;
    for n in 0..20 {
        wait_until("a definition", PATIENCE, || async {
            let input = json!({ "service": format!("lost-{n}"), "owner": "o", "description": "d", "version": "1.0.0" });
            let query = "mutation($input: DefineInput!) { define(input: $input) { __typename } }";
            let answer = control.ask(query, json!({ "input": input })).await;
            if answer.get("errors").is_none() { Ok(()) } else { Err(answer.to_string()) }
        })
        .await;
    }
    wait_until("all of them", PATIENCE, || async {
        let count = services(&control).await.len();
        if count == 21 { Ok(()) } else { Err(count.to_string()) }
    })
    .await;
    let mut follower = subscribed(&control, EVENTS, json!({ "after": null })).await;
    let snapshot = hear(&mut follower).await["payload"]["data"]["events"]["events"].clone();
    let last = snapshot.as_array().unwrap().last().unwrap().clone();
    // Beside the copy the replica must not be able to heal before it was looked at.
    let rebuild = folder.path().join("projection.sqlite.rebuild");
    std::fs::create_dir(&rebuild).unwrap();
    nats.stop().await;
    std::fs::remove_dir_all(&streams).unwrap();
    copy(&folder.path().join("copy"), &streams).await;
    nats.restart().await;
    let body = wait_until("the replica to notice", PATIENCE, || async {
        let (status, body) = ready(&control).await;
        let told = body["problems"].to_string().contains("HISTORY_REPLACED");
        if status == 503 && told { Ok(body) } else { Err(body.to_string()) }
    })
    .await;
    assert_eq!(body["problems"][0]["part"], "registry");
    let told = control.query(SYSTEM, json!({})).await["system"]["problems"].clone();
    assert!(told.to_string().contains("another history"), "{told}");
    assert!(control.process.lines().iter().any(|line| line.contains("the stream has another history")));
    let ended = hear(&mut follower).await;
    assert_eq!(ended["payload"]["errors"][0]["extensions"]["code"], "HISTORY_REPLACED", "{ended}");
    std::fs::remove_dir(&rebuild).unwrap();
    until_ready(&control).await;
    assert_eq!(services(&control).await, ["kept"]);
    assert!(metric(&control, "aegis_projection_histories_replaced_total").await >= 1.0);
    let mut late = subscribed(&control, EVENTS, json!({ "after": last["sequence"] })).await;
    assert_eq!(hear(&mut late).await["payload"]["errors"][0]["extensions"]["code"], "HISTORY_REPLACED");
    for n in 0..30 {
        define(&control, &format!("other-{n}")).await;
    }
    // The position exists again, and is another event's.
    let cursor = json!({ "after": last["sequence"], "id": last["id"] });
    let mut late = subscribed(&control, EVENTS, cursor).await;
    assert_eq!(hear(&mut late).await["payload"]["errors"][0]["extensions"]["code"], "HISTORY_REPLACED");
    let as_of =
        "query($at: Long!, $id: String) { asOf(sequence: $at, id: $id) { asOfSequence asOfId history } }";
    let asked = json!({ "at": last["sequence"], "id": last["id"] });
    let refused = control.ask(as_of, asked).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "HISTORY_REPLACED", "{refused}");
    let told = control.query(as_of, json!({ "at": last["sequence"] })).await["asOf"].clone();
    assert_ne!(told["asOfId"], last["id"], "it says which history has answered");
    assert!(told["history"].as_str().unwrap().starts_with("AEGIS_EVENTS created "), "{told}");
    let again = json!({ "at": last["sequence"], "id": told["asOfId"] });
    assert_eq!(control.query(as_of, again).await["asOf"], told);
    drop(control);
    let control = ControlPlane::start(&nats, folder.path()).await;
    let mut services = services(&control).await;
    services.retain(|service| service.starts_with("lost"));
    assert!(services.is_empty(), "phantoms after a restart: {services:?}");
}
