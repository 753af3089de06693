//! Services on a real server: calls, failover, clean hand-over.

use std::time::Duration;

use aegis_domain::aggregate::leadership::LeadershipEvent;
use aegis_domain::aggregate::{Instance, Leadership, instance};
use aegis_domain::{Actor, Aggregate, AggregateId, Context, ErrorCode, InstanceName, ServiceName, Term};
use aegis_sdk::{
    CallError, CallOptions, Client, ConnectOptions, Connection, Fault, Journal, Service, ServiceConfig,
    Target,
};
use aegis_testkit::{FaultProxy, NatsServer, wait_until};
use chrono::Utc;

const PATIENCE: Duration = Duration::from_secs(10);

fn config(server: &NatsServer, instance: &str) -> ServiceConfig {
    let mut config = ServiceConfig::new("trading-service", "1.0.0").unwrap();
    config.instance = Some(InstanceName::new(instance).unwrap());
    config.nats_url = server.url();
    config.groups = vec!["ACC-1".parse().unwrap(), "ACC-2".parse().unwrap()];
    config.drain_ms = 2_000;
    config
}

async fn start(config: ServiceConfig) -> Service {
    let me = config.instance.clone().unwrap().to_string();
    Service::builder(config)
        .rpc("add", |_call, (a, b): (i64, i64)| async move { Ok::<_, Fault>(a + b) })
        .rpc("panic", |_call, numbers: Vec<u8>| async move { Ok::<_, Fault>(numbers[7]) })
        .rpc("refuse", |_call, (): ()| async move { Err::<(), _>(Fault::new("TOO_MUCH", "over the limit")) })
        .exclusive("who", move |call, (): ()| {
            let me = me.clone();
            async move { Ok::<_, Fault>((me, call.tenancy.unwrap().1.get())) }
        })
        .start()
        .await
        .unwrap()
}

async fn client(server: &NatsServer) -> (Connection, Client) {
    let connection = Connection::open(ConnectOptions::new(server.url(), "caller")).await.unwrap();
    let client = Client::new(&connection);
    (connection, client)
}

async fn who(client: &Client, group: &str) -> (String, u64) {
    let target = Target::owner("trading-service", group).unwrap();
    client.call(&target, "who", &(), PATIENCE).await.unwrap().body
}

