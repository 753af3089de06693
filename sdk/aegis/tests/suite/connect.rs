//! Connections to servers that will not do.

use std::time::Duration;

use aegis_domain::wire::Namespace;
use aegis_sdk::nats::bucket::{Bucket, CasError};
use aegis_sdk::nats::provision::ProvisionError;
use aegis_sdk::provision::provision;
use aegis_sdk::{ConnectError, ConnectOptions, Connection, ConnectionState};
use aegis_testkit::{NatsServer, wait_until};
use async_nats::jetstream::stream;

async fn open(url: String) -> Result<Connection, ConnectError> {
    let patience = Duration::from_secs(2);
    Connection::open(ConnectOptions { patience, ..ConnectOptions::new(url, "test") }).await
}

#[tokio::test]
async fn a_server_without_jetstream_is_refused_with_the_remedy() {
    let server = NatsServer::builder().jetstream(false).start().await;
    let error = open(server.url()).await.unwrap_err();
    assert!(matches!(error, ConnectError::JetStreamDisabled { .. }), "{error:?}");
    assert!(error.to_string().contains("-js"), "{error}");
}

#[tokio::test]
async fn an_address_without_a_server_is_reported_within_the_patience() {
    let port = aegis_testkit::free_port();
    let error = open(format!("nats://127.0.0.1:{port}")).await.unwrap_err();
    assert!(error.to_string().contains(&port.to_string()), "{error}");
    assert!(matches!(open("nats://a b".into()).await, Err(ConnectError::BadUrl { .. })));
    // Texts go to logs and terminals.
    for url in [format!("nats://u:hunter2@127.0.0.1:{port}"), "nats://u:hunter2@127.0.0.1:99999".to_owned()] {
        let error = open(url).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}

#[tokio::test]
async fn the_connection_comes_back_by_itself() {
    let server = NatsServer::start().await;
    let connection = open(server.url()).await.unwrap();
    let mut state = connection.state();
    server.kill();
    let bound = Duration::from_secs(20);
    let lost = state.wait_for(|state| *state == ConnectionState::Reconnecting);
    tokio::time::timeout(bound, lost).await.unwrap().unwrap();
    server.restart().await;
    let back = state.wait_for(|state| *state == ConnectionState::Connected);
    tokio::time::timeout(bound, back).await.unwrap().unwrap();
    provision(&connection).await.unwrap();
}

#[tokio::test]
async fn provisioning_is_idempotent_and_refuses_a_log_that_may_be_purged() {
    let server = NatsServer::start().await;
    let connection = open(server.url()).await.unwrap();
    provision(&connection).await.unwrap();
    provision(&connection).await.unwrap();
    let weak = stream::Config {
        name: "WEAK_EVENTS".into(),
        subjects: vec!["weak.event.>".into()],
        allow_direct: true,
        allow_atomic_publish: true,
        ..stream::Config::default()
    };
    connection.jetstream().create_stream(weak).await.unwrap();
    let namespace = Namespace::new("weak").unwrap();
    let options = ConnectOptions { namespace, ..ConnectOptions::new(server.url(), "test") };
    let error = provision(&Connection::open(options).await.unwrap()).await.unwrap_err();
    assert!(matches!(error, ProvisionError::Mismatch { .. }), "{error}");
    assert!(
        error.to_string().contains("WEAK_EVENTS") && error.to_string().contains("deny_delete"),
        "{error}"
    );
}

#[tokio::test]
async fn every_write_of_a_key_carries_its_ttl_also_after_a_deletion() {
    let server = NatsServer::start().await;
    let connection = open(server.url()).await.unwrap();
    provision(&connection).await.unwrap();
    let bucket = Bucket::new(&connection, connection.namespace().leases_bucket());
    let (ttl, marker) = (Duration::from_millis(900), Duration::from_secs(60));
    let first = bucket.put("session.a.b", "1".into(), 0, Some(ttl)).await.unwrap();
    assert!(matches!(bucket.put("session.a.b", "x".into(), 0, None).await, Err(CasError::Conflict)));
    let gone = bucket.delete("session.a.b", first, marker).await.unwrap();
    assert!(matches!(bucket.delete("session.a.b", first, marker).await, Err(CasError::Conflict)));
    assert_eq!(bucket.read("session.a.b").await.unwrap().value, None);
    let second = bucket.put("session.a.b", "2".into(), gone, Some(ttl)).await.unwrap();
    bucket.put("session.a.b", "3".into(), second, Some(ttl)).await.unwrap();
    wait_until("the renewed key runs out", Duration::from_secs(10), || async {
        match bucket.read("session.a.b").await.unwrap() {
            slot if slot.value.is_none() => Ok(()),
            slot => Err(format!("{slot:?}")),
        }
    })
    .await;
}
