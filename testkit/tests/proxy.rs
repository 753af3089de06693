//! The fault proxy between a real client and a real server.

#![expect(clippy::unwrap_used, reason = "helpers of tests are test code too")]

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use aegis_testkit::{FaultProxy, NatsServer, wait_until};
use async_nats::{Client, ConnectOptions, connection::State};
use futures_util::StreamExt;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(300);

async fn behind_proxy() -> (NatsServer, FaultProxy, Client) {
    let server = NatsServer::builder().jetstream(false).start().await;
    let proxy = FaultProxy::start(&server.url()).await;
    let options = ConnectOptions::new().ping_interval(LIMIT * 6);
    let client = options.connect(proxy.url()).await.unwrap();
    (server, proxy, client)
}

#[tokio::test]
async fn a_cut_stops_bytes_without_closing_and_heals() {
    let (_server, proxy, client) = behind_proxy().await;
    let mut inbox = client.subscribe("echo").await.unwrap();
    client.publish("echo", "1".into()).await.unwrap();
    assert!(inbox.next().await.is_some());

    proxy.cut();
    client.publish("echo", "2".into()).await.unwrap();
    assert!(timeout(SHORT, inbox.next()).await.is_err(), "bytes crossed a cut link");
    assert_eq!(client.connection_state(), State::Connected);

    proxy.pass();
    assert!(timeout(LIMIT, inbox.next()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_delay_adds_to_the_round_trip() {
    let (_server, proxy, client) = behind_proxy().await;
    proxy.delay(Duration::from_millis(50));
    let start = Instant::now();
    let mut inbox = client.subscribe("echo").await.unwrap();
    client.publish("echo", "1".into()).await.unwrap();
    inbox.next().await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(100), "{:?}", start.elapsed());
}

#[tokio::test]
async fn dropped_connections_are_noticed_and_remade() {
    let (_server, proxy, client) = behind_proxy().await;
    let connects = client.statistics();
    let before = connects.connects.load(Ordering::Relaxed);
    proxy.drop_connections();
    wait_until("a new connection", LIMIT, async || {
        let now = connects.connects.load(Ordering::Relaxed);
        if now > before { Ok(()) } else { Err(format!("{now} connects")) }
    })
    .await;
}
