//! What is said when something is not done.

use reqwest::Method;
use serde_json::json;

use super::{get, post, send, start};

#[tokio::test]
async fn what_is_not_there_is_a_problem_and_never_the_page() {
    let (_nats, _folder, control) = start().await;
    for path in ["/api", "/api/", "/api/none", "/api/services/a/none", "/api/instances/a"] {
        let answer = get(&control, path).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.body);
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
        assert_eq!(answer.body["code"], "NOT_FOUND", "{path}");
        assert_eq!(answer.body["status"], 404);
        assert_eq!(answer.body["type"], "/api/docs/errors#NOT_FOUND");
        assert_eq!(answer.body["requestId"], answer.header("x-request-id"));
    }
    for (method, path, allowed) in [
        (Method::POST, "/api/instances", "GET,HEAD"),
        (Method::PATCH, "/api/services/a", "GET,HEAD,PUT,DELETE"),
        (Method::DELETE, "/api/dead-letters/1/redrive", "POST"),
        (Method::GET, "/api/session", "POST,DELETE"),
    ] {
        let answer = send(&control, method, path, &[], None).await;
        assert_eq!((answer.status, &answer.body["code"]), (405, &json!("METHOD_NOT_ALLOWED")), "{path}");
        let mut methods: Vec<_> = answer.header("allow").split(',').collect();
        let mut expected: Vec<_> = allowed.split(',').collect();
        methods.sort_unstable();
        expected.sort_unstable();
        assert_eq!(methods, expected, "{path}");
    }
    for (method, path, allowed) in [
        (Method::GET, "/graphql", "POST"),
        (Method::DELETE, "/healthz", "GET,HEAD"),
        (Method::PUT, "/metrics", "GET,HEAD"),
        (Method::DELETE, "/", "GET, HEAD"),
        (Method::OPTIONS, "/services/a", "GET, HEAD"),
    ] {
        let answer = send(&control, method, path, &[], None).await;
        let code = &answer.body["error"]["code"];
        assert_eq!((answer.status, code), (405, &json!("METHOD_NOT_ALLOWED")), "{path}: {}", answer.body);
        assert_eq!(answer.header("allow"), allowed, "{path}");
        assert_eq!(answer.body["error"]["requestId"], answer.header("x-request-id"));
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_the_code_and_the_place() {
    let (_nats, _folder, control) = start().await;
    for (path, told) in [
        ("/api/services?page=2", "page"),
        ("/api/viewer?x=1", "x"),
        ("/api/instances?first=0", "1 to 200"),
        ("/api/instances?first=a", "first"),
        ("/api/instances?first=1&first=2", "first"),
        ("/api/instances?statuses=RUNNING,ASLEEP", "ASLEEP"),
        ("/api/instances?after=%00", "cursor"),
        ("/api/registry?at=yesterday", "at:"),
        ("/api/registry", "at"),
        ("/api/dead-letters/first", "first"),
        ("/api/events?first=1&before=3", "before"),
        ("/api/metrics?service=a&from=b", "from"),
        ("/api/metrics?service=a&from=99999999999999-01-01T00:00:00Z", "from"),
    ] {
        let answer = get(&control, path).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (400, &json!("INVALID_INPUT")),
            "{path}: {}",
            answer.body
        );
        assert!(answer.body["detail"].as_str().unwrap().contains(told), "{path}: {}", answer.body);
    }
    // Far is no mistake: there is nothing so far.
    let far = "from=-100000-01-01T00:00:00Z&to=%2B200000-01-01T00:00:00Z&points=1";
    let answer = get(&control, &format!("/api/metrics?service=a&{far}")).await;
    assert!(answer.status == 200 || answer.status == 404, "{}", answer.body);
    // The values of an object's fields in their order are no object.
    for (path, list) in [
        ("/api/services", json!(["a", "o", "d", "1.0.0", null, null, null, null, null, null])),
        ("/api/leaders/a/b/step-down", json!([null, "why"])),
        ("/api/instances/a/b/drain", json!(["why"])),
    ] {
        let answer = post(&control, path, &list).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (400, &json!("INVALID_INPUT")),
            "{path}: {}",
            answer.body
        );
    }
    let graphql = control.http.post(control.at("/graphql")).bearer_auth(&control.token);
    assert_eq!(graphql.json(&json!(["{ __typename }"])).send().await.unwrap().status(), 400);
    let unknown = json!({ "reason": "a", "force": true });
    let answer = post(&control, "/api/instances/a/b/drain", &unknown).await;
    assert_eq!((answer.status, &answer.body["code"]), (400, &json!("INVALID_INPUT")), "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let large = json!({ "reason": "a".repeat(300_000) });
    for headers in [&[][..], &[("idempotency-key", "large")]] {
        let answer = send(&control, Method::POST, "/api/instances/a/b/drain", headers, Some(&large)).await;
        assert_eq!((answer.status, &answer.body["code"]), (413, &json!("PAYLOAD_TOO_LARGE")));
    }
    let answer = send(&control, Method::GET, "/api/events", &[("accept", "text/html")], None).await;
    assert_eq!(answer.status, 406);
    let foreign = [("origin", "https://evil.example")];
    let answer = send(&control, Method::POST, "/api/system/rebuild", &foreign, None).await;
    assert_eq!((answer.status, &answer.body["code"]), (403, &json!("FORBIDDEN")), "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/problem+json");
}

#[tokio::test]
async fn the_budget_of_graphql_holds_and_says_when_to_come_back() {
    let (_nats, _folder, control) = start().await;
    let limited = aegis_testkit::wait_until("the budget to be spent", crate::support::PATIENCE, || async {
        let asked = (0..16).map(|_| get(&control, "/api/instances?first=200"));
        let answers = futures_util::future::join_all(asked).await;
        answers.into_iter().find(|answer| answer.status == 429).ok_or_else(|| "all answered".to_owned())
    })
    .await;
    assert_eq!(limited.body["code"], "RATE_LIMITED");
    assert_eq!(limited.body["retryable"], true);
    assert!(limited.header("retry-after").parse::<u64>().unwrap() >= 1);
}
