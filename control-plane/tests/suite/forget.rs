//! What becomes of instances that have ended, in lists and in the registry.

use aegis_domain::aggregate::Instance;
use aegis_domain::aggregate::instance::Command;
use aegis_domain::{Actor, AggregateId, Context};
use aegis_sdk::{Connection, Journal};
use aegis_testkit::{NatsServer, wait_until};
use chrono::Utc;
use serde_json::{Value, json};

use crate::fleet::{Member, connection, key, lives};
use crate::support::{ControlPlane, PATIENCE, aegis};

const FORGET: &str = "mutation($input: ForgetInput!) { forgetInstance(input: $input) {
    __typename ... on Forgotten { service instance } ... on Rejected { code message } } }";

pub(crate) async fn end(connection: &Connection, name: &str) {
    let (service, instance) = key(name);
    let id = AggregateId::Instance(service.clone(), instance.clone());
    let context = Context::new(Actor::instance(&service, &instance), Utc::now());
    let command = Command::Deregister { reason: "done".to_owned() };
    Journal::new(connection).execute::<Instance>(&id, command, &context).await.unwrap();
}

async fn forget(control: &ControlPlane, name: &str) -> Value {
    let input = json!({ "service": "echo", "instance": name, "reason": "cleared" });
    control.query(FORGET, json!({ "input": input })).await["forgetInstance"].clone()
}

async fn names(control: &ControlPlane) -> Vec<String> {
    let (mut names, mut after) = (Vec::new(), Value::Null);
    loop {
        let query = "query($after: String) { instances(first: 1, after: $after, filter: { statuses: [INIT, STARTING, RUNNING,
            DRAINING, STOPPING, STOPPED, FAILED, UNHEALTHY, EXPIRED] }) { nodes { instance } pageInfo { endCursor hasNextPage } } }";
        let page = control.query(query, json!({ "after": after })).await["instances"].clone();
        names.extend(
            page["nodes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|node| node["instance"].as_str().unwrap().to_owned()),
        );
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            return names;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

async fn until(control: &ControlPlane, expected: &[&str]) {
    wait_until(&format!("{expected:?}"), PATIENCE, || async {
        let found = names(control).await;
        if found == expected { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
}

#[tokio::test]
async fn lists_begin_with_who_needs_somebody_and_end_with_who_has_ended_and_those_are_forgotten_on_request() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    let connection = connection(&nats).await;
    let mut members = Vec::new();
    for name in ["a-over", "b-lives", "c-silent", "d-over", "e-lives"] {
        members.push(Member::start(&connection, name).await);
    }
    for index in [0, 3] {
        end(&connection, &members[index].name).await;
        members[index].stop();
    }
    members[2].stop();
    lives(&connection, "echo", "c-silent", &["registered", "status", "unhealthy"]).await;
    until(&control, &["c-silent", "b-lives", "e-lives", "a-over", "d-over"]).await;
    let head =
        control.query("{ system { headSequence } }", json!({})).await["system"]["headSequence"].clone();

    let refused = forget(&control, "b-lives").await;
    assert_eq!(refused["code"], "ILLEGAL_TRANSITION", "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("has not ended"), "{refused}");
    assert_eq!(forget(&control, "nobody").await["code"], "INSTANCE_NOT_FOUND");
    assert_eq!(forget(&control, "a-over").await["__typename"], "Forgotten");
    let command = aegis()
        .args(["forget", "echo", "d-over", "--reason", "cleared", "--nats-url", &nats.url(), "--as", "ops"])
        .spawn();
    assert!(command.wait_exit(PATIENCE).await.success(), "{:?}", command.lines());
    lives(&connection, "echo", "d-over", &["registered", "status", "deregistered", "forgotten"]).await;
    until(&control, &["c-silent", "b-lives", "e-lives"]).await;
    assert_eq!(forget(&control, "a-over").await["code"], "INSTANCE_NOT_FOUND");

    // The log, and the registry as of then, keep them.
    let query = "query($at: Long!) { asOf(sequence: $at) { instances(first: 9) { nodes { instance } } } }";
    let told = control.query(query, json!({ "at": head })).await["asOf"]["instances"]["nodes"].clone();
    assert_eq!(told.as_array().unwrap().len(), 5, "{told}");
    let query = "{ events(last: 9, filter: { types: [\"aegis.instance.forgotten.v1\"] }) { nodes { actor summary } } }";
    let told = control.query(query, json!({})).await["events"]["nodes"].clone();
    assert_eq!(told.as_array().unwrap().len(), 2, "{told}");
    assert_eq!(told[1], json!({ "actor": "user:ops", "summary": "d-over was forgotten: cleared" }));
    // A name may come back.
    let _again = Member::start(&connection, "a-over").await;
    until(&control, &["c-silent", "a-over", "b-lives", "e-lives"]).await;
}
