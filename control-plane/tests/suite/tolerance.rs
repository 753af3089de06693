//! What other versions and strangers write beside what this version knows.

use aegis_testkit::{NatsServer, wait_until};
use serde_json::json;

use crate::fleet::{BEAT, Member, connection, key, life};
use crate::liveness::metric;
use crate::support::{ControlPlane, PATIENCE};

#[tokio::test]
async fn an_instance_whose_heartbeats_are_of_a_newer_version_lives_and_what_is_left_out_is_named() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    let connection = connection(&nats).await;
    let member = Member::start(&connection, "echo-1").await;
    member.stop();
    let (service, instance) = key("echo-1");
    let subject = connection.namespace().heartbeat_subject(&service, &instance);
    let client = connection.client().clone();
    let newer = json!({ "service": "echo", "instance": "echo-1", "version": "9.0.0", "status": "HIBERNATING",
        "started_at": "2026-01-01T00:00:00Z", "sent_at": chrono::Utc::now(), "mood": { "x": [1] },
        "metrics": { "uptime_seconds": 1, "in_flight": "some", "queue_depth": 0, "calls": 9, "errors": 0,
            "calls_per_second": 1.0, "window": 0, "gpu": 7 } });
    let heart = tokio::spawn(async move {
        let mut ticks = tokio::time::interval(BEAT);
        loop {
            ticks.tick().await;
            let _lost = client.publish(subject.clone(), newer.to_string().into()).await;
        }
    });
    let junk = connection.namespace().heartbeat_subject(&service, &key("junk").1);
    connection.client().publish(junk, "junk".into()).await.unwrap();
    let begun = metric(&control, "aegis_heartbeats_received_total").await;
    wait_until("many heartbeats", PATIENCE, || async {
        let now = metric(&control, "aegis_heartbeats_received_total").await;
        if now >= begun + 20 { Ok(()) } else { Err(now.to_string()) }
    })
    .await;
    assert_eq!(life(&connection, "echo", "echo-1").await, ["registered", "status"]);
    let query = "{ instance(service: \"echo\", instance: \"echo-1\") { status metrics { calls } }
        system { problems { part code message } } }";
    let told = control.query(query, json!({})).await;
    assert_eq!(told["instance"]["status"], "RUNNING");
    assert_eq!(told["instance"]["metrics"]["calls"].to_string().trim_matches('"'), "9");
    let problem = told["system"]["problems"][0].clone();
    assert_eq!((&problem["part"], &problem["code"]), (&json!("heartbeats"), &json!("UNREADABLE_RECORD")));
    for named in ["echo-1 (", "metrics.in_flight", "status", "junk (all of it)"] {
        assert!(problem["message"].as_str().unwrap().contains(named), "{named}: {problem}");
    }
    assert!(metric(&control, "aegis_heartbeats_unreadable_total").await >= 1);
    let ready = control.http.get(control.at("/readyz")).send().await.unwrap();
    assert_eq!(ready.status(), 200, "the replica itself is well");
    heart.abort();
}
