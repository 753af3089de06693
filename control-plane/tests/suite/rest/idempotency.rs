//! A request that is sent twice.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, send, start};
use crate::support::ControlPlane;

async fn define(control: &ControlPlane, key: &str, owner: &str) -> Answer {
    let new = json!({ "service": "echo", "owner": owner, "description": "d", "version": "1.0.0" });
    send(control, Method::POST, "/api/services", &[("idempotency-key", key)], Some(&new)).await
}

#[tokio::test]
async fn a_request_with_a_key_is_carried_out_once() {
    let (_nats, _folder, control) = start().await;
    let first = define(&control, "a", "desk").await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (201, ""), "{}", first.body);
    let again = define(&control, "a", "desk").await;
    assert_eq!((again.status, &again.body, again.header("etag")), (201, &first.body, "\"1\""));
    assert_eq!(again.header("idempotency-replayed"), "true");
    let other = define(&control, "a", "night").await;
    assert_eq!((other.status, &other.body["code"]), (422, &json!("IDEMPOTENCY_KEY_REUSED")));
    let new_key = define(&control, "b", "desk").await;
    assert_eq!((new_key.status, &new_key.body["code"]), (409, &json!("DEFINITION_EXISTS")));
    let again = define(&control, "b", "desk").await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (409, "true"), "{}", again.body);
    for key in ["a b", &"a".repeat(201), ""] {
        let refused = define(&control, key, "desk").await;
        assert_eq!((refused.status, &refused.body["code"]), (400, &json!("INVALID_INPUT")), "{key}");
    }
    let path = "/api/services";
    let anonymous = control.http.post(control.at(path)).header("idempotency-key", "a").json(&Value::Null);
    assert_eq!(anonymous.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn of_many_at_once_one_is_carried_out_and_no_other_fails_for_good() {
    let (_nats, _folder, control) = start().await;
    let answers = futures_util::future::join_all((0..8).map(|_| define(&control, "a", "desk"))).await;
    assert!(answers.iter().any(|answer| answer.status == 201));
    for answer in answers {
        let waits = answer.status == 409 && answer.body["code"] == "IDEMPOTENCY_KEY_IN_USE";
        assert!(answer.status == 201 || waits, "{} {}", answer.status, answer.body);
        assert!(!waits || answer.body["retryable"] == true && answer.header("retry-after") == "1");
    }
    let later = define(&control, "a", "desk").await;
    assert_eq!((later.status, &later.body["revision"]), (201, &json!(1)));
}
