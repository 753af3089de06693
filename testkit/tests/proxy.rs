//! The fault proxy between a real client and a real server.

#![expect(clippy::unwrap_used, reason = "helpers of tests are test code too")]

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use aegis_testkit::{Direction, FaultProxy, NatsServer, wait_until};
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

/// Two connections of one process, as services have them.
async fn two_behind_proxy() -> (NatsServer, FaultProxy, Client, Client) {
    let server = NatsServer::builder().jetstream(false).start().await;
    let proxy = FaultProxy::start(&server.url()).await;
    let named = |name| ConnectOptions::new().name(name).ping_interval(LIMIT * 6);
    let work = named("desk/desk-1").connect(proxy.url()).await.unwrap();
    let pulse = named("desk/desk-1 pulse").connect(proxy.url()).await.unwrap();
    (server, proxy, work, pulse)
}

async fn echoes(client: &Client, patience: Duration) -> bool {
    let subject = client.new_inbox();
    let mut inbox = client.subscribe(subject.clone()).await.unwrap();
    client.publish(subject, "x".into()).await.unwrap();
    timeout(patience, inbox.next()).await.is_ok_and(|message| message.is_some())
}

#[tokio::test]
async fn one_of_two_connections_is_cut_by_its_name_and_heals() {
    let (_server, proxy, work, pulse) = two_behind_proxy().await;
    proxy.cut_named("pulse");
    assert!(!echoes(&pulse, SHORT).await, "bytes crossed a cut link");
    assert!(echoes(&work, LIMIT).await);
    proxy.pass_named("puls");
    assert!(!echoes(&pulse, SHORT).await, "another text was healed");
    proxy.pass_named("pulse");
    assert!(echoes(&pulse, LIMIT).await);
    proxy.cut_named("pulse");
    proxy.pass();
    assert!(echoes(&pulse, LIMIT).await, "healing heals all");
}

#[tokio::test]
async fn a_cut_by_name_holds_for_a_connection_that_is_made_later() {
    let (_server, proxy, _work, pulse) = two_behind_proxy().await;
    proxy.cut_named("pulse");
    proxy.drop_connections();
    let reconnects = pulse.statistics();
    assert!(!echoes(&pulse, SHORT).await);
    proxy.pass_named("pulse");
    wait_until("the connection to come back", LIMIT, async || {
        if echoes(&pulse, SHORT).await { Ok(()) } else { Err(format!("{reconnects:?}")) }
    })
    .await;
}

#[tokio::test]
async fn a_cut_in_one_direction_lets_the_other_cross() {
    let (server, proxy, work, pulse) = two_behind_proxy().await;
    let direct = server.client().await;
    let mut heard = direct.subscribe("news").await.unwrap();
    let mut told = pulse.subscribe("orders").await.unwrap();
    direct.flush().await.unwrap();
    pulse.flush().await.unwrap();
    proxy.cut_one_way("pulse", Direction::ToClient);
    pulse.publish("news", "1".into()).await.unwrap();
    assert!(timeout(LIMIT, heard.next()).await.unwrap().is_some());
    direct.publish("orders", "1".into()).await.unwrap();
    assert!(timeout(SHORT, told.next()).await.is_err(), "bytes crossed a cut link");
    assert!(echoes(&work, LIMIT).await);
    proxy.pass();
    assert!(timeout(LIMIT, told.next()).await.unwrap().is_some());
    proxy.cut_one_way("pulse", Direction::ToServer);
    direct.publish("orders", "2".into()).await.unwrap();
    assert!(timeout(LIMIT, told.next()).await.unwrap().is_some());
    pulse.publish("news", "2".into()).await.unwrap();
    assert!(timeout(SHORT, heard.next()).await.is_err(), "bytes crossed a cut link");
}

#[tokio::test]
async fn a_delay_and_a_drop_by_name_leave_the_other_connection_alone() {
    let (_server, proxy, work, pulse) = two_behind_proxy().await;
    proxy.delay_named("pulse", SHORT);
    let start = Instant::now();
    assert!(echoes(&pulse, LIMIT).await);
    assert!(start.elapsed() >= SHORT * 2, "{:?}", start.elapsed());
    let connects = |client: &Client| client.statistics().connects.load(Ordering::Relaxed);
    let before = (connects(&work), connects(&pulse));
    proxy.drop_named("pulse");
    wait_until("a new connection", LIMIT, async || {
        if connects(&pulse) > before.1 { Ok(()) } else { Err("none".to_owned()) }
    })
    .await;
    assert_eq!(connects(&work), before.0);
    assert!(echoes(&work, SHORT).await);
}

#[tokio::test]
async fn what_one_connection_sends_is_rewritten_wherever_the_chunks_end() {
    let (server, proxy, work, pulse) = two_behind_proxy().await;
    proxy.rewrite("pulse", r#""lease_ms":9000"#, r#""lease_ms": 300"#);
    let direct = server.client().await;
    let mut heard = direct.subscribe("leases").await.unwrap();
    direct.flush().await.unwrap();
    // Longer than one read of the proxy, so that the text falls on every border between two.
    let lease = r#"{"session":"a","lease_ms":9000}"#;
    for length in (16_200..16_420).chain([0]) {
        let body = format!("{}{lease}", "x".repeat(length));
        pulse.publish("leases", body.clone().into()).await.unwrap();
        let message = timeout(LIMIT, heard.next()).await.unwrap().unwrap();
        assert_eq!(message.payload, body.replace(":9000", ": 300"));
    }
    assert_eq!(proxy.rewritten(), 221);
    work.publish("leases", lease.into()).await.unwrap();
    assert_eq!(timeout(LIMIT, heard.next()).await.unwrap().unwrap().payload, lease);
}
