//! Exclusive methods whose calls of one group are handled one after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use aegis_sdk::{Call, CallOptions, Client, Fault, Service, StartError, Target};
use aegis_testkit::NatsServer;
use tokio::sync::{Notify, mpsc};

use super::{PATIENCE, config, start};

const GROUPS: [&str; 2] = ["ACC-1", "ACC-2"];

fn owner(group: &str) -> Target {
    Target::owner("desk", group).unwrap()
}

async fn call(client: &Client, group: &str, method: &str, number: i64) -> Result<i64, String> {
    let reply = client.call::<_, i64>(&owner(group), method, &number, PATIENCE).await;
    reply.map(|reply| reply.body).map_err(|error| error.code().to_owned())
}

#[tokio::test]
async fn calls_of_a_group_take_turns_across_methods_and_other_groups_go_on_beside_them() {
    let server = NatsServer::start().await;
    let mut config = config(&server, "desk");
    config.groups = GROUPS.map(|group| group.parse().unwrap()).to_vec();
    // Reads, gives way, and writes: what another call wrote meanwhile would be lost.
    let balance: Arc<AtomicI64> = Arc::default();
    let (at_once, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let add = |sign: i64| {
        let (balance, at_once, most) = (Arc::clone(&balance), Arc::clone(&at_once), Arc::clone(&most));
        move |call: Call, amount: i64| {
            let (balance, at_once, most) = (Arc::clone(&balance), Arc::clone(&at_once), Arc::clone(&most));
            async move {
                if call.tenancy.unwrap().0.as_str() == "ACC-2" {
                    return Ok::<_, Fault>(0);
                }
                most.fetch_max(at_once.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let read = balance.load(Ordering::SeqCst);
                tokio::task::yield_now().await;
                balance.store(read + sign * amount, Ordering::SeqCst);
                at_once.fetch_sub(1, Ordering::SeqCst);
                Ok(read + sign * amount)
            }
        }
    };
    let building = Service::builder(config)
        .exclusive("deposit", add(1))
        .one_at_a_time()
        .exclusive("withdraw", add(-1))
        .one_at_a_time();
    let (service, client, _connection) = start(&server, building).await;
    let mut calls = tokio::task::JoinSet::new();
    // Of each group fewer than may wait.
    for n in 0..96 {
        let client = client.clone();
        let (group, method) = (GROUPS[n % 2], if n % 8 < 4 { "deposit" } else { "withdraw" });
        calls.spawn(async move { call(&client, group, method, if n % 8 < 4 { 3 } else { 1 }).await });
    }
    for outcome in calls.join_all().await {
        outcome.unwrap();
    }
    assert_eq!((balance.load(Ordering::SeqCst), most.load(Ordering::SeqCst)), (24 * 3 - 24, 1));
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn those_that_wait_are_bounded_hold_no_place_and_are_not_begun_too_late() {
    let server = NatsServer::start().await;
    let mut config = config(&server, "desk");
    config.groups = GROUPS.map(|group| group.parse().unwrap()).to_vec();
    config.max_in_flight = 2;
    let (entering, mut entered) = mpsc::unbounded_channel();
    let go: Arc<Notify> = Arc::default();
    let going = Arc::clone(&go);
    let hold = move |call: Call, number: i64| {
        let (entering, go) = (entering.clone(), Arc::clone(&going));
        async move {
            entering.send(number).unwrap();
            if call.tenancy.unwrap().0.as_str() == "ACC-1" {
                go.notified().await;
            }
            Ok::<_, Fault>(number)
        }
    };
    let (service, client, _connection) =
        start(&server, Service::builder(config).exclusive("hold", hold).one_at_a_time()).await;
    let mut calls = tokio::task::JoinSet::new();
    let spawn = |calls: &mut tokio::task::JoinSet<_>, number| {
        let client = client.clone();
        calls.spawn(async move { call(&client, "ACC-1", "hold", number).await });
    };
    spawn(&mut calls, 0);
    assert_eq!(tokio::time::timeout(PATIENCE, entered.recv()).await.unwrap(), Some(0));
    // Its time is over before its turn comes.
    let short = CallOptions::within(Duration::from_millis(50));
    let late = client.call::<_, i64>(&owner("ACC-1"), "hold", &-1, short).await.unwrap_err();
    assert_eq!(late.code(), "OUTCOME_UNKNOWN");
    // There is room for two that wait.
    spawn(&mut calls, 1);
    // Another group has a place, however many wait for the turn of this one.
    assert_eq!(call(&client, "ACC-2", "hold", 7).await, Ok(7));
    assert_eq!(entered.recv().await, Some(7));
    for n in 0..2 {
        go.notify_one();
        assert_eq!(calls.join_next().await.unwrap().unwrap(), Ok(n));
    }
    assert_eq!(entered.recv().await, Some(1), "the late one was not begun");
    assert!(entered.try_recv().is_err());
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn what_cannot_take_turns_ends_the_start_with_its_name() {
    let server = NatsServer::start().await;
    let nothing = |_: Call, (): ()| std::future::ready(Ok::<_, Fault>(()));
    let builder = || Service::builder(config(&server, "desk"));
    for (building, name) in [
        (builder().one_at_a_time(), ""),
        (builder().rpc("quote", nothing).one_at_a_time(), "quote"),
        (builder().exclusive("buy", nothing).rpc("quote", nothing).one_at_a_time(), "quote"),
    ] {
        let refused = building.start().await.unwrap_err();
        assert!(matches!(&refused, StartError::TakesNoTurns { method } if method == name), "{refused:?}");
        assert!(refused.to_string().contains("right after the `exclusive(..)`"), "{refused}");
    }
}
