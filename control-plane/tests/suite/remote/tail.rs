//! `aegis events tail` over the API.

use aegis_testkit::{FaultProxy, NatsServer, Proc};
use serde_json::{Value, json};

use super::{by_nats, by_url, same};
use crate::audit::written;
use crate::rest::{post, start};
use crate::serve::Serve;
use crate::support::{ControlPlane, PATIENCE, aegis};

fn follow(url: &str, token: &str, args: &[&str]) -> Proc {
    let tail = aegis().args(["--url", url, "events", "tail"]).args(args.iter().copied());
    tail.env("AEGIS_TOKEN", token).env("NATS_URL", "nats://127.0.0.1:1").spawn()
}

async fn define(control: &ControlPlane, service: &str) {
    let new = json!({ "service": service, "owner": "desk", "description": "d", "version": "1.0.0" });
    assert_eq!(post(control, "/api/services", &new).await.status, 201);
}

#[tokio::test]
async fn what_stands_in_the_log_is_told_from_any_place_on() {
    let (nats, _folder, control) = start().await;
    written(&nats).await;
    let all = same(&nats, &control, &["events", "tail", "--from", "1", "--no-follow"]).await;
    assert!(all.lines.len() >= 5, "{all:?}");
    for more in [
        &["--from", "3"][..],
        &["--from", "2001-01-01T00:00:00Z"],
        &["--from", "2901-01-01T00:00:00Z"],
        &["--from", "1", "--service", "desk"],
        &["--from", "1", "--aggregate", "instance.desk.desk-1"],
        &["--from", "1", "--type", "aegis.definition.amended.v1", "--type", "aegis.definition.defined.v1"],
        &[],
    ] {
        let args: Vec<_> = ["events", "tail", "--no-follow"].iter().chain(more).copied().collect();
        same(&nats, &control, &args).await;
    }
    let args = ["events", "tail", "--from", "1", "--no-follow", "--format", "ndjson"];
    let objects = |lines: Vec<String>| -> Vec<Value> {
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let mut chained = objects(by_nats(&nats, &args).await.lines);
    for object in &mut chained {
        for hash in ["hash", "previous"] {
            object.as_object_mut().unwrap().remove(hash).unwrap();
        }
    }
    assert_eq!(objects(by_url(&control, &args).await.lines), chained, "all but the chain");
}

#[tokio::test]
async fn each_new_event_comes_once_over_any_number_of_connections() {
    let (_nats, _folder, control) = start().await;
    let proxy = FaultProxy::start(control.url.trim_start_matches("http://")).await;
    define(&control, "before").await;
    let tail = follow(&format!("http://{}", proxy.address()), &control.token, &["--from", "1"]);
    let says = async |text: &str| tail.wait_for_line(|line| line.contains(text), PATIENCE).await;
    says("before defined").await;
    for round in 0..3 {
        define(&control, &format!("during-{round}")).await;
        says(&format!("during-{round} defined")).await;
        proxy.drop_connections();
        define(&control, &format!("gap-{round}")).await;
        says(&format!("gap-{round} defined")).await;
    }
    assert!(tail.lines().iter().any(|line| line.contains("the log cannot be read now; trying again")));
    let defined: Vec<_> = tail.lines().into_iter().filter(|line| line.contains(" defined ")).collect();
    assert_eq!(defined.len(), 7, "each once: {defined:#?}");
    let sequences: Vec<u64> =
        defined.iter().map(|line| line.split_whitespace().next().unwrap().parse().unwrap()).collect();
    assert!(sequences.is_sorted(), "{sequences:?}");
}

#[tokio::test]
async fn a_beginning_that_the_index_has_forgotten_is_an_error_and_not_a_silent_gap() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let tables = "[projection]\nkeep_events = 1000\nsnapshot_every = 100";
    let first = Serve::start_with(&nats.url(), folder.path(), tables).await;
    first.ready().await;
    crate::cursors::revisions(&first).await;
    first.stop().await;
    // One that has no events in memory: it tells what its index has.
    let serve = Serve::start_with(&nats.url(), folder.path(), tables).await;
    serve.ready().await;
    let url = format!("http://{}", serve.address);
    for from in ["1", "2", "2001-01-01T00:00:00Z"] {
        let early = follow(&url, &serve.token, &["--from", from, "--no-follow"]);
        assert_eq!(early.wait_exit(PATIENCE).await.code(), Some(1), "{from}: {:?}", early.lines());
        let lines = early.lines();
        assert!(
            lines.iter().any(|line| line.contains("CURSOR_EXPIRED") && line.contains("--nats-url")),
            "{lines:?}"
        );
    }
    let history = aegis()
        .args(["definitions", "history", "s-0", "--url", &url])
        .env("AEGIS_TOKEN", &serve.token)
        .spawn();
    // What the index has forgotten of a definition is in the log.
    assert_eq!(history.wait_exit(PATIENCE).await.code(), Some(0), "{:?}", history.lines());
    let lines = history.lines();
    for revision in 1..=65 {
        let told = lines.iter().filter(|line| line.contains(&format!("revision {revision} "))).count();
        assert_eq!(told, 1, "{revision}: {lines:#?}");
    }
    let known = follow(&url, &serve.token, &["--from", "400", "--no-follow"]);
    assert_eq!(known.wait_exit(PATIENCE).await.code(), Some(0), "{:?}", known.lines());
    assert_eq!(known.lines().len(), 901);
    let late = follow(&url, &serve.token, &["--from", "2901-01-01T00:00:00Z", "--no-follow"]);
    assert_eq!(late.wait_exit(PATIENCE).await.code(), Some(0), "{:?}", late.lines());
}
