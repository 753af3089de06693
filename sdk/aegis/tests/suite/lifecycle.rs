//! What happens around the calls of a service: hooks, health checks, admission, the configuration that is told.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aegis_domain::aggregate::instance::{InstanceEvent, Liveness, Status};
use aegis_domain::aggregate::policy::{FailoverPolicy, RegistrationPolicy};
use aegis_domain::aggregate::{Definition, Instance, definition};
use aegis_domain::wire::heartbeat::Heartbeat;
use aegis_domain::{Actor, AggregateId, Context, Event, ServiceName, Version};
use aegis_sdk::nats::security::{Credentials, Secret};
use aegis_sdk::provision::provision;
use aegis_sdk::service::Stage;
use aegis_sdk::{
    Builder, CallError, Client, ConnectOptions, Connection, Fault, Journal, Logs, Operator, Service,
    ServiceConfig, StartError, Target,
};
use aegis_testkit::{NatsServer, wait_until};
use chrono::Utc;
use tokio::sync::Semaphore;

const PATIENCE: Duration = Duration::from_secs(10);

fn config(server: &NatsServer, instance: &str) -> ServiceConfig {
    let mut config = ServiceConfig::new("desk", "1.0.0").unwrap();
    config.instance = Some(instance.parse().unwrap());
    config.nats_url = server.url();
    config.drain_ms = 2_000;
    config
}

fn builder(config: ServiceConfig) -> Builder {
    let me = config.instance.clone().unwrap().to_string();
    Service::builder(config).rpc("who", move |_call, (): ()| {
        let me = me.clone();
        async move { Ok::<_, Fault>(me) }
    })
}

async fn open(server: &NatsServer) -> Connection {
    let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
    provision(&connection).await.unwrap();
    connection
}

fn id(instance: &str) -> AggregateId {
    AggregateId::Instance("desk".parse().unwrap(), instance.parse().unwrap())
}

async fn state(connection: &Connection, instance: &str) -> Instance {
    Journal::new(connection).load::<Instance>(&id(instance)).await.unwrap().state
}

/// The turns of a whole life.
const TURNS: [Status; 4] = [Status::Running, Status::Draining, Status::Stopping, Status::Stopped];

/// Those that the log has of this instance.
async fn turns(connection: &Connection, instance: &str) -> Vec<Status> {
    let events = Journal::new(connection).events(&id(instance)).await.unwrap();
    let turns = events.iter().filter_map(|recorded| match &recorded.envelope.event {
        Event::Instance(InstanceEvent::StatusChanged { to, .. }) => Some(*to),
        Event::Instance(InstanceEvent::Deregistered { .. }) => Some(Status::Stopped),
        Event::Definition(_) | Event::Instance(_) | Event::Leadership(_) | Event::Installation(_) => None,
    });
    turns.collect()
}

async fn define(connection: &Connection, commands: Vec<definition::Command>) {
    let id = AggregateId::Definition(ServiceName::new("desk").unwrap());
    for command in commands {
        let context = Context::new(Actor::user("admin"), Utc::now());
        Journal::new(connection).execute::<Definition>(&id, command, &context).await.unwrap();
    }
}

fn content(registration: RegistrationPolicy) -> definition::Content {
    definition::Content {
        p99_limit_ms: None,
        error_limit_percent: None,
        owner: "desk".to_owned(),
        description: "orders".to_owned(),
        version: Version::new("1.0.0").unwrap(),
        min_instances: None,
        max_instances: None,
        failover: Some(FailoverPolicy::Aggressive),
        registration,
        labels: [].into(),
    }
}

#[tokio::test]
async fn hooks_run_at_their_turns_in_order() {
    let server = NatsServer::start().await;
    let said = Arc::new(Mutex::new(Vec::new()));
    let mut building = builder(config(&server, "d-1"));
    for (stage, word) in [
        (Stage::Stopping, "closing"),
        (Stage::Starting, "loading"),
        (Stage::Starting, "warming"),
        (Stage::Running, "running"),
        (Stage::Draining, "draining"),
    ] {
        let said = Arc::clone(&said);
        building = building.on(stage, move |turn| async move {
            let who = Target::Instance(turn.service.clone(), turn.instance.clone());
            let answers =
                turn.client().call::<_, String>(&who, "who", &(), Duration::from_millis(300)).await.is_ok();
            said.lock().unwrap().push((word, answers));
            Ok(())
        });
    }
    let service = building.start().await.unwrap();
    let connection = open(&server).await;
    service.stop("done").await.unwrap();
    let said = said.lock().unwrap().clone();
    let expected =
        [("loading", false), ("warming", false), ("running", true), ("draining", false), ("closing", false)];
    assert_eq!(said, expected, "only a running instance answers");
    assert_eq!(turns(&connection, "d-1").await, TURNS);
}

#[tokio::test]
async fn every_turn_is_in_the_log_also_where_no_hook_waits_for_it() {
    let server = NatsServer::start().await;
    builder(config(&server, "d-1")).start().await.unwrap().stop("done").await.unwrap();
    assert_eq!(turns(&open(&server).await, "d-1").await, TURNS);
}