#[tokio::test]
async fn calls_are_answered_and_every_failure_says_what_it_was() {
    let server = NatsServer::start().await;
    let service = start(config(&server, "t-1")).await;
    let (connection, client) = client(&server).await;
    let any = Target::any("trading-service").unwrap();
    let sum = client.call::<_, i64>(&any, "add", &(2, 3), PATIENCE).await.unwrap();
    assert_eq!((sum.body, sum.term), (5, None));
    let one = Target::Instance(service.name().clone(), service.instance().clone());
    assert_eq!(client.call::<_, i64>(&one, "add", &(2, 3), PATIENCE).await.unwrap().body, 5);
    let code = |error: CallError| error.code().to_owned();
    let unknown = client.call::<_, i64>(&any, "subtract", &(2, 3), PATIENCE).await.unwrap_err();
    assert_eq!(code(unknown), ErrorCode::MethodNotFound.as_str());
    let misfit = client.call::<_, i64>(&any, "add", &"text", PATIENCE).await.unwrap_err();
    assert_eq!(code(misfit), ErrorCode::InvalidInput.as_str());
    let refused = client.call::<_, ()>(&any, "refuse", &(), PATIENCE).await.unwrap_err();
    assert_eq!(refused.to_string(), "TOO_MUCH: over the limit");
    let panicked = client.call::<_, u8>(&any, "panic", &[1], PATIENCE).await.unwrap_err();
    assert_eq!(code(panicked), ErrorCode::HandlerFailed.as_str());
    assert_eq!(client.call::<_, i64>(&any, "add", &(1, 1), PATIENCE).await.unwrap().body, 2, "it lives on");
    let nobody = Target::any("nobody").unwrap();
    let nobody = client.call::<_, ()>(&nobody, "add", &(), Duration::from_millis(200)).await.unwrap_err();
    assert_eq!(code(nobody), ErrorCode::NoResponders.as_str());
    // Any NATS client may call: the body is the payload alone.
    let raw = connection.client().request("rpc.trading-service.add", "[20,22]".into()).await.unwrap();
    assert_eq!(raw.payload, "42");
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn an_owner_that_is_cut_off_stops_acting_and_is_replaced_and_every_term_is_in_the_log() {
    let server = NatsServer::start().await;
    let proxy = FaultProxy::start(&server.url()).await;
    let cut_off = ServiceConfig { nats_url: proxy.url(), ..config(&server, "t-1") };
    let first = start(cut_off).await;
    let (connection, client) = client(&server).await;
    assert_eq!(who(&client, "ACC-1").await, ("t-1".to_owned(), 1));
    let second = start(config(&server, "t-2")).await;
    assert_eq!(who(&client, "ACC-1").await, ("t-1".to_owned(), 1), "a newcomer takes nothing");
    let group = "ACC-1".parse().unwrap();
    assert_eq!(first.guard().admit(&group), Some(Term(1)));
    proxy.cut();
    let begun = std::time::Instant::now();
    // The server does not know yet that the first owner is gone, so a call falls into the void at first:
    // without leave to repeat it, nobody can tell what became of it.
    let target = Target::owner("trading-service", "ACC-1").unwrap();
    let short = Duration::from_millis(100);
    let unknown = client.call::<_, (String, u64)>(&target, "who", &(), short).await.unwrap_err();
    assert_eq!(unknown.code(), ErrorCode::OutcomeUnknown.as_str());
    let again = CallOptions::within(PATIENCE).idempotent();
    let answer = client.call::<_, (String, u64)>(&target, "who", &(), again).await.unwrap().body;
    assert_eq!(answer, ("t-2".to_owned(), 2));
    assert!(begun.elapsed() < Duration::from_secs(2), "took {:?}", begun.elapsed());
    assert_eq!(first.guard().admit(&group), None, "two instances act for the group");
    let journal = Journal::new(&connection);
    let id = AggregateId::Leadership(second.name().clone(), "ACC-1".parse().unwrap());
    let terms = wait_until("both terms in the log", PATIENCE, || async {
        let events = journal.events(&id).await.map_err(|e| e.to_string())?;
        let terms: Vec<_> = events
            .iter()
            .filter_map(|recorded| match Leadership::event(&recorded.envelope.event)? {
                LeadershipEvent::LeaderElected { term, .. } => Some(*term),
                LeadershipEvent::LeaderResigned { .. }
                | LeadershipEvent::LeaderLost { .. }
                | LeadershipEvent::StepDownRequested { .. } => None,
            })
            .collect();
        if terms.len() < 2 { Err(format!("{terms:?}")) } else { Ok(terms) }
    })
    .await;
    assert_eq!(terms, [Term(1), Term(2)]);
    second.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_clean_stop_hands_over_without_a_failed_call_and_leaves_the_registry() {
    let server = NatsServer::start().await;
    let first = start(config(&server, "t-1")).await;
    let (connection, client) = client(&server).await;
    assert_eq!(who(&client, "ACC-2").await.0, "t-1");
    let second = start(config(&server, "t-2")).await;
    let caller = client.clone();
    let (stop, mut stopped) = tokio::sync::oneshot::channel();
    let calls = tokio::spawn(async move {
        let mut answers = Vec::new();
        while stopped.try_recv().is_err() {
            answers.push(who(&caller, "ACC-2").await);
        }
        answers
    });
    first.stop("maintenance").await.unwrap();
    wait_until("the successor", PATIENCE, || async {
        let (owner, _) = who(&client, "ACC-2").await;
        if owner == "t-2" { Ok(()) } else { Err(owner) }
    })
    .await;
    stop.send(()).unwrap();
    let answers = calls.await.unwrap();
    assert!(answers.is_sorted_by_key(|(_, term)| *term), "the term went back");
    let journal = Journal::new(&connection);
    let service = ServiceName::new("trading-service").unwrap();
    let id = AggregateId::Instance(service, InstanceName::new("t-1").unwrap());
    assert!(!journal.load::<Instance>(&id).await.unwrap().state.is_alive());
    let records = connection.jetstream().get_key_value("aegis_instances").await.unwrap();
    assert_eq!(records.get("trading-service.t-1").await.unwrap(), None);
    assert!(records.get("trading-service.t-2").await.unwrap().is_some());
    second.stop("done").await.unwrap();
}

#[tokio::test]
async fn an_instance_whose_record_ran_out_enters_the_registry_again() {
    let server = NatsServer::start().await;
    let mut config = config(&server, "t-1");
    config.record_ttl_ms = 3_000;
    let service = start(config).await;
    let (connection, _client) = client(&server).await;
    let records = connection.jetstream().get_key_value("aegis_instances").await.unwrap();
    records.delete("trading-service.t-1").await.unwrap();
    wait_until("the record is back", PATIENCE, || async {
        match records.get("trading-service.t-1").await {
            Ok(Some(_)) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn an_instance_that_the_log_gave_up_returns_with_its_status_and_its_configuration() {
    let server = NatsServer::start().await;
    let mut config = config(&server, "t-1");
    config.record_ttl_ms = 3_000;
    let service = start(config).await;
    let (connection, _client) = client(&server).await;
    let journal = Journal::new(&connection);
    let id = AggregateId::Instance(service.name().clone(), service.instance().clone());
    let before = journal.load::<Instance>(&id).await.unwrap().state;
    assert!(before.configuration.is_some());
    // As a control plane does that has not heard of it for long.
    let context = Context::new(Actor::user("alice"), Utc::now());
    let expire = instance::Command::Expire { last_beat: None };
    journal.execute::<Instance>(&id, expire, &context).await.unwrap();
    let records = connection.jetstream().get_key_value("aegis_instances").await.unwrap();
    records.delete("trading-service.t-1").await.unwrap();
    wait_until("the instance is in the log as before", PATIENCE, || async {
        let now = journal.load::<Instance>(&id).await.map_err(|e| e.to_string())?.state;
        let is_as_before =
            now.is_alive() && now.status == before.status && now.configuration == before.configuration;
        if is_as_before { Ok(()) } else { Err(format!("{now:?}")) }
    })
    .await;
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn of_two_processes_under_one_name_the_first_keeps_acting() {
    let server = NatsServer::start().await;
    let proxy = FaultProxy::start(&server.url()).await;
    let first = start(ServiceConfig { nats_url: proxy.url(), ..config(&server, "t-1") }).await;
    let (_connection, client) = client(&server).await;
    assert_eq!(who(&client, "ACC-1").await, ("t-1".to_owned(), 1));
    let second = start(config(&server, "t-1")).await;
    let group = "ACC-1".parse().unwrap();
    // Longer than any lease of theirs: whoever would take the session over would have done so.
    let begun = std::time::Instant::now();
    while begun.elapsed() < Duration::from_millis(2_500) {
        assert_eq!(who(&client, "ACC-1").await, ("t-1".to_owned(), 1));
        assert_eq!(second.guard().admit(&group), None, "two processes act for the group");
    }
    proxy.cut();
    wait_until("the second to take over", PATIENCE, || async {
        second.guard().admit(&group).ok_or_else(|| "it owns nothing".to_owned())
    })
    .await;
    assert_eq!(first.guard().admit(&group), None);
    assert_eq!(second.guard().admit(&group), Some(Term(2)));
    second.stop("done").await.unwrap();
}
