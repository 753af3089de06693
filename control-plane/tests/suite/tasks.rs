//! The background tasks of a replica, as GraphQL, REST and the metrics tell of them.

use aegis_testkit::{NatsServer, wait_until};
use serde_json::Value;

use crate::serve::Serve;
use crate::support::PATIENCE;

/// Those of a replica without TLS, in the namespace that the Python SDK shares.
const TASKS: [&str; 9] = [
    "failovers",
    "legacy-instances",
    "liveness",
    "nats-servers",
    "old-heartbeats",
    "owed-dead-letters",
    "plans",
    "server-clock",
    "terms",
];

const QUERY: &str = "{ system { tasks { name periodMs runs failures running lastStartedAt lastDurationMs
    lastSucceededAt lastError nextDueAt status } } }";

async fn tasks(serve: &Serve) -> Vec<Value> {
    let (status, answer) = serve.answer(QUERY).await;
    let tasks = answer["data"]["system"]["tasks"].as_array();
    tasks.unwrap_or_else(|| panic!("{status}: {answer}")).clone()
}

/// Waits until this holds of each of them.
async fn each(serve: &Serve, what: &str, holds: impl Fn(&Value) -> bool) -> Vec<Value> {
    wait_until(what, PATIENCE, || async {
        let tasks = tasks(serve).await;
        let others: Vec<_> = tasks.iter().filter(|task| !holds(task)).collect();
        if others.is_empty() { Ok(tasks.clone()) } else { Err(format!("{others:#?}")) }
    })
    .await
}

async fn get(serve: &Serve, path: &str) -> reqwest::Response {
    let asked = serve.http.get(format!("http://{}{path}", serve.address)).bearer_auth(&serve.token);
    asked.send().await.unwrap()
}

#[tokio::test]
async fn each_task_is_told_with_its_last_run_and_what_fails_with_its_error_until_it_succeeds() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let serve = Serve::start(&nats.url(), folder.path()).await;
    serve.ready().await;
    let well = |task: &Value| task["runs"].as_u64() > Some(0) && task["lastError"].is_null();
    let all = each(&serve, "every task to have run", well).await;
    let names: Vec<_> = all.iter().map(|task| task["name"].as_str().unwrap()).collect();
    assert_eq!(names, TASKS);
    for task in &all {
        for known in ["lastStartedAt", "lastDurationMs", "lastSucceededAt", "nextDueAt", "status"] {
            assert!(!task[known].is_null(), "{known} of {task}");
        }
        assert!(task["periodMs"].as_u64() >= Some(250), "{task}");
    }
    let told: Value = get(&serve, "/api/system").await.json().await.unwrap();
    let named: Vec<_> =
        told["tasks"].as_array().unwrap().iter().map(|task| task["name"].as_str().unwrap()).collect();
    assert_eq!(named, TASKS);
    let text = get(&serve, "/metrics").await.text().await.unwrap();
    for task in TASKS {
        for name in
            ["task_runs_total", "task_failures_total", "task_last_run_seconds", "task_success_age_seconds"]
        {
            let line = format!("aegis_{name}{{task=\"{task}\"}} ");
            assert!(text.lines().any(|each| each.starts_with(&line)), "{line} of {text}");
        }
    }
    assert!(text.contains("aegis_task_period_seconds{task=\"liveness\"} 0.25\n"), "{text}");

    // What needs NATS fails without it, says why, and keeps what it said last.
    nats.stop().await;
    let failing = wait_until("the errors", 2 * PATIENCE, || async {
        let tasks = tasks(&serve).await;
        let of = |name: &str| tasks.iter().find(|task| task["name"] == name).unwrap().clone();
        let (liveness, clock) = (of("liveness"), of("server-clock"));
        let both = [&liveness, &clock].iter().all(|task| task["lastError"].is_string());
        if both { Ok(liveness) } else { Err(format!("{liveness:#} {clock:#}")) }
    })
    .await;
    assert_eq!(failing["lastError"], "NATS is away: silent instances are not marked down");
    assert!(failing["failures"].as_u64() > Some(0) && failing["status"].is_string(), "{failing}");
    let before = all.iter().find(|task| task["name"] == "liveness").unwrap();
    assert!(failing["runs"].as_u64() > before["runs"].as_u64(), "{failing}");

    nats.restart().await;
    each(&serve, "every task to succeed again", |task| task["lastError"].is_null()).await;
}