#[tokio::test]
async fn a_start_hook_that_fails_ends_the_start_and_the_log_says_so() {
    let server = NatsServer::start().await;
    let failing = builder(config(&server, "d-1"))
        .on(Stage::Starting, |_turn| async { Err(Fault::new("NO_LICENCE", "there is no licence")) });
    let error = failing.start().await.unwrap_err();
    assert!(matches!(error, StartError::Hook(_)) && error.to_string().contains("no licence"), "{error}");
    let connection = open(&server).await;
    assert_eq!(state(&connection, "d-1").await.status, Status::Failed);
    let panicking = builder(config(&server, "d-2")).on(Stage::Starting, |_turn| async {
        let none: Option<u8> = None;
        none.map(|_| ()).ok_or_else(|| Fault::new("X", "x")).unwrap();
        Ok(())
    });
    assert!(matches!(panicking.start().await, Err(StartError::Hook(_))));
    assert_eq!(state(&connection, "d-2").await.status, Status::Failed);
}

#[tokio::test]
async fn an_instance_whose_check_fails_is_unwell_and_takes_no_balanced_calls_until_it_is_well() {
    let server = NatsServer::start().await;
    let sick = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&sick);
    let mut with_group = config(&server, "d-1");
    with_group.groups = vec!["ACC-1".parse().unwrap()];
    let checked = builder(with_group)
        .health_check("feed", Duration::from_millis(20), move || {
            let sick = seen.load(Ordering::SeqCst);
            async move { if sick { Err("no market data") } else { Ok(()) } }
        })
        .start()
        .await
        .unwrap();
    let other = builder(config(&server, "d-2")).start().await.unwrap();
    let connection = open(&server).await;
    let client = Client::new(&connection);
    let answer = |target: Target| {
        let client = client.clone();
        async move { client.call::<_, String>(&target, "who", &(), PATIENCE).await.unwrap().body }
    };
    let any = || Target::any("desk").unwrap();
    let own = Target::Instance("desk".parse().unwrap(), "d-1".parse().unwrap());
    let group = "ACC-1".parse().unwrap();
    wait_until("the group", PATIENCE, || async {
        checked.guard().admit(&group).map(drop).ok_or_else(|| "nobody owns it".to_owned())
    })
    .await;
    let record = async || {
        let bucket =
            connection.jetstream().get_key_value(connection.namespace().instances_bucket()).await.unwrap();
        let body = bucket.get("desk.d-1").await.unwrap().unwrap();
        serde_json::from_slice::<Heartbeat>(&body).unwrap()
    };
    sick.store(true, Ordering::SeqCst);
    wait_until("the instance to be unwell", PATIENCE, || async {
        let liveness = state(&connection, "d-1").await.liveness;
        if liveness == Liveness::Unhealthy { Ok(()) } else { Err(format!("{liveness:?}")) }
    })
    .await;
    wait_until("its record to say why", PATIENCE, || async {
        let unwell = record().await.unwell;
        if unwell.as_deref() == Some("feed: no market data") { Ok(()) } else { Err(format!("{unwell:?}")) }
    })
    .await;
    assert!(checked.guard().admit(&group).is_none(), "its groups are given up");
    wait_until("balanced calls to go elsewhere", PATIENCE, || async {
        for _ in 0..40 {
            let who = answer(any()).await;
            if who != "d-2" {
                return Err(who);
            }
        }
        Ok(())
    })
    .await;
    assert_eq!(answer(own).await, "d-1", "a call to itself is answered all the same");
    sick.store(false, Ordering::SeqCst);
    wait_until("the instance to be well", PATIENCE, || async {
        let liveness = state(&connection, "d-1").await.liveness;
        if liveness == Liveness::Alive { Ok(()) } else { Err(format!("{liveness:?}")) }
    })
    .await;
    wait_until("balanced calls", PATIENCE, || async {
        let who = answer(any()).await;
        if who == "d-1" { Ok(()) } else { Err(who) }
    })
    .await;
    assert_eq!(record().await.unwell, None);
    checked.stop("done").await.unwrap();
    other.stop("done").await.unwrap();
}

#[tokio::test]
async fn definitions_govern_who_may_start_and_how_fast_groups_fail_over() {
    use definition::Command;
    let server = NatsServer::start().await;
    let connection = open(&server).await;
    let enforced = |instance: &str| ServiceConfig {
        registration: RegistrationPolicy::Enforce,
        groups: vec!["ACC-1".parse().unwrap()],
        ..config(&server, instance)
    };
    let error = builder(enforced("d-1")).start().await.unwrap_err();
    assert!(matches!(error, StartError::NotAdmitted(_)), "{error:?}");
    assert_eq!(error.code(), aegis_domain::ErrorCode::DefinitionNotFound);
    assert!(error.to_string().contains("desk is not defined"), "{error}");
    assert!(state(&connection, "d-1").await.registration.is_none(), "it was never registered");
    builder(config(&server, "d-2")).start().await.unwrap().stop("done").await.unwrap();
    define(
        &connection,
        vec![Command::Define {
            service: "desk".parse().unwrap(),
            content: content(RegistrationPolicy::Enforce),
            reason: None,
        }],
    )
    .await;
    let service = builder(enforced("d-3")).start().await.unwrap();
    let reported = state(&connection, "d-3").await.configuration.unwrap();
    assert_eq!(reported["failover"], "aggressive", "as the definition says");
    service.stop("done").await.unwrap();
    define(
        &connection,
        vec![Command::Retire { expected: aegis_domain::AggregateVersion(1), reason: "replaced".to_owned() }],
    )
    .await;
    let retired = builder(config(&server, "d-4")).start().await.unwrap_err().to_string();
    assert!(
        retired.contains("retired"),
        "what the definition says stands above the configuration: {retired}"
    );
}

