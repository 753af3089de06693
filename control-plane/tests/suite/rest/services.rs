//! Definitions: created, read, replaced, retired, with tags.

use aegis_testkit::wait_until;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, get, post, send, start};
use crate::support::{ControlPlane, PATIENCE};

const PATH: &str = "/api/services/echo";

fn content(owner: &str) -> Value {
    json!({ "owner": owner, "description": "Says it again", "version": "1.0.0" })
}

/// The definition, once it has this revision.
async fn at_revision(control: &ControlPlane, revision: u64) -> Answer {
    wait_until("the revision", PATIENCE, || async {
        let answer = get(control, PATH).await;
        if answer.body["revision"] == revision { Ok(answer) } else { Err(answer.body.to_string()) }
    })
    .await
}

#[tokio::test]
async fn a_definition_lives_by_its_etag() {
    let (_nats, _folder, control) = start().await;
    let missing = get(&control, PATH).await;
    assert_eq!((missing.status, &missing.body["code"]), (404, &json!("DEFINITION_NOT_FOUND")));
    let new = json!({ "service": "echo", "owner": "desk", "description": "d", "version": "1.0.0",
        "minInstances": 2, "failover": { "policy": "CUSTOM", "leaseMs": 500 }, "registration": "ENFORCE",
        "labels": { "tier": "1" }, "reason": "new" });
    let created = post(&control, "/api/services", &new).await;
    assert_eq!((created.status, created.header("etag")), (201, "\"1\""), "{}", created.body);
    assert_eq!(created.header("location"), PATH);
    let again = post(&control, "/api/services", &new).await;
    assert_eq!((again.status, &again.body["code"]), (409, &json!("DEFINITION_EXISTS")));
    let shown = at_revision(&control, 1).await;
    assert_eq!(shown.header("etag"), "\"1\"");
    assert_eq!(shown.body["failover"], json!({ "policy": "CUSTOM", "leaseMs": 500 }));
    assert!(shown.body["asOfSequence"].as_u64() >= created.body["sequence"].as_u64());
    let known = send(&control, Method::GET, PATH, &[("if-none-match", "W/\"1\"")], None).await;
    assert_eq!((known.status, known.header("etag"), &known.body), (304, "\"1\"", &json!("")));
    let put = async |headers: &[(&str, &str)], body: &Value| {
        send(&control, Method::PUT, PATH, headers, Some(body)).await
    };
    let unconditional = put(&[], &content("night")).await;
    assert_eq!((unconditional.status, &unconditional.body["code"]), (428, &json!("PRECONDITION_REQUIRED")));
    let exists = put(&[("if-none-match", "*")], &content("night")).await;
    assert_eq!((exists.status, &exists.body["code"]), (412, &json!("DEFINITION_EXISTS")));
    let replaced = put(&[("if-match", "\"1\"")], &content("night")).await;
    assert_eq!((replaced.status, replaced.header("etag")), (200, "\"2\""), "{}", replaced.body);
    let stale = put(&[("if-match", "\"1\"")], &content("noon")).await;
    assert_eq!((stale.status, stale.header("etag")), (412, "\"2\""), "{}", stale.body);
    assert_eq!(stale.body["currentRevision"], 2);
    // What a replacement does not say is gone.
    let shown = at_revision(&control, 2).await.body;
    assert_eq!((&shown["minInstances"], &shown["failover"]), (&Value::Null, &Value::Null));
    assert_eq!((&shown["registration"], &shown["labels"]), (&json!("WARN"), &json!({})));
    let delete = async |headers: &[(&str, &str)]| {
        send(&control, Method::DELETE, "/api/services/echo?reason=replaced", headers, None).await
    };
    assert_eq!(delete(&[]).await.status, 428);
    assert_eq!(delete(&[("if-match", "\"1\"")]).await.status, 412);
    assert_eq!(delete(&[("if-match", "*")]).await.header("etag"), "\"3\"");
    assert_eq!(at_revision(&control, 3).await.body["status"], "RETIRED");
    assert_eq!(get(&control, "/api/services").await.body["totalCount"], 0);
    assert_eq!(get(&control, "/api/services?includeRetired=true").await.body["totalCount"], 1);
    let reinstate = async |headers: &[(&str, &str)]| {
        let reason = json!({ "reason": "sorry" });
        send(&control, Method::POST, "/api/services/echo/reinstate", headers, Some(&reason)).await
    };
    assert_eq!(reinstate(&[]).await.status, 428);
    assert_eq!(reinstate(&[("if-match", "\"3\"")]).await.header("etag"), "\"4\"");
    at_revision(&control, 4).await;
    let history = wait_until("the history", PATIENCE, || async {
        let history = get(&control, "/api/services/echo/history?first=3").await;
        if history.body["totalCount"] == 4 { Ok(history) } else { Err(history.body.to_string()) }
    })
    .await;
    assert_eq!(history.body["items"][0]["action"], "REINSTATED");
    let next = history.header("link").split(['<', '>']).nth(1).unwrap().to_owned();
    let rest = get(&control, &next).await.body;
    assert_eq!((&rest["items"][0]["reason"], &rest["nextCursor"]), (&json!("new"), &Value::Null));
}

#[tokio::test]
async fn a_put_creates_what_is_not_there_and_a_refusal_names_the_field() {
    let (_nats, _folder, control) = start().await;
    let create = [("if-none-match", "*")];
    let created = send(&control, Method::PUT, PATH, &create, Some(&content("desk"))).await;
    assert_eq!((created.status, created.header("location")), (201, PATH), "{}", created.body);
    assert_eq!(at_revision(&control, 1).await.body["registration"], "WARN", "as after a replacement");
    let mut wrong = content("desk");
    wrong["failover"] = json!({ "policy": "CUSTOM", "leaseMs": 1 });
    let refused = send(&control, Method::PUT, PATH, &[("if-match", "\"1\"")], Some(&wrong)).await;
    assert_eq!((refused.status, &refused.body["field"]), (400, &json!("failover")), "{}", refused.body);
    let path = "/api/services/none";
    let absent = send(&control, Method::PUT, path, &[("if-match", "\"1\"")], Some(&content("desk"))).await;
    assert_eq!((absent.status, &absent.body["code"]), (404, &json!("DEFINITION_NOT_FOUND")));
}
