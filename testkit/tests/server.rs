//! The server harness against the real `nats-server`.

#![expect(clippy::unwrap_used, reason = "helpers of tests are test code too")]

use std::time::Duration;

use aegis_testkit::{NatsServer, get, wait_until};
use async_nats::{connection::State, jetstream};
use futures_util::StreamExt;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(10);

async fn store_one(server: &NatsServer) {
    let context = jetstream::new(server.client().await);
    let config =
        jetstream::stream::Config { name: "S".into(), subjects: vec!["s.>".into()], ..Default::default() };
    context.create_stream(config).await.unwrap();
    context.publish("s.1", "kept".into()).await.unwrap().await.unwrap();
}

async fn stored(server: &NatsServer) -> u64 {
    let context = jetstream::new(server.client().await);
    context.get_stream("S").await.unwrap().cached_info().state.messages
}

#[tokio::test]
async fn kill_and_restart_keeps_data_ports_and_clients() {
    let server = NatsServer::start().await;
    let (url, first) = (server.url(), server.pid());
    let client = server.client().await;
    store_one(&server).await;

    server.kill();
    assert_eq!(server.pid(), None);
    server.restart().await;

    assert_eq!(server.url(), url);
    // In a container there is no process id to compare.
    assert!(first.is_none() || server.pid() != first);
    assert_eq!(stored(&server).await, 1);
    wait_until("the old client to reconnect", LIMIT, async || {
        let state = client.connection_state();
        if state == State::Connected { Ok(()) } else { Err(state.to_string()) }
    })
    .await;
}

#[tokio::test]
async fn graceful_stop_keeps_data_too() {
    let server = NatsServer::start().await;
    store_one(&server).await;
    server.stop().await;
    server.restart().await;
    assert_eq!(stored(&server).await, 1);
}

#[tokio::test]
async fn a_paused_server_answers_only_after_it_is_resumed() {
    let server = NatsServer::start().await;
    let client = server.client().await;
    let mut inbox = client.subscribe("echo").await.unwrap();
    client.flush().await.unwrap();
    server.pause();
    client.publish("echo", "1".into()).await.unwrap();
    let silent = timeout(Duration::from_millis(300), inbox.next()).await;
    assert!(silent.is_err(), "a paused server answered");
    server.resume();
    assert!(timeout(LIMIT, inbox.next()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_paused_server_can_be_killed() {
    let server = NatsServer::start().await;
    server.pause();
    server.kill();
    assert_eq!(server.pid(), None);
}

#[tokio::test]
async fn extra_configuration_reaches_the_server() {
    let server = NatsServer::builder()
        .config("server_name: odd")
        .jetstream_config("sync_interval: always")
        .start()
        .await;
    let varz = get(&format!("{}/varz", server.monitor_url())).await.unwrap();
    assert!(varz.body.contains("\"server_name\": \"odd\""), "{}", varz.body);
    assert!(varz.body.contains("\"sync_always\": true"), "{}", varz.body);
}

#[tokio::test]
async fn jetstream_can_be_left_out() {
    let server = NatsServer::builder().jetstream(false).start().await;
    let context = jetstream::new(server.client().await);
    assert!(context.query_account().await.is_err());
}

#[tokio::test]
async fn own_data_is_removed_and_given_data_stays() {
    let given = tempfile::tempdir().unwrap();
    let (own, kept) = (
        NatsServer::builder().local().start().await,
        NatsServer::builder().local().store_dir(given.path().join("nats")).start().await,
    );
    let own_path = own.data_dir().to_owned();
    drop((own, kept));
    assert!(!own_path.exists());
    assert!(given.path().join("nats/jetstream").exists());
}

#[tokio::test]
async fn a_failing_test_keeps_its_data() {
    let failed = tokio::spawn(async {
        let server = NatsServer::builder().local().start().await;
        let path = server.data_dir().to_owned();
        let pid = server.pid().unwrap();
        std::panic::panic_any((path, pid));
    })
    .await
    .unwrap_err()
    .into_panic();
    let (path, pid) = *failed.downcast::<(std::path::PathBuf, u32)>().unwrap();
    assert!(path.join("server.log").exists());
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists(), "the server outlived its handle");
    std::fs::remove_dir_all(path).unwrap();
}

#[tokio::test]
#[should_panic(expected = "unknown field")]
async fn a_bad_configuration_fails_with_the_servers_own_words() {
    NatsServer::builder().local().config("no_such_option: 1").start().await;
}
