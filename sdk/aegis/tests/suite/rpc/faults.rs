//! Handlers that panic, block or are no longer wanted, and callers that are gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use aegis_domain::ErrorCode;
use aegis_domain::wire::heartbeat::{Heartbeat, Role};
use aegis_sdk::{CallOptions, Fault, Service, ServiceConfig, Target};
use aegis_testkit::{NatsServer, wait_until};
use futures_util::StreamExt as _;

use super::{PATIENCE, any, config, start};

async fn until(what: &str, seen: impl Fn() -> bool) {
    wait_until(what, PATIENCE, || {
        std::future::ready(if seen() { Ok(()) } else { Err("not yet".to_owned()) })
    })
    .await;
}

#[tokio::test]
async fn a_panic_ends_the_call_and_not_the_service_wherever_it_happens() {
    let server = NatsServer::start().await;
    let builder = Service::builder(config(&server, "desk"))
        .rpc("at_once", |_, numbers: Vec<u8>| {
            let ninth = numbers[9];
            async move { Ok::<_, Fault>(ninth) }
        })
        .rpc("while_polled", |_, numbers: Vec<u8>| async move { Ok::<_, Fault>(numbers[9]) })
        .rpc("later", |_, numbers: Vec<u8>| async move {
            tokio::task::yield_now().await;
            Ok::<_, Fault>(numbers[9])
        })
        .rpc("add", |_, (a, b): (u8, u8)| async move { Ok::<_, Fault>(a + b) });
    let (service, client, _connection) = start(&server, builder).await;
    let desk = any("desk");
    // More often than it takes to be begun where calls arrive.
    for round in 0..40 {
        for method in ["at_once", "while_polled", "later"] {
            let told = client.call::<_, u8>(&desk, method, &[round], PATIENCE).await.unwrap_err();
            assert_eq!(told.code(), ErrorCode::HandlerFailed.as_str(), "{method}");
        }
        assert_eq!(client.call::<_, u8>(&desk, "add", &(round, 1), PATIENCE).await.unwrap().body, round + 1);
    }
    let figures = service.connection().telemetry().meters.of(Role::Serve, "later").counts();
    assert_eq!((figures.errors, figures.codes["HANDLER_FAILED"], figures.in_flight), (40, 40, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_blocks_every_thread_does_not_stop_the_heartbeats() {
    let server = NatsServer::start().await;
    let blocked = Arc::new(AtomicBool::new(true));
    let gate = Arc::clone(&blocked);
    let builder = Service::builder(config(&server, "desk")).rpc("block", move |_, (): ()| {
        while gate.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        async { Ok::<_, Fault>(()) }
    });
    let service = builder.start().await.unwrap();
    // Another runtime: this one has no thread left.
    let url = server.url();
    let watcher = std::thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let nats = async_nats::connect(&url).await.unwrap();
            let mut beats = nats.subscribe("aegis.heartbeat.desk.*").await.unwrap();
            for _ in 0..4 {
                nats.publish_with_reply("rpc.desk.block", "nobody", "null".into()).await.unwrap();
            }
            nats.flush().await.unwrap();
            // Ten a second are due.
            let mut busy = 0;
            for _ in 0..30 {
                let beat = tokio::time::timeout(Duration::from_secs(5), beats.next()).await.unwrap().unwrap();
                let beat: Heartbeat = serde_json::from_slice(&beat.payload).unwrap();
                busy += u32::from(beat.metrics.in_flight > 0);
                if busy > 5 {
                    return true;
                }
            }
            false
        })
    });
    let alive = tokio::task::spawn_blocking(move || watcher.join().unwrap()).await;
    blocked.store(false, Ordering::SeqCst);
    assert!(alive.unwrap(), "the heartbeats stopped, or nothing was blocked");
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_handler_is_told_when_its_caller_gives_up_and_when_the_deadline_passes() {
    let server = NatsServer::start().await;
    let (begun, told) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (starts, ends) = (Arc::clone(&begun), Arc::clone(&told));
    let builder =
        Service::builder(config(&server, "desk")).rpc("wait", move |call: aegis_sdk::Call, (): ()| {
            let (starts, ends) = (Arc::clone(&starts), Arc::clone(&ends));
            async move {
                assert!(!call.is_cancelled());
                starts.fetch_add(1, Ordering::SeqCst);
                call.cancelled().await;
                assert!(call.is_cancelled());
                ends.fetch_add(1, Ordering::SeqCst);
                Ok::<_, Fault>(())
            }
        });
    let (service, client, _connection) = start(&server, builder).await;
    let calling = {
        let client = client.clone();
        tokio::spawn(async move { client.call::<_, ()>(&any("desk"), "wait", &(), PATIENCE * 60).await })
    };
    until("the handler", || begun.load(Ordering::SeqCst) == 1).await;
    assert_eq!(told.load(Ordering::SeqCst), 0);
    calling.abort();
    until("the word that nobody waits", || told.load(Ordering::SeqCst) == 1).await;
    let short = Duration::from_millis(100);
    // The handler answers as soon as it is told, which may be just in time.
    let outcome = client.call::<_, ()>(&any("desk"), "wait", &(), short).await;
    let code = outcome.err().map(|error| error.code().to_owned());
    assert!(code.as_deref().is_none_or(|code| code == ErrorCode::OutcomeUnknown.as_str()), "{code:?}");
    until("the end of the deadline", || told.load(Ordering::SeqCst) == 2).await;
    let mine = service.connection().telemetry().meters.of(Role::Serve, "wait");
    until("the end of both", || mine.counts().in_flight == 0).await;
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn replies_without_a_waiter_and_calls_without_a_reply_subject_are_harmless() {
    let server = NatsServer::start().await;
    // All of them may wait at once.
    let builder = Service::builder(ServiceConfig { max_in_flight: 1_000, ..config(&server, "desk") })
        .rpc("add", |_, (a, b): (u8, u8)| async move { Ok::<_, Fault>(a + b) });
    let (service, client, connection) = start(&server, builder).await;
    let nats = connection.client();
    for _ in 0..500 {
        nats.publish_with_reply("rpc.desk.add", "_INBOX.nobody.here", "[1,2]".into()).await.unwrap();
        nats.publish("rpc.desk.add", "[1,2]".into()).await.unwrap();
    }
    assert_eq!(client.call::<_, u8>(&any("desk"), "add", &(1, 2), PATIENCE).await.unwrap().body, 3);
    // Those without a reply subject are no calls.
    wait_until("all that have one to be handled", PATIENCE, || async {
        let figures = service.connection().telemetry().meters.of(Role::Serve, "add").counts();
        let seen = (figures.count, figures.errors, figures.in_flight);
        if seen == (501, 0, 0) { Ok(()) } else { Err(format!("{seen:?}")) }
    })
    .await;
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_reply_that_comes_too_late_is_not_delivered_to_another_call() {
    let server = NatsServer::start().await;
    // How many callers have gone, and how many of their calls were answered after that.
    let (gone, late) = (tokio::sync::watch::channel(0_u64).0, tokio::sync::watch::channel(0_u64).0);
    let (leaving, answers) = (gone.clone(), late.clone());
    let builder = Service::builder(config(&server, "desk"))
        .rpc("late", move |_, round: u64| {
            let (mut gone, late) = (leaving.subscribe(), late.clone());
            async move {
                gone.wait_for(|count| *count > round).await?;
                late.send_modify(|count| *count += 1);
                Ok::<_, Fault>(round)
            }
        })
        .rpc("next", move |_, (value, round): (u64, u64)| {
            let mut late = answers.subscribe();
            async move {
                late.wait_for(|count| *count > round).await?;
                Ok::<_, Fault>(value)
            }
        });
    let (_service, client, _connection) = start(&server, builder).await;
    let desk = any("desk");
    for round in 0..20 {
        let short = CallOptions::within(Duration::from_millis(20));
        let missed = client.call::<_, u64>(&desk, "late", &round, short).await.unwrap_err();
        assert_eq!(missed.code(), ErrorCode::OutcomeUnknown.as_str());
        gone.send_replace(round + 1);
        // These take the places that were given up, and wait while the late replies come.
        let calls =
            (0..4_u64).map(|n| {
                let (client, desk) = (&client, &desk);
                async move {
                    client.call::<_, u64>(desk, "next", &(1_000 + n, round), PATIENCE).await.unwrap().body
                }
            });
        let replies = futures_util::future::join_all(calls).await;
        assert_eq!(replies, [1_000, 1_001, 1_002, 1_003]);
    }
}

/// An owner keeps what it does for a call; asking again for it is not to give it up.
#[tokio::test]
async fn an_owner_that_takes_long_over_an_idempotent_call_is_not_told_that_its_caller_has_gone() {
    let server = NatsServer::start().await;
    let mut config = config(&server, "desk");
    config.groups = vec!["ACC-1".parse().unwrap()];
    let (gate, begun) = (Arc::new(tokio::sync::Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let (opened, entered) = (Arc::clone(&gate), Arc::clone(&begun));
    let given_up = Arc::new(AtomicUsize::new(0));
    let noted = Arc::clone(&given_up);
    let builder = Service::builder(config).exclusive("wait", move |call, (): ()| {
        let (gate, noted) = (Arc::clone(&opened), Arc::clone(&noted));
        entered.fetch_add(1, Ordering::SeqCst);
        async move {
            tokio::select! {
                permit = gate.acquire() => permit?.forget(),
                () = call.cancelled() => {
                    noted.fetch_add(1, Ordering::SeqCst);
                }
            }
            Ok::<_, Fault>("done")
        }
    });
    let (_service, client, connection) = start(&server, builder).await;
    let target = Target::owner("desk", "ACC-1").unwrap();
    let mut asked = connection.client().subscribe("rpc.desk.ACC-1.wait").await.unwrap();
    let options = CallOptions::within(PATIENCE).idempotent();
    let call = client.call::<_, String>(&target, "wait", &(), options);
    let several_sends = async {
        for _ in 0..4 {
            asked.next().await.unwrap();
        }
        gate.add_permits(1);
    };
    let (answer, ()) = tokio::join!(call, several_sends);
    assert_eq!(answer.unwrap().body, "done");
    assert_eq!((begun.load(Ordering::SeqCst), given_up.load(Ordering::SeqCst)), (1, 0));
    // Once the caller has really gone, it is told.
    let options = CallOptions::within(PATIENCE).idempotent();
    let late = client.call::<_, String>(&target, "wait", &(), options);
    assert!(tokio::time::timeout(Duration::from_millis(300), late).await.is_err());
    until("the owner to be told", || given_up.load(Ordering::SeqCst) == 1).await;
}
