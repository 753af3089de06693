//! How a service stops: everything that it began comes to its end, in one time.

use std::time::{Duration, Instant};

use aegis_domain::Actor;
use aegis_sdk::events::Replayed;
use aegis_sdk::service::Stage;
use aegis_sdk::{
    Builder, Call, Client, ConnectOptions, Connection, EventOptions, Events, Fault, Service, ServiceConfig,
    Start, Target,
};
use aegis_testkit::NatsServer;

const PATIENCE: Duration = Duration::from_secs(10);

fn builder(server: &NatsServer, drain_ms: u64) -> Builder {
    let mut config = ServiceConfig::new("desk", "1.0.0").unwrap();
    config.instance = Some("d-1".parse().unwrap());
    config.nats_url = server.url();
    config.drain_ms = drain_ms;
    Service::builder(config).rpc("hang", |_, (): ()| async {
        std::future::pending::<()>().await;
        Ok::<_, Fault>(())
    })
}

async fn open(server: &NatsServer) -> Connection {
    Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap()
}

#[tokio::test]
async fn what_a_hook_publishes_is_the_services_own_and_is_waited_for() {
    let server = NatsServer::start().await;
    let options = EventOptions { actor: Some(Actor::user("desk")), ..EventOptions::default() };
    let mut building = builder(&server, 2_000).event_options(options);
    for (stage, word) in [(Stage::Starting, "first"), (Stage::Stopping, "last")] {
        building = building.on(stage, move |turn| async move {
            // Taken in, and not waited for: that is what the stop does.
            drop(turn.events().publish_later("desk", word, &word).await?);
            Ok(())
        });
    }
    let service = building.start().await.unwrap();
    let events = service.events();
    service.stop("done").await.unwrap();
    assert_eq!(events.waiting(), 0);
    let told = Events::new(&open(&server).await);
    let mut replay = told.replay("desk.>", Start::Beginning).unwrap();
    for word in ["first", "last"] {
        match tokio::time::timeout(PATIENCE, replay.next()).await.unwrap() {
            Replayed::Event(event) => {
                assert_eq!(event.decode::<String>().unwrap(), word);
                assert_eq!(event.actor(), Some("user:desk"), "{word}");
            }
            other @ (Replayed::CaughtUp | Replayed::Blind | Replayed::Replaced) => {
                panic!("{word} is lost: {other:?}")
            }
        }
    }
}

#[tokio::test]
async fn a_stop_ends_although_nats_hangs_and_hooks_never_end() {
    let server = NatsServer::start().await;
    let mut building = builder(&server, 1_000);
    for stage in [Stage::Draining, Stage::Stopping] {
        building = building.on(stage, |_turn| std::future::pending());
    }
    let service = building.start().await.unwrap();
    server.pause();
    let begun = Instant::now();
    let stopped = service.stop("done").await;
    let took = begun.elapsed();
    server.resume();
    assert!(stopped.is_err(), "nobody has recorded it");
    assert!(took < Duration::from_secs(21), "{took:?}");
}

#[tokio::test]
async fn all_that_hangs_shares_one_time_for_draining() {
    let server = NatsServer::start().await;
    let mut building = builder(&server, 2_000);
    for stage in [Stage::Draining, Stage::Stopping] {
        building = building.on(stage, |_turn| std::future::pending());
    }
    let service = building.start().await.unwrap();
    let client = Client::new(&open(&server).await);
    let calling = tokio::spawn(async move {
        client.call::<_, ()>(&Target::any("desk").unwrap(), "hang", &(), PATIENCE).await
    });
    let mut entered =
        service.connection().telemetry().meters.of(aegis_sdk::metrics::Role::Serve, "hang").counts();
    while entered.in_flight == 0 {
        tokio::task::yield_now().await;
        entered =
            service.connection().telemetry().meters.of(aegis_sdk::metrics::Role::Serve, "hang").counts();
    }
    let begun = Instant::now();
    let left = service.stop("done").await.unwrap();
    let took = begun.elapsed();
    assert_eq!((left.calls.len(), left.unanswered), (1, 0), "{left:?}");
    let told = calling.await.unwrap().unwrap_err();
    assert_eq!(told.code(), "OUTCOME_UNKNOWN", "at once, and not when its time is over");
    assert!((Duration::from_secs(2)..Duration::from_millis(4_500)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn callers_of_what_is_left_behind_are_told_so_at_once() {
    let server = NatsServer::start().await;
    let mut config = ServiceConfig::new("desk", "1.0.0").unwrap();
    config.nats_url = server.url();
    config.groups = vec!["ACC-1".parse().unwrap()];
    config.drain_ms = 500;
    config.max_in_flight = 3;
    let (entering, mut entered) = tokio::sync::mpsc::unbounded_channel();
    let hang = move |method: &'static str| {
        let entering = entering.clone();
        move |_: Call, (): ()| {
            let entering = entering.clone();
            async move {
                entering.send(method).unwrap();
                std::future::pending::<()>().await;
                Ok::<_, Fault>(())
            }
        }
    };
    let hold = {
        let hang = hang.clone();
        hang("hold")
    };
    let service =
        Service::builder(config).rpc("hang", hang("hang")).exclusive("hold", hold).start().await.unwrap();
    let client = Client::new(&open(&server).await);
    let call = |method: &'static str| {
        let client = client.clone();
        let target = match method {
            "hold" => Target::owner("desk", "ACC-1").unwrap(),
            _ => Target::any("desk").unwrap(),
        };
        tokio::spawn(async move { client.call::<_, ()>(&target, method, &(), PATIENCE).await })
    };
    let begun = [call("hold"), call("hang"), call("hang")];
    for _ in &begun {
        tokio::time::timeout(PATIENCE, entered.recv()).await.unwrap();
    }
    // There is no place for them: three wait and are not begun, and the fourth is one too many.
    let mut waiting: tokio::task::JoinSet<_> = (0..4)
        .map(|_| {
            let call = call("hang");
            async move { call.await.unwrap().unwrap_err() }
        })
        .collect();
    let one_too_many = tokio::time::timeout(PATIENCE, waiting.join_next()).await.unwrap().unwrap().unwrap();
    assert_eq!(one_too_many.code(), "OVERLOADED");
    let stopping = Instant::now();
    let left = service.stop("done").await.unwrap();
    let mut methods: Vec<_> =
        left.calls.iter().map(|call| (call.method.as_str(), call.group.is_some())).collect();
    methods.sort_unstable();
    assert_eq!(methods, [("hang", false), ("hang", false), ("hold", true)]);
    assert!(!left.is_empty() && left.unanswered == 0 && left.events == 0, "{left:?}");
    for call in begun {
        assert_eq!(call.await.unwrap().unwrap_err().code(), "OUTCOME_UNKNOWN");
    }
    for refused in waiting.join_all().await {
        assert_eq!(refused.code(), "OVERLOADED");
        assert!(refused.to_string().contains("before the call began"), "{refused}");
    }
    assert!(stopping.elapsed() < Duration::from_secs(4), "{:?}", stopping.elapsed());
    assert!(entered.try_recv().is_err(), "nothing is begun by a service that stops");
}

#[tokio::test]
async fn a_stop_that_leaves_nothing_says_so() {
    let server = NatsServer::start().await;
    let service = builder(&server, 1_000).start().await.unwrap();
    assert!(service.stop("done").await.unwrap().is_empty());
}