#[tokio::test]
async fn the_configuration_is_told_without_secrets_and_again_when_the_log_changes() {
    let server =
        NatsServer::builder().config("authorization { user: app, password: hunter2 }").local().start().await;
    let mut config = config(&server, "d-1");
    config.nats_url = server.url().replace("nats://", "nats://app:hunter2@");
    config.credentials =
        Some(Credentials::UserPassword { user: "app".to_owned(), password: Secret::new("hunter2") });
    let url = config.nats_url.clone();
    let logs = Logs::install("off").unwrap();
    let service = builder(config).logs(&logs).start().await.unwrap();
    let connection = Connection::open(ConnectOptions::new(url, "test")).await.unwrap();
    let told = async || state(&connection, "d-1").await.configuration.unwrap();
    let first = told().await;
    assert!(!first.to_string().contains("hunter2"), "{first}");
    assert_eq!((&first["heartbeat_ms"], &first["log"]), (&1_000.into(), &"info".into()));
    let operator = Operator::new(&connection, Actor::user("alice"));
    let (name, instance) = (service.name().clone(), service.instance().clone());
    operator.set_log(&name, &instance, "off,aegis_sdk=debug").await.unwrap();
    assert!(tracing::enabled!(target: "aegis_sdk", tracing::Level::DEBUG));
    assert_eq!(told().await["log"], "off,aegis_sdk=debug");
    let unknown = operator.set_log(&name, &"nobody-1".parse().unwrap(), "off").await.unwrap_err();
    assert_eq!(unknown.code, aegis_domain::ErrorCode::InstanceNotFound);
    let refused = operator.set_log(&name, &instance, "=loud=").await.unwrap_err();
    assert_eq!(refused.code.as_str(), "INVALID_INPUT");
    assert_eq!(told().await["log"], "off,aegis_sdk=debug");
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn calls_are_spread_over_several_sockets() {
    let server = NatsServer::start().await;
    let service = builder(config(&server, "d-1")).start().await.unwrap();
    let options = ConnectOptions { connections: 3, ..ConnectOptions::new(server.url(), "spread") };
    let connection = Connection::open(options).await.unwrap();
    let client = Client::new(&connection);
    let any = Target::any("desk").unwrap();
    for _ in 0..30 {
        let answer: Result<_, CallError> =
            client.call::<_, String>(&any, "who", &(), client.default_options()).await;
        assert_eq!(answer.unwrap().body, "d-1");
    }
    let url = format!("{}/connz?subs=1", server.monitor_url());
    let connz: serde_json::Value =
        serde_json::from_str(&aegis_testkit::get(&url).await.unwrap().body).unwrap();
    let mine = connz["connections"].as_array().unwrap().iter().filter(|one| one["name"] == "spread");
    let sent: Vec<_> = mine.map(|one| one["in_msgs"].as_u64().unwrap()).collect();
    // And one that everything else goes over.
    assert_eq!((sent.len(), sent.iter().filter(|sent| **sent == 10).count()), (4, 3), "{sent:?}");
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_stop_waits_for_the_calls_that_it_has_and_takes_no_new_ones() {
    let server = NatsServer::start().await;
    let (gate, entered) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (held, entering) = (Arc::clone(&gate), Arc::clone(&entered));
    let service = builder(config(&server, "d-1")).rpc("slow", move |_call, (): ()| {
        let held = Arc::clone(&held);
        entering.add_permits(1);
        async move {
            held.acquire().await?.forget();
            Ok::<_, Fault>("done".to_owned())
        }
    });
    let service = service.start().await.unwrap();
    let connection = open(&server).await;
    let client = Client::new(&connection);
    let any = Target::any("desk").unwrap();
    let (calling, to) = (client.clone(), any.clone());
    let call = tokio::spawn(async move { calling.call::<_, String>(&to, "slow", &(), PATIENCE).await });
    entered.acquire().await.unwrap().forget();
    let mut stopping = tokio::spawn(service.stop("done"));
    wait_until("new calls to be refused", PATIENCE, || async {
        match client.call::<_, String>(&any, "who", &(), Duration::from_millis(100)).await {
            Err(CallError::NoResponders { .. }) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    let early = tokio::time::timeout(Duration::from_millis(500), &mut stopping).await;
    assert!(early.is_err(), "it stopped over a call");
    gate.add_permits(1);
    assert_eq!(call.await.unwrap().unwrap().body, "done");
    stopping.await.unwrap().unwrap();
}
