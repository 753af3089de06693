//! How long events of services are kept, by the configuration of the control plane.

use aegis_sdk::provision::provision;
use aegis_sdk::{ConnectOptions, Connection};
use aegis_testkit::{NatsServer, wait_until};

use crate::serve::Serve;
use crate::support::PATIENCE;

const DAY: u64 = 24 * 3_600;

async fn kept(connection: &Connection) -> (u64, i64) {
    let stream = connection.jetstream().get_stream("EVENTS").await.unwrap();
    let config = &stream.cached_info().config;
    (config.max_age.as_secs(), config.max_bytes)
}

async fn until_kept(connection: &Connection, wanted: (u64, i64)) {
    wait_until("the retention", PATIENCE, || async {
        let kept = kept(connection).await;
        if kept == wanted { Ok(()) } else { Err(format!("{kept:?}")) }
    })
    .await;
}

#[tokio::test]
async fn events_are_kept_for_as_long_as_is_configured_and_otherwise_as_the_stream_has_it() {
    let nats = NatsServer::start().await;
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let connection = Connection::open(ConnectOptions::new(nats.url(), "test")).await.unwrap();
    provision(&connection).await.unwrap();
    assert_eq!(kept(&connection).await, (DAY, 1 << 30));
    let longer = Serve::start_with(&nats.url(), folders[0].path(), "[events]\nkeep_hours = 72").await;
    until_kept(&connection, (3 * DAY, 1 << 30)).await;
    let says = "EVENTS keeps events for 72 h, 1024 MiB at most";
    wait_until("that it is told", PATIENCE, || async {
        let (_, answer) = longer.answer("{ system { tasks { name status } } }").await;
        if answer.to_string().contains(says) { Ok(()) } else { Err(answer.to_string()) }
    })
    .await;
    drop(longer);
    let more = Serve::start_with(&nats.url(), folders[1].path(), "[events]\nkeep_mib = 4096").await;
    until_kept(&connection, (3 * DAY, 4 << 30)).await;
    drop(more);
    // Nothing is said: services and control planes leave it as it is.
    let silent = Serve::start(&nats.url(), folders[2].path()).await;
    silent.ready().await;
    provision(&connection).await.unwrap();
    assert_eq!(kept(&connection).await, (3 * DAY, 4 << 30));
    drop(silent);
}

#[tokio::test]
async fn a_retention_that_cannot_be_ends_the_start_by_its_name() {
    let log = crate::serve::refused_start("[events]\nkeep_hours = 0").await;
    assert!(log.contains("events.keep_hours is 0: choose 1 to 87600"), "{log}");
}
