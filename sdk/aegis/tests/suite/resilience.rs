//! Bounded calls, and calls to an instance of the caller's choosing, on a real server.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use aegis_domain::ErrorCode;
use aegis_sdk::RetryPolicy;
use aegis_sdk::discovery::{Directory, Freshness, Router, Strategy};
use aegis_sdk::resilience::{BreakerPolicy, RetryBudget};
use aegis_sdk::{
    CallError, CallOptions, Client, ConnectOptions, Connection, Fault, Resilience, Service, ServiceConfig,
    Target,
};
use aegis_testkit::{FaultProxy, NatsServer, wait_until};
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use tokio::sync::Semaphore;

const PATIENCE: Duration = Duration::from_secs(10);

fn config(server: &NatsServer, instance: &str) -> ServiceConfig {
    let mut config = ServiceConfig::new("desk", "1.0.0").unwrap();
    config.instance = Some(instance.parse().unwrap());
    config.nats_url = server.url();
    config.drain_ms = 500;
    config
}

async fn who(server: &NatsServer, instance: &str) -> Service {
    let me = instance.to_owned();
    let answer = move |_call, (): ()| {
        let me = me.clone();
        async move { Ok::<_, Fault>(me) }
    };
    Service::builder(config(server, instance)).rpc("who", answer).start().await.unwrap()
}

async fn open(server: &NatsServer) -> Connection {
    Connection::open(ConnectOptions::new(server.url(), "caller")).await.unwrap()
}

fn any() -> Target {
    Target::any("desk").unwrap()
}

