//! The record of an instance in the registry, by what refreshes it.

use std::time::Duration;

use aegis_sdk::{ConnectOptions, Connection, Fault, Service, ServiceConfig};
use aegis_testkit::{FaultProxy, NatsServer};
use async_nats::jetstream::kv::{Entry, Operation, Store, Watch};
use futures_util::StreamExt as _;

const PATIENCE: Duration = Duration::from_secs(15);
const KEY: &str = "desk.d-1";

async fn start(url: &str, heartbeat_ms: u64) -> Service {
    let mut config = ServiceConfig::new("desk", "1.0.0").unwrap();
    config.instance = Some("d-1".parse().unwrap());
    config.nats_url = url.to_owned();
    config.drain_ms = 1_000;
    (config.heartbeat_ms, config.record_ttl_ms) = (heartbeat_ms, 3_000);
    let builder = Service::builder(config).rpc("who", |_, (): ()| async { Ok::<_, Fault>(()) });
    builder.start().await.unwrap()
}

/// The registry, and what happens to the record from now on.
async fn registry(server: &NatsServer) -> (Store, Watch) {
    let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
    let bucket = connection.namespace().instances_bucket();
    let bucket = connection.jetstream().get_key_value(bucket).await.unwrap();
    let watch = bucket.watch_with_history(KEY).await.unwrap();
    (bucket, watch)
}

async fn written(watch: &mut Watch) -> Entry {
    let entry = tokio::time::timeout(PATIENCE, watch.next()).await.expect("a refresh").unwrap().unwrap();
    assert_eq!(entry.operation, Operation::Put, "the record is gone: {entry:?}");
    entry
}

#[tokio::test]
async fn an_instance_that_beats_seldom_stays_in_the_registry() {
    let server = NatsServer::start().await;
    let service = start(&server.url(), 20_000).await;
    let (_bucket, mut watch) = registry(&server).await;
    let first = written(&mut watch).await.created;
    while written(&mut watch).await.created - first < time::Duration::seconds(4) {}
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_refresh_that_takes_longer_than_a_beat_comes_to_its_end() {
    let server = NatsServer::start().await;
    let proxy = FaultProxy::start(&server.url()).await;
    let service = start(&proxy.url(), 100).await;
    let (bucket, mut watch) = registry(&server).await;
    let told = written(&mut watch).await.value;
    proxy.delay(Duration::from_millis(40));
    // The instance does not know this revision: it writes in vain, reads, and writes again.
    let strange = bucket.put(KEY, told).await.unwrap();
    while written(&mut watch).await.revision <= strange {}
    proxy.pass();
    service.stop("done").await.unwrap();
}
