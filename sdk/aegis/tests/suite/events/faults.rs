use std::time::{Duration, Instant};

use aegis_domain::ErrorCode;
use aegis_sdk::events::Replayed;
use aegis_sdk::{
    ConnectOptions, Connection, EventError, EventOptions, Events, Mode, OutboxLimits, PublishError, Start,
    Subscribe,
};
use aegis_testkit::{FaultProxy, wait_until};

use super::{PATIENCE, Seen, Stage, config, noting};

/// So long a server that is paused or cut off stays so.
const OUTAGE: Duration = Duration::from_secs(15);

fn small() -> EventOptions {
    let outbox = OutboxLimits { messages: 50, bytes: 1 << 20, patience: Duration::from_millis(300) };
    EventOptions { outbox, ..EventOptions::default() }
}

#[tokio::test]
async fn events_wait_in_memory_while_jetstream_is_away_and_a_full_outbox_refuses_loudly() {
    let stage = Stage::start().await;
    let events = Events::with(&stage.connection, small());
    events.publish("test", "one", &0_u64).await.unwrap();
    stage.server.stop().await;
    wait_until("the loss to be noticed", PATIENCE, || async {
        match events.publish("test", "one", &1_u64).await {
            Err(EventError::Publish(PublishError::Waiting)) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    let mut pending = Vec::new();
    let full = loop {
        match events.publish_later("test", "one", &(pending.len() as u64 + 2)).await {
            Ok(it) => pending.push(it),
            Err(error) => break error,
        }
    };
    assert_eq!(full.code(), ErrorCode::OutboxFull, "{full}");
    assert_eq!((events.waiting(), pending.len()), (50, 49));
    let error = events.flush(Duration::from_millis(200)).await.unwrap_err();
    assert_eq!(error, 50);
    stage.server.restart().await;
    for pending in pending {
        pending.within(PATIENCE).await.unwrap();
    }
    events.flush(PATIENCE).await.unwrap();
    let mut subscription = stage.subscribe("r-1", Subscribe::to("test.*").from(Start::Beginning)).await;
    for number in 0..=50_u64 {
        let delivery = tokio::time::timeout(PATIENCE, subscription.next()).await.unwrap().unwrap();
        assert_eq!(delivery.event.decode::<u64>().unwrap(), number);
        delivery.ack();
    }
    assert_eq!(stage.stored().await, 51, "none is lost and none doubled");
}

#[tokio::test]
async fn a_server_that_is_killed_under_load_loses_and_doubles_no_event_and_readers_keep_the_order_of_the_stream()
 {
    let stage = Stage::start().await;
    let seen = Seen::default();
    let service = noting(stage.config("r-1"), Subscribe::to("test.*").mode(Mode::Broadcast), &seen).await;
    let events = stage.events.clone();
    let publishing = tokio::spawn(async move {
        let mut pending = Vec::new();
        for number in 0..20_000_u64 {
            pending.push(events.publish_later("test", &format!("s{}", number % 7), &number).await.unwrap());
        }
        for pending in pending {
            pending.within(PATIENCE * 2).await.unwrap();
        }
    });
    seen.wait(500).await;
    stage.server.restart().await;
    publishing.await.unwrap();
    seen.wait(20_000).await;
    let mut replay = stage.events.replay("test.*", Start::Beginning).unwrap();
    let mut stored = Vec::new();
    while stored.len() < 20_000 {
        if let Replayed::Event(event) = replay.next().await {
            stored.push((event.subject.clone(), event.decode::<u64>().unwrap()));
        }
    }
    assert_eq!(stage.stored().await, 20_000);
    for (place, (_, number)) in stored.iter().enumerate() {
        let moved = number.abs_diff(place as u64);
        assert!(moved <= 2 * 512, "{number} stands at {place}: further than what was under way");
    }
    wait_until("every event to be seen", PATIENCE, || async {
        for subject in 0..7_u64 {
            let name = format!("events.test.s{subject}");
            let expected: Vec<_> = stored.iter().filter(|it| it.0 == name).map(|it| it.1).collect();
            let mut known = std::collections::HashSet::new();
            let first: Vec<_> =
                seen.on(&format!("s{subject}")).into_iter().filter(|number| known.insert(*number)).collect();
            if first != expected {
                return Err(format!("s{subject}: {} of {}", first.len(), expected.len()));
            }
        }
        Ok(())
    })
    .await;
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_paused_for_15_s_loses_and_doubles_nothing() {
    let stage = Stage::start().await;
    let seen = Seen::default();
    let every = Subscribe::to("test.*").mode(Mode::Broadcast);
    let service = noting(stage.config("r-1"), every, &seen).await;
    stage.publish("one", 1..=5).await;
    seen.wait(5).await;
    stage.server.pause();
    let paused = Instant::now();
    let mut pending = Vec::new();
    for number in 6..=300_u64 {
        pending.push(stage.events.publish_later("test", "one", &number).await.unwrap());
    }
    wait_until("the pause to be over", OUTAGE * 2, || async {
        if paused.elapsed() >= OUTAGE { Ok(()) } else { Err(format!("{:?}", paused.elapsed())) }
    })
    .await;
    stage.server.resume();
    for pending in pending {
        pending.within(PATIENCE).await.unwrap();
    }
    seen.wait(300).await;
    assert_eq!(seen.on("one"), (1..=300).collect::<Vec<_>>());
    assert_eq!(stage.stored().await, 300);
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_reader_that_is_cut_off_for_15_s_is_replaced_and_both_together_miss_nothing() {
    let stage = Stage::start().await;
    let proxy = FaultProxy::start(&stage.server.url()).await;
    let seen = Seen::default();
    let subscribe = Subscribe::to("test.*").ack_wait(Duration::from_secs(2));
    let first = noting(config(&proxy.url(), "r-1"), subscribe.clone(), &seen).await;
    stage.publish("one", 1..=5).await;
    seen.wait(5).await;
    let second = noting(stage.config("r-2"), subscribe, &seen).await;
    proxy.cut();
    let begun = Instant::now();
    stage.publish("one", 6..=10).await;
    seen.wait(10).await;
    assert!(begun.elapsed() < Duration::from_secs(12), "the other took over after {:?}", begun.elapsed());
    wait_until("the cut to be over", OUTAGE * 2, || async {
        if begun.elapsed() >= OUTAGE { Ok(()) } else { Err(format!("{:?}", begun.elapsed())) }
    })
    .await;
    proxy.pass();
    second.stop("done").await.unwrap();
    stage.publish("one", 11..=15).await;
    seen.wait(15).await;
    assert_eq!(seen.by("r-1"), [1, 2, 3, 4, 5, 11, 12, 13, 14, 15]);
    assert_eq!(seen.by("r-2"), [6, 7, 8, 9, 10]);
    first.stop("done").await.unwrap();
}

#[tokio::test]
async fn an_event_whose_reader_dies_over_it_comes_to_another_before_those_behind_it() {
    let stage = Stage::start().await;
    let subscribe = Subscribe::to("test.*").ack_wait(Duration::from_secs(2)).from(Start::Beginning);
    let connection = Connection::open(ConnectOptions::new(stage.server.url(), "dying")).await.unwrap();
    let dying = Stage { events: Events::new(&connection), ..Stage::start().await };
    let mut first = dying.subscribe("r-1", subscribe.clone()).await;
    stage.publish("one", 1..=3).await;
    let held = first.next().await.unwrap();
    assert_eq!(held.event.decode::<u64>().unwrap(), 1);
    let mut second = stage.subscribe("r-2", subscribe).await;
    // Dead to the world: it says neither that it works nor that it is done.
    connection.client().drain().await.unwrap();
    stage.publish("one", 4..=6).await;
    for number in 1..=6_u64 {
        let delivery = tokio::time::timeout(PATIENCE, second.next()).await.unwrap().unwrap();
        assert_eq!(delivery.event.decode::<u64>().unwrap(), number);
        // The reader that died said nothing of its try.
        assert_eq!(delivery.attempt(), 1);
        delivery.ack();
    }
    second.close(PATIENCE).await.unwrap();
    drop(held);
}