#[tokio::test]
async fn a_refusal_without_effect_is_repeated_and_an_error_of_the_handler_is_not() {
    let server = NatsServer::start().await;
    let tries = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&tries);
    let service = Service::builder(config(&server, "d-1"))
        .rpc("sell", move |_call, code: String| {
            let nth = seen.fetch_add(1, Ordering::SeqCst);
            async move { if nth < 2 { Err(Fault::new(code, "not now")) } else { Ok(nth) } }
        })
        .start()
        .await
        .unwrap();
    let connection = open(&server).await;
    let client = Client::new(&connection).with_resilience(Resilience::default());
    let sell = async |code: ErrorCode| {
        tries.store(0, Ordering::SeqCst);
        client.call::<_, u32>(&any(), "sell", &code.as_str(), PATIENCE).await.map(|reply| reply.body)
    };
    assert_eq!(sell(ErrorCode::Overloaded).await, Ok(2));
    assert_eq!(sell(ErrorCode::Unavailable).await, Ok(2));
    assert!(matches!(sell(ErrorCode::HandlerFailed).await, Err(CallError::Failed { .. })));
    assert_eq!(tries.load(Ordering::SeqCst), 1);
    let retry = RetryPolicy::delays([Duration::from_millis(10)]);
    let twice = client.with_resilience(Resilience { retry, ..Resilience::default() });
    tries.store(0, Ordering::SeqCst);
    let outcome = twice.call::<_, u32>(&any(), "sell", &"OVERLOADED", PATIENCE).await;
    assert!(matches!(outcome, Err(CallError::Failed { code, .. }) if code == "OVERLOADED"));
    assert_eq!(tries.load(Ordering::SeqCst), 2);
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_target_that_never_answers_is_left_alone_until_it_does() {
    let server = NatsServer::start().await;
    let connection = open(&server).await;
    let policy =
        BreakerPolicy { least_calls: 5, open_for: Duration::from_millis(200), ..BreakerPolicy::default() };
    let resilience = Resilience { breaker: Some(policy), ..Resilience::default() };
    let client = Client::new(&connection).with_resilience(resilience);
    let call = async |patience: u64| {
        client
            .call::<_, String>(&any(), "who", &(), Duration::from_millis(patience))
            .await
            .map(|reply| reply.body)
    };
    for _ in 0..5 {
        assert!(matches!(call(200).await, Err(CallError::NoResponders { .. })));
    }
    let begun = Instant::now();
    let refused = call(5_000).await.unwrap_err();
    assert!(matches!(refused, CallError::CircuitOpen { .. }), "{refused:?}");
    assert_eq!(refused.code(), "CIRCUIT_OPEN");
    assert!(begun.elapsed() < Duration::from_secs(1), "at once");
    let service = who(&server, "d-1").await;
    wait_until("the breaker to close", PATIENCE, || async {
        call(1_000).await.map(drop).map_err(|error| error.to_string())
    })
    .await;
    for _ in 0..20 {
        assert_eq!(call(1_000).await.as_deref(), Ok("d-1"));
    }
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn more_calls_than_the_bulkhead_holds_are_refused_at_once() {
    let server = NatsServer::start().await;
    let (gate, entered) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicU32::new(0)));
    let (held, entering) = (Arc::clone(&gate), Arc::clone(&entered));
    let service = Service::builder(config(&server, "d-1"))
        .rpc("slow", move |_call, (): ()| {
            let held = Arc::clone(&held);
            entering.fetch_add(1, Ordering::SeqCst);
            async move {
                held.acquire().await?.forget();
                Ok::<_, Fault>(())
            }
        })
        .start()
        .await
        .unwrap();
    let connection = open(&server).await;
    let client =
        Client::new(&connection).with_resilience(Resilience { max_in_flight: 3, ..Resilience::default() });
    let target = any();
    let calls = join_all((0..10).map(|_| client.call::<_, ()>(&target, "slow", &(), PATIENCE)));
    let opening = async {
        wait_until("three calls under way", PATIENCE, || async {
            let waiting = entered.load(Ordering::SeqCst);
            if waiting == 3 { Ok(()) } else { Err(waiting.to_string()) }
        })
        .await;
        gate.add_permits(3);
    };
    let (outcomes, ()) = tokio::join!(calls, opening);
    let shed =
        outcomes.iter().filter(|outcome| matches!(outcome, Err(CallError::Shed { limit: 3, .. }))).count();
    assert_eq!((outcomes.iter().filter(|outcome| outcome.is_ok()).count(), shed), (3, 7));
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn while_nats_is_away_calls_fail_fast_and_clearly() {
    let server = NatsServer::start().await;
    let service = who(&server, "d-1").await;
    let connection = open(&server).await;
    let client = Client::new(&connection).with_resilience(Resilience::default());
    client.call::<_, String>(&any(), "who", &(), PATIENCE).await.unwrap();
    server.stop().await;
    wait_until("the loss to be noticed", PATIENCE, || async {
        let state = *connection.state().borrow();
        if state == aegis_sdk::ConnectionState::Reconnecting { Ok(()) } else { Err(format!("{state:?}")) }
    })
    .await;
    let begun = Instant::now();
    let target = any();
    let calls = (0..50).map(|_| client.call::<_, String>(&target, "who", &(), PATIENCE));
    for outcome in join_all(calls).await {
        let error = outcome.unwrap_err();
        assert_eq!(error.code(), "UNAVAILABLE");
        assert!(error.to_string().contains("NATS cannot be reached"), "{error}");
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    server.restart().await;
    wait_until("calls to be answered", PATIENCE * 2, || async {
        let answer = client.call::<_, String>(&target, "who", &(), Duration::from_secs(1)).await;
        // That NATS was away says nothing of the target.
        assert!(!matches!(answer, Err(CallError::CircuitOpen { .. })), "{answer:?}");
        answer.map(drop).map_err(|error| error.to_string())
    })
    .await;
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn an_idempotent_call_that_takes_long_is_sent_to_another_instance_too() {
    let server = NatsServer::start().await;
    let slow = Arc::new(AtomicU32::new(0));
    let serve = async |instance: &str, is_slow: bool| {
        let (me, met) = (instance.to_owned(), Arc::clone(&slow));
        let answer = move |call: aegis_sdk::Call, (): ()| {
            let (me, met) = (me.clone(), Arc::clone(&met));
            async move {
                if is_slow {
                    met.fetch_add(1, Ordering::SeqCst);
                    call.cancelled().await;
                }
                Ok::<_, Fault>(me)
            }
        };
        Service::builder(config(&server, instance)).rpc("who", answer).start().await.unwrap()
    };
    let services = [serve("d-1", true).await, serve("d-2", false).await];
    let connection = open(&server).await;
    let hedging = Resilience { hedge_after: Some(Duration::from_millis(30)), ..Resilience::default() };
    let client = Client::new(&connection).with_resilience(hedging);
    // The second copy may meet the slow one as well. Without it, a call that has met it is sent again only after half a
    // second.
    let mut hedged = false;
    for _ in 0..30 {
        let options = CallOptions::within(PATIENCE).idempotent();
        let (begun, met) = (Instant::now(), slow.load(Ordering::SeqCst));
        let answer = client.call::<_, String>(&any(), "who", &(), options).await.unwrap();
        assert_eq!(answer.body, "d-2");
        hedged |= slow.load(Ordering::SeqCst) > met && begun.elapsed() < Duration::from_millis(450);
    }
    assert!(hedged, "no call that met the slow one was answered soon");
    for service in services {
        service.stop("done").await.unwrap();
    }
}

#[tokio::test]
async fn a_vanished_instance_is_left_out_from_the_first_call_that_it_does_not_answer() {
    let server = NatsServer::start().await;
    let mut services = HashMap::new();
    for name in ["d-1", "d-2", "d-3"] {
        services.insert(name, who(&server, name).await);
    }
    let connection = open(&server).await;
    let directory = Directory::open(&connection, "desk".parse().unwrap(), Freshness::Watched).await.unwrap();
    let router = Router::new(&Client::new(&connection), &directory, Strategy::RoundRobin);
    let answers = async |times: usize| {
        let mut answers: Vec<String> = Vec::new();
        for _ in 0..times {
            answers.push(router.call("who", &(), PATIENCE).await.unwrap().body);
        }
        answers.sort();
        answers.dedup();
        answers
    };
    assert_eq!(answers(6).await, ["d-1", "d-2", "d-3"]);
    // Its record stands, and nobody is there: as after a kill, for as long as the record lives.
    let bucket =
        connection.jetstream().get_key_value(connection.namespace().instances_bucket()).await.unwrap();
    let record = bucket.get("desk.d-2").await.unwrap().unwrap();
    services.remove("d-2").unwrap().stop("done").await.unwrap();
    bucket.put("desk.d-2", record).await.unwrap();
    wait_until("the record to be believed", PATIENCE, || async {
        let known = directory.snapshot().await.unwrap().candidates.len();
        if known == 3 { Ok(()) } else { Err(known.to_string()) }
    })
    .await;
    let begun = Instant::now();
    assert_eq!(answers(6).await, ["d-1", "d-3"], "no call fails for it");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(directory.snapshot().await.unwrap().candidates.len(), 2, "long before its record runs out");
    for service in services.into_values() {
        service.stop("done").await.unwrap();
    }
    assert!(matches!(
        router.call::<_, String>("who", &(), Duration::from_millis(50)).await,
        Err(CallError::NoResponders { .. })
    ));
}

#[tokio::test]
async fn a_router_leaves_out_instances_whose_breaker_is_open_and_refuses_only_when_all_are() {
    const NAMES: [&str; 3] = ["d-1", "d-2", "d-3"];
    const ALONE: Duration = Duration::from_millis(400);
    let server = NatsServer::start().await;
    // Those who hear their calls, and do not answer.
    let silent = tokio::sync::watch::Sender::new(Vec::<&str>::new());
    let mut services = Vec::new();
    for name in NAMES {
        let silent = silent.subscribe();
        let answer = move |_call, (): ()| {
            let mut silent = silent.clone();
            async move {
                silent.wait_for(|silent| !silent.contains(&name)).await?;
                Ok::<_, Fault>(name.to_owned())
            }
        };
        let builder = Service::builder(config(&server, name)).rpc("who", answer);
        services.push(builder.start().await.unwrap());
    }
    let connection = open(&server).await;
    let directory = Directory::open(&connection, "desk".parse().unwrap(), Freshness::Watched).await.unwrap();
    let policy =
        BreakerPolicy { least_calls: 3, open_for: ALONE, open_at_most: ALONE, ..BreakerPolicy::default() };
    let client = Client::new(&connection)
        .with_resilience(Resilience { breaker: Some(policy), ..Resilience::default() });
    for strategy in [Strategy::RoundRobin, Strategy::Random, Strategy::LeastLoaded] {
        let router = Router::new(&client, &directory, strategy.clone());
        let call = async |patience: u64| {
            let reply = router.call::<_, String>("who", &(), Duration::from_millis(patience)).await;
            reply.map(|reply| reply.body)
        };
        let breaks = async |name: &str| {
            let target = Target::Instance("desk".parse().unwrap(), name.parse().unwrap());
            wait_until("the breaker to open", PATIENCE, || async {
                match client.call::<_, String>(&target, "who", &(), Duration::from_millis(20)).await {
                    Err(CallError::CircuitOpen { .. }) => Ok(()),
                    other => Err(format!("{other:?}")),
                }
            })
            .await;
        };
        silent.send_replace(vec!["d-2"]);
        // A call that finds out whether it is back would wait: only what was quicker than that counts.
        let mut answered = Vec::new();
        for _ in 0..20 {
            breaks("d-2").await;
            let begun = Instant::now();
            let round = join_all((0..12).map(|_| call(5_000))).await;
            if begun.elapsed() < ALONE {
                answered = round;
                break;
            }
        }
        assert_eq!(answered.len(), 12, "{strategy:?}: no round was quick");
        assert!(answered.iter().all(Result::is_ok), "{strategy:?}: {answered:?}");
        assert!(!answered.contains(&Ok("d-2".to_owned())), "{strategy:?}: {answered:?}");
        silent.send_replace(vec![]);
        wait_until("it to be tried again", PATIENCE, || async {
            match call(1_000).await.as_deref() {
                Ok("d-2") => Ok(()),
                other => Err(format!("{strategy:?}: {other:?}")),
            }
        })
        .await;
        silent.send_replace(NAMES.to_vec());
        for name in NAMES {
            breaks(name).await;
        }
        wait_until("all to be left alone", PATIENCE, || async {
            match call(20).await {
                Err(CallError::CircuitOpen { .. }) => Ok(()),
                // One is tried again now and then.
                other => Err(format!("{strategy:?}: {other:?}")),
            }
        })
        .await;
        silent.send_replace(vec![]);
        for name in NAMES {
            let target = Target::Instance("desk".parse().unwrap(), name.parse().unwrap());
            wait_until("all to be back", PATIENCE, || async {
                let back = client.call::<_, String>(&target, "who", &(), Duration::from_secs(1)).await;
                back.map(drop).map_err(|error| error.to_string())
            })
            .await;
        }
    }
    for service in services {
        service.stop("done").await.unwrap();
    }
}

#[tokio::test]
async fn what_is_sent_again_because_nothing_was_heard_is_paid_from_the_budget() {
    let server = NatsServer::start().await;
    let connection = open(&server).await;
    let mut silent = connection.client().subscribe("rpc.desk.who").await.unwrap();
    connection.client().flush().await.unwrap();
    let budget = RetryBudget { per_second: 0, ratio: 0.0 };
    let client = Client::new(&connection);
    let frugal = client.with_resilience(Resilience { budget, ..Resilience::default() });
    let options = CallOptions::within(Duration::from_millis(1_200)).idempotent();
    for (client, sends) in [(frugal, 1), (client, 2)] {
        let outcome = client.call::<_, String>(&any(), "who", &(), options).await;
        assert!(matches!(outcome, Err(CallError::OutcomeUnknown { .. })), "{outcome:?}");
        connection.client().publish("rpc.desk.who", "the last".into()).await.unwrap();
        let mut seen = 0;
        while silent.next().await.unwrap().payload != "the last" {
            seen += 1;
        }
        assert_eq!(seen, sends);
    }
}

#[tokio::test]
async fn a_registry_that_does_not_answer_holds_no_call_up() {
    let server = NatsServer::start().await;
    let service = who(&server, "d-1").await;
    let proxy = FaultProxy::start(&server.url()).await;
    let through = ConnectOptions::new(proxy.url(), "registry");
    let (registry, connection) = (Connection::open(through).await.unwrap(), open(&server).await);
    let client = Client::new(&connection);
    let directory = async |age| {
        Directory::open(&registry, "desk".parse().unwrap(), Freshness::Cached(age)).await.unwrap()
    };
    let (known, unknown) = (directory(Duration::from_millis(1)).await, directory(PATIENCE).await);
    assert_eq!(known.snapshot().await.unwrap().candidates.len(), 1);
    proxy.cut();
    let short = Duration::from_secs(1);
    for directory in [known, unknown] {
        let router = Router::new(&client, &directory, Strategy::RoundRobin);
        let calls = join_all((0..10).map(|_| router.call::<_, String>("who", &(), short)));
        for outcome in calls.await {
            assert_eq!(outcome.map(|reply| reply.body).as_deref(), Ok("d-1"));
        }
    }
    let none = client.call::<_, String>(&any(), "who", &(), Duration::ZERO).await.unwrap_err();
    assert!(none.code() == "UNAVAILABLE" && none.to_string().contains("time of the call"), "{none}");
    service.stop("done").await.unwrap();
}
