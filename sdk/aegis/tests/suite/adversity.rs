//! Services whose NATS fails them, or refuses them.

use std::time::Duration;

use aegis_domain::wire::heartbeat::Heartbeat;
use aegis_sdk::leadership::Policy;
use aegis_sdk::{ConnectOptions, Connection, Fault, Service, ServiceConfig};
use aegis_testkit::{Direction, FaultProxy, NatsServer, wait_until};
use async_nats::Subscriber;
use futures_util::StreamExt as _;
use tokio::time::{Instant, timeout_at};

const PATIENCE: Duration = Duration::from_secs(10);

fn config(url: String, instance: &str) -> ServiceConfig {
    let mut config = ServiceConfig::new("desk", "1.0.0").unwrap();
    config.instance = Some(instance.parse().unwrap());
    config.nats_url = url;
    config.groups = vec!["ACC-1".parse().unwrap()];
    config.drain_ms = 500;
    config
}

async fn start(config: ServiceConfig) -> Service {
    Service::builder(config)
        .exclusive("who", |call, (): ()| async move { Ok::<_, Fault>(call.tenancy.unwrap().1.get()) })
        .start()
        .await
        .unwrap()
}

async fn owns(service: &Service) {
    let group = "ACC-1".parse().unwrap();
    wait_until("a lease", PATIENCE, || async {
        service.guard().admit(&group).map(|_| ()).ok_or_else(|| "owns nothing".to_owned())
    })
    .await;
}

async fn open(server: &NatsServer) -> Connection {
    Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap()
}

async fn listen(connection: &Connection, subject: &str) -> Subscriber {
    let heard = connection.client().subscribe(subject.to_owned()).await.unwrap();
    connection.client().flush().await.unwrap();
    heard
}

/// How many messages come within that time.
async fn count(heard: &mut Subscriber, time: Duration) -> usize {
    let until = Instant::now() + time;
    let mut count = 0;
    while let Ok(Some(_)) = timeout_at(until, heard.next()).await {
        count += 1;
    }
    count
}

#[tokio::test]
async fn a_record_that_cannot_be_read_does_not_break_the_watch() {
    let server = NatsServer::start().await;
    let service = start(config(server.url(), "d-1")).await;
    owns(&service).await;
    let connection = open(&server).await;
    let mut watches = listen(&connection, "$JS.EVENT.ADVISORY.CONSUMER.CREATED.KV_aegis_leases.*").await;
    let leases = connection.jetstream().get_key_value("aegis_leases").await.unwrap();
    leases.put("owner.desk.ACC-9", "junk".into()).await.unwrap();
    assert_eq!(count(&mut watches, Duration::from_secs(2)).await, 0);
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_store_that_refuses_claims_is_not_asked_without_a_pause() {
    let server = NatsServer::start().await;
    let service = start(config(server.url(), "d-1")).await;
    let connection = open(&server).await;
    let mut bucket = connection.jetstream().get_stream("KV_aegis_leases").await.unwrap();
    let mut config = bucket.info().await.unwrap().config.clone();
    // A session passes, an owner does not.
    config.max_message_size = 200;
    connection.jetstream().update_stream(config.clone()).await.unwrap();
    let mut claims = listen(&connection, "$KV.aegis_leases.owner.>").await;
    let tries = count(&mut claims, Duration::from_secs(3)).await;
    assert!((1..=12).contains(&tries), "{tries} claims, with a rank step of 250 ms");
    config.max_message_size = -1;
    connection.jetstream().update_stream(config).await.unwrap();
    owns(&service).await;
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn an_owner_of_many_groups_stops_although_nats_is_gone() {
    let server = NatsServer::start().await;
    let mut config = config(server.url(), "d-1");
    // More than the client's queue has room for, once they are to be closed.
    config.groups = (1..=100).map(|n| format!("ACC-{n}").parse().unwrap()).collect();
    let service = start(config).await;
    owns(&service).await;
    server.kill();
    let ended = tokio::time::timeout(Duration::from_secs(40), service.stop("done")).await;
    assert!(ended.expect("the stop never ends").is_err(), "nobody can have recorded the end");
}

#[tokio::test]
async fn an_owner_that_loses_one_answer_with_its_connection_goes_on_acting() {
    let server = NatsServer::start().await;
    let proxy = FaultProxy::start(&server.url()).await;
    let mut config = config(proxy.url(), "d-1");
    config.failover = Policy::custom(Duration::from_secs(3)).unwrap();
    let service = start(config).await;
    owns(&service).await;
    let connection = open(&server).await;
    let mut renewals = listen(&connection, "$KV.aegis_leases.session.desk.d-1").await;
    renewals.next().await.unwrap();
    // What answers this has heard all that was sent to it before.
    let control = connection.namespace().control_subject(service.name(), service.instance());
    connection.client().request(control, "".into()).await.unwrap();
    proxy.cut_one_way("pulse", Direction::ToClient);
    renewals.next().await.unwrap();
    // It was applied, and its acknowledgement is lost.
    proxy.drop_named("pulse");
    proxy.pass_named("pulse");
    let group = "ACC-1".parse().unwrap();
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    let until = Instant::now() + Duration::from_secs(3);
    while Instant::now() < until {
        ticks.tick().await;
        assert!(service.guard().admit(&group).is_some(), "it stopped acting");
    }
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_claim_that_loses_its_answer_with_its_connection_is_looked_for_within_a_lease_or_so() {
    let server = NatsServer::start().await;
    let proxy = FaultProxy::start(&server.url()).await;
    let connection = open(&server).await;
    let mut claims = listen(&connection, "$KV.aegis_leases.owner.>").await;
    let service = start(config(proxy.url(), "d-1")).await;
    proxy.delay_named("pulse", Duration::from_millis(100));
    claims.next().await.unwrap();
    proxy.drop_named("pulse");
    proxy.pass_named("pulse");
    let begun = Instant::now();
    owns(&service).await;
    assert!(begun.elapsed() < Duration::from_secs(3), "took {:?}", begun.elapsed());
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn an_instance_with_more_groups_than_a_message_holds_is_heard_and_stays_in_the_registry() {
    let server = NatsServer::builder().config("max_payload: 64000").start().await;
    let connection = open(&server).await;
    let mut config = config(server.url(), "d-1");
    // Their names alone, as they are registered, fit into one; with their terms they do not.
    config.groups = (1..=430).map(|n| format!("ACC-{n:0124}").parse().unwrap()).collect();
    let service = start(config).await;
    wait_until("all groups", PATIENCE, || async {
        let serving = service.guard().serving().len();
        if serving == 430 { Ok(()) } else { Err(serving.to_string()) }
    })
    .await;
    let mut beats = listen(&connection, "aegis.heartbeat.desk.d-1").await;
    let beat = tokio::time::timeout(PATIENCE, beats.next()).await.unwrap().unwrap();
    let beat: Heartbeat = serde_json::from_slice(&beat.payload).unwrap();
    assert_eq!(beat.groups.len(), 64_000 / 2 / 200);
    service.stop("done").await.unwrap();
}
