//! Faults that are planted in a running instance.

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test")]

use std::time::Duration;

use aegis_sdk::{
    Call, CallOptions, Client, ConnectOptions, Connection, Fault, Service, ServiceConfig, Target, supervise,
};
use aegis_testkit::{NatsServer, wait_until};
use futures_util::StreamExt as _;

const PATIENCE: Duration = Duration::from_secs(20);

async fn member(server: &NatsServer, name: &str) -> Service {
    let mut config = ServiceConfig::new("desk", "1.0.0").unwrap();
    config.instance = Some(name.parse().unwrap());
    config.nats_url = server.url();
    config.heartbeat_ms = 200;
    config.groups = vec!["ACC-1".parse().unwrap()];
    let me = name.to_owned();
    Service::builder(config)
        .exclusive("who", move |_: Call, (): ()| {
            let me = me.clone();
            async move { Ok::<_, Fault>(me) }
        })
        .start()
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pulse_that_panics_gives_up_what_it_stands_for_and_begins_again() {
    let server = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(server.url(), "caller")).await.unwrap();
    let (client, group) = (Client::new(&connection), Target::owner("desk", "ACC-1").unwrap());
    let first = member(&server, "d-1").await;
    let who = async || {
        let options = CallOptions::within(PATIENCE).idempotent();
        client.call::<_, String>(&group, "who", &(), options).await.unwrap()
    };
    assert_eq!(who().await.body, "d-1");
    let second = member(&server, "d-2").await;
    let stranger = server.client().await;
    let mut beats = stranger.subscribe("aegis.heartbeat.desk.d-1").await.unwrap();
    for round in 1..=3 {
        let before = supervise::panics();
        let term = first.guard().serving().into_values().next();
        stranger.publish("aegis.control.desk.d-1", r#"{"request":"panic"}"#.into()).await.unwrap();
        wait_until("the panic is counted", PATIENCE, || async {
            if supervise::panics() > before { Ok(()) } else { Err(format!("round {round}")) }
        })
        .await;
        // An owner that panicked owns nothing under its old term, whoever is next.
        let answered = who().await;
        assert!(term.is_none() || answered.term > term, "{:?} after {term:?}", answered.term);
        for _ in 0..3 {
            tokio::time::timeout(PATIENCE, beats.next()).await.unwrap().unwrap();
        }
    }
    // It is a member as before: it takes what the other gives up.
    second.stop("the test goes on").await.unwrap();
    assert_eq!(who().await.body, "d-1");
    first.stop("the test ends").await.unwrap();
}
