//! Instances that speak as the Python SDK does: its subjects, its JSON, its bucket.

use aegis_testkit::{NatsServer, wait_until};
use async_nats::jetstream::{self, kv};
use serde_json::{Value, json};

use crate::fleet::{connection, lives};
use crate::liveness::metric;
use crate::support::{ControlPlane, PATIENCE};

const KEY: &str = "service-instances__orders__orders-1f2e3d4c";
const NAME: &str = "orders-1f2e3d4c";

/// One process with the Python SDK.
struct Python {
    client: async_nats::Client,
    bucket: kv::Store,
}

impl Python {
    async fn start(nats: &NatsServer) -> Self {
        let client = async_nats::connect(nats.url()).await.unwrap();
        let config = kv::Config { bucket: "service_registry".to_owned(), ..kv::Config::default() };
        let bucket = jetstream::new(client.clone()).create_key_value(config).await.unwrap();
        Self { client, bucket }
    }

    async fn say(&self, subject: &str, body: &Value) {
        self.client.publish(subject.to_owned(), body.to_string().into()).await.unwrap();
        self.client.flush().await.unwrap();
    }

    async fn announce(&self, what: &str) {
        let body = json!({ "service_name": "orders", "instance_id": NAME, "timestamp": 1_760_000_000.25 });
        self.say(&format!("internal.registry.{what}"), &body).await;
    }

    async fn beat(&self) {
        let counters = json!({ "rpc.orders.create.success": 40, "rpc.orders.create.error": 2 });
        let metrics = json!({ "uptime_seconds": 61.5, "counters": counters, "gauges": {}, "summaries": {} });
        let body = json!({ "instance_id": NAME, "timestamp": 1_760_000_000.5, "metrics": metrics });
        self.say("internal.heartbeat.orders", &body).await;
    }

    async fn put(&self, status: &str) {
        let record = json!({
            "serviceName": "orders", "instanceId": NAME, "version": "1.2.3", "status": status,
            "lastHeartbeat": "2025-10-09T08:53:20+00:00", "stickyActiveGroup": null,
            "stickyActiveStatus": null, "metadata": { "region": "eu" },
        });
        self.bucket.put(KEY, record.to_string().into()).await.unwrap();
    }
}

#[tokio::test]
async fn a_python_instance_lives_in_the_registry_each_event_once_among_replicas() {
    let nats = NatsServer::start().await;
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let replicas = [
        ControlPlane::start(&nats, folders[0].path()).await,
        ControlPlane::start(&nats, folders[1].path()).await,
    ];
    let connection = connection(&nats).await;
    let buckets = connection.jetstream().get_key_value("service_registry").await;
    assert!(buckets.is_err(), "the bucket is theirs to make");
    let python = Python::start(&nats).await;
    python.announce("register").await;
    python.put("STANDBY").await;
    python.beat().await;
    let mut expected = vec!["registered", "status"];
    lives(&connection, "orders", NAME, &expected).await;
    let query = format!(
        "{{ instance(service: \"orders\", instance: \"{NAME}\") {{ status version legacy defined labels
            reason metrics {{ calls errors uptimeSeconds }} }} }}"
    );
    for replica in &replicas {
        let shown = wait_until("its figures", PATIENCE, || async {
            python.beat().await;
            let shown = replica.query(&query, json!({})).await["instance"].clone();
            if shown["metrics"].is_object() { Ok(shown) } else { Err(shown.to_string()) }
        })
        .await;
        let metrics = json!({ "calls": 42, "errors": 2, "uptimeSeconds": 61 });
        let instance = json!({
            "status": "RUNNING", "version": "1.2.3", "legacy": true, "defined": false,
            "labels": { "region": "eu" }, "reason": null, "metrics": metrics,
        });
        assert_eq!(shown, instance);
    }
    python.put("UNHEALTHY").await;
    expected.push("unhealthy");
    lives(&connection, "orders", NAME, &expected).await;
    for _ in 0..3 {
        python.beat().await;
    }
    python.put("ACTIVE").await;
    expected.push("recovered");
    lives(&connection, "orders", NAME, &expected).await;
    python.announce("unregister").await;
    expected.push("deregistered");
    lives(&connection, "orders", NAME, &expected).await;
    python.announce("register").await;
    python.put("ACTIVE").await;
    expected.extend(["registered", "status"]);
    lives(&connection, "orders", NAME, &expected).await;
    python.put("SHUTDOWN").await;
    expected.push("deregistered");
    lives(&connection, "orders", NAME, &expected).await;
}

#[tokio::test]
async fn undecodable_messages_on_legacy_subjects_are_counted_and_change_nothing() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    let python = Python::start(&nats).await;
    let huge = "x".repeat(900 * 1024);
    let junk: [(&str, Vec<u8>); 7] = [
        ("internal.registry.register", b"junk".to_vec()),
        ("internal.registry.register", br#"{"service_name": "a b", "instance_id": "c"}"#.to_vec()),
        ("internal.registry.unregister", b"[]".to_vec()),
        ("internal.heartbeat.orders", b"\xff\xfe".to_vec()),
        ("internal.heartbeat.orders", br#"{"instance_id": 7}"#.to_vec()),
        ("internal.heartbeat.9orders", br#"{"instance_id": "a"}"#.to_vec()),
        ("internal.heartbeat.orders", format!(r#"{{"instance_id": "{huge}"}}"#).into_bytes()),
    ];
    for (subject, body) in junk {
        python.client.publish(subject, body.into()).await.unwrap();
    }
    let records = [(KEY, "junk"), ("service-instances__orders__other", "{}"), ("orders", "a definition")];
    for (key, value) in records {
        python.bucket.put(key, value.into()).await.unwrap();
    }
    wait_until("the count", PATIENCE, || async {
        let count = metric(&control, "aegis_legacy_unreadable_total").await;
        if count >= 9 { Ok(()) } else { Err(count.to_string()) }
    })
    .await;
    // And a good one is still understood.
    python.put("ACTIVE").await;
    lives(&connection(&nats).await, "orders", NAME, &["registered", "status"]).await;
    // The projection follows the log a moment later.
    wait_until("the registry to have it", PATIENCE, || async {
        let count = metric(&control, "aegis_legacy_instances").await;
        if count == 1 { Ok(()) } else { Err(count.to_string()) }
    })
    .await;
}
