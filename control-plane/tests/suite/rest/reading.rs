//! What stands: instances, figures, leaders, the past, the system.

use aegis_testkit::{Proc, wait_until};
use async_nats::jetstream::stream;
use serde_json::{Value, json};

use super::{get, post, start};
use crate::fleet::{Member, connection};
use crate::support::{ControlPlane, PATIENCE};

#[tokio::test]
async fn pages_of_instances_are_linked_and_together_have_each_once() {
    let (nats, _folder, control) = start().await;
    let connection = connection(&nats).await;
    let mut members = Vec::new();
    for name in ["a", "b", "c"] {
        members.push(Member::start(&connection, name).await);
    }
    wait_until("all to beat", PATIENCE, || async {
        let page = get(&control, "/api/instances?statuses=RUNNING&service=echo").await.body;
        let items = page["items"].as_array().unwrap();
        let beaten = items.iter().filter(|it| it["metrics"].is_object()).count();
        if beaten == 3 { Ok(()) } else { Err(page.to_string()) }
    })
    .await;
    let (mut names, mut path) = (Vec::new(), "/api/instances?first=2&text=echo".to_owned());
    loop {
        let page = get(&control, &path).await;
        assert_eq!((page.status, &page.body["totalCount"]), (200, &json!(3)), "{}", page.body);
        assert!(page.body["asOfSequence"].as_u64().unwrap() > 0);
        let items = page.body["items"].as_array().unwrap();
        names.extend(items.iter().map(|it| it["instance"].as_str().unwrap().to_owned()));
        let link = page.header("link");
        assert_eq!(link.is_empty(), page.body["nextCursor"].is_null());
        let Some(next) = link.split(['<', '>']).nth(1) else { break };
        assert!(next.starts_with("/api/instances?") && link.ends_with("; rel=\"next\""), "{link}");
        next.clone_into(&mut path);
    }
    assert_eq!(names, ["a", "b", "c"]);
    let live = get(&control, "/api/metrics/live").await.body;
    assert_eq!(live["items"][0]["metrics"]["inFlight"], 0, "{live}");
    let of_service = get(&control, "/api/services/echo/instances").await.body;
    assert_eq!(of_service["totalCount"], 3);
    let one = get(&control, "/api/instances/echo/a").await.body;
    assert_eq!((&one["id"], &one["status"]), (&json!("echo/a"), &json!("RUNNING")));
    let configuration = get(&control, "/api/instances/echo/a/configuration").await.body;
    assert_eq!(configuration["configuration"], Value::Null);
    assert!(configuration["asOfSequence"].is_u64());
    for path in ["/api/instances/echo/z", "/api/instances/echo/z/configuration", "/api/instances/a%20b/c"] {
        let missing = get(&control, path).await;
        assert_eq!((missing.status, &missing.body["code"]), (404, &json!("INSTANCE_NOT_FOUND")), "{path}");
    }
    for path in ["/api/metrics?service=echo&instance=a", "/api/instances/echo/a/metrics?points=10"] {
        let series = get(&control, path).await;
        assert_eq!(series.status, 200, "{}", series.body);
        assert!(series.body["resolutionSeconds"].is_u64() && series.body["asOfSequence"].is_u64());
    }
}

#[tokio::test]
async fn the_past_is_told_by_sequence_and_by_time() {
    let (_nats, _folder, control) = start().await;
    let mut sequences = Vec::new();
    for service in ["one", "two", "three"] {
        let new = json!({ "service": service, "owner": "desk", "description": "d", "version": "1.0.0" });
        sequences.push(post(&control, "/api/services", &new).await.body["sequence"].as_u64().unwrap());
    }
    wait_until("the projection", PATIENCE, || async {
        let page = get(&control, "/api/services").await.body;
        if page["totalCount"] == 3 { Ok(()) } else { Err(page.to_string()) }
    })
    .await;
    let first = get(&control, &format!("/api/registry?at={}", sequences[0])).await.body;
    assert_eq!(
        (&first["asOfSequence"], &first["definitions"]["totalCount"]),
        (&json!(sequences[0]), &json!(1))
    );
    let event = get(&control, &format!("/api/events?after={}&first=1", sequences[1] - 1)).await.body;
    let at = event["items"][0]["recordedAt"].as_str().unwrap();
    let second = get(&control, &format!("/api/registry?at={at}&first=1")).await;
    assert_eq!(second.body["asOfSequence"], sequences[1], "{}", second.body);
    let next = second.header("link").split(['<', '>']).nth(1).unwrap().to_owned();
    let rest = get(&control, &next).await.body;
    assert_eq!(rest["definitions"]["items"][0]["service"], "two", "{rest}");
    let ahead = get(&control, "/api/registry?at=999999").await;
    assert_eq!(ahead.status, 400, "{}", ahead.body);
}

#[tokio::test]
async fn a_past_of_which_the_log_has_lost_something_is_told_with_what_is_missing() {
    let (nats, _folder, control) = start().await;
    for service in ["one", "two", "three"] {
        let new = json!({ "service": service, "owner": "desk", "description": "d", "version": "1.0.0" });
        assert_eq!(post(&control, "/api/services", &new).await.status, 201);
    }
    let jetstream = async_nats::jetstream::new(nats.client().await);
    let config = jetstream.get_stream("AEGIS_EVENTS").await.unwrap().cached_info().config.clone();
    for max_messages in [1, -1] {
        jetstream.update_stream(stream::Config { max_messages, ..config.clone() }).await.unwrap();
    }
    // Whoever has read it knows it; whoever comes later does not.
    let whole = get(&control, "/api/registry?at=2").await.body;
    assert_eq!((&whole["missing"], &whole["definitions"]["totalCount"]), (&json!([]), &json!(2)), "{whole}");
    let folder = tempfile::tempdir().unwrap();
    let late = ControlPlane::start(&nats, folder.path()).await;
    wait_until("the projection", PATIENCE, || async {
        let page = get(&late, "/api/services").await.body;
        if page["totalCount"] == 1 { Ok(()) } else { Err(page.to_string()) }
    })
    .await;
    for (at, count) in [("1", 0), ("2", 0), ("3", 1), ("2020-01-01T00:00:00Z", 0)] {
        let told = get(&late, &format!("/api/registry?at={at}")).await.body;
        let missing = json!([{ "first": 1, "last": 2 }]);
        assert_eq!((&told["missing"], &told["definitions"]["totalCount"]), (&missing, &json!(count)), "{at}");
    }
    let problems = get(&late, "/api/system").await.body["problems"].to_string();
    assert!(problems.contains("LOG_GAP"), "{problems}");
    let replay = Proc::builder(env!("CARGO_BIN_EXE_aegis"))
        .env("AEGIS_TOKEN", &late.token)
        .args(["--url", &late.url, "replay", "--at", "3"])
        .spawn();
    assert!(!replay.wait_exit(PATIENCE).await.success());
    let lines = replay.lines();
    assert!(lines.iter().any(|line| line == "missing: messages 1 to 2 of the log"), "{lines:#?}");
}

#[tokio::test]
async fn the_system_and_the_viewer_are_told() {
    let (_nats, _folder, control) = start().await;
    assert_eq!(get(&control, "/api/viewer").await.body, json!({ "name": "admin", "role": "ADMIN" }));
    let system = get(&control, "/api/system").await.body;
    assert_eq!((&system["namespace"], &system["natsConnected"]), (&json!("aegis"), &json!(true)), "{system}");
    assert_eq!(get(&control, "/api/leaders").await.body["items"], json!([]));
    let rebuilt = post(&control, "/api/system/rebuild", &Value::Null).await;
    assert_eq!(rebuilt.status, 200, "{}", rebuilt.body);
    assert!(rebuilt.body["sequence"].is_u64());
}
