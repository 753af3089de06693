use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aegis_domain::Actor;
use aegis_sdk::{Fault, Mode, RetryPolicy, Service, Start, Subscribe, schemars};
use aegis_testkit::{try_wait_until, wait_until};
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::{PATIENCE, Seen, Stage, noting, tries};

#[tokio::test]
async fn each_instance_of_a_broadcast_gets_every_event_and_what_it_missed_after_a_restart() {
    let stage = Stage::start().await;
    let seen = Seen::default();
    let every = Subscribe::to("test.>").mode(Mode::Broadcast);
    let first = noting(stage.config("r-1"), every.clone(), &seen).await;
    let second = noting(stage.config("r-2"), every.clone(), &seen).await;
    stage.publish("one", 1..=3).await;
    seen.wait(6).await;
    second.stop("restart").await.unwrap();
    stage.publish("two.parts", 4..=5).await;
    let second = noting(stage.config("r-2"), every.clone(), &seen).await;
    let late = noting(stage.config("r-3"), every.from(Start::Beginning), &seen).await;
    seen.wait(15).await;
    for who in ["r-1", "r-2", "r-3"] {
        let mut got = seen.by(who);
        got.sort_unstable();
        assert_eq!(got, [1, 2, 3, 4, 5], "{who}");
    }
    for service in [first, second, late] {
        service.stop("done").await.unwrap();
    }
}

#[tokio::test]
async fn of_competing_instances_one_gets_each_event_and_the_next_goes_on_at_once() {
    let stage = Stage::start().await;
    let seen = Seen::default();
    let one = Subscribe::to("test.*");
    let first = noting(stage.config("r-1"), one.clone(), &seen).await;
    stage.publish("one", 1..=2).await;
    seen.wait(2).await;
    let second = noting(stage.config("r-2"), one, &seen).await;
    stage.publish("one", 3..=4).await;
    seen.wait(4).await;
    first.stop("done").await.unwrap();
    let begun = std::time::Instant::now();
    stage.publish("one", 5..=6).await;
    seen.wait(6).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "took {:?}", begun.elapsed());
    second.stop("done").await.unwrap();
    assert_eq!((seen.by("r-1"), seen.by("r-2")), (vec![1, 2, 3, 4], vec![5, 6]));
}

#[tokio::test]
async fn instances_that_share_the_work_handle_each_event_once() {
    let stage = Stage::start().await;
    let seen = Seen::default();
    let gate = Arc::new(Semaphore::new(0));
    let mut services = Vec::new();
    for instance in ["r-1", "r-2"] {
        let (seen, gate) = (seen.clone(), Arc::clone(&gate));
        let spread = Subscribe::to("test.*").mode(Mode::Spread).concurrency(5);
        let service =
            Service::builder(stage.config(instance)).on_event(spread, move |context, number: u64| {
                seen.note(instance, &context.event.subject, number);
                let gate = Arc::clone(&gate);
                async move {
                    gate.acquire().await.unwrap().forget();
                    Ok::<_, Fault>(())
                }
            });
        services.push(service.start().await.unwrap());
    }
    stage.publish("one", 1..=40).await;
    seen.wait(10).await;
    assert_eq!((seen.by("r-1").len(), seen.by("r-2").len()), (5, 5), "each takes what it has room for");
    gate.add_permits(40);
    seen.wait(40).await;
    for service in services {
        service.stop("done").await.unwrap();
    }
    let mut all = seen.on("one");
    all.sort_unstable();
    assert_eq!(all, (1..=40).collect::<Vec<_>>());
}

#[tokio::test]
async fn later_events_of_a_subject_wait_while_one_is_tried_again_and_others_do_not() {
    let stage = Stage::start().await;
    let seen = Seen::default();
    let (notes, failed) = (seen.clone(), Arc::new(AtomicU32::new(0)));
    let failures = Arc::clone(&failed);
    let subscribe = Subscribe::to("test.*").retry(tries(10));
    let service =
        Service::builder(stage.config("r-1"))
            .on_event(subscribe, move |context, number: u64| {
                // The third of each subject fails three times.
                let fails = number % 100 == 3 && context.attempt <= 3;
                if fails {
                    failures.fetch_add(1, Ordering::SeqCst);
                } else {
                    notes.note("r-1", &context.event.subject, number);
                }
                async move {
                    if fails { Err(Fault::later(Duration::from_millis(20), "not yet")) } else { Ok(()) }
                }
            })
            .start()
            .await
            .unwrap();
    for subject in 0..10_u64 {
        stage.publish(&format!("s{subject}"), (1..=20).map(|n| subject * 100 + n)).await;
    }
    seen.wait(200).await;
    for subject in 0..10_u64 {
        let expected: Vec<_> = (1..=20).map(|n| subject * 100 + n).collect();
        assert_eq!(seen.on(&format!("s{subject}")), expected);
    }
    assert_eq!(failed.load(Ordering::SeqCst), 30);
    service.stop("done").await.unwrap();
    assert_eq!(stage.letters.count().await.unwrap(), 0);
}

#[derive(Deserialize, schemars::JsonSchema)]
#[schemars(crate = "schemars")]
struct Trade {
    volume: u64,
}

#[tokio::test]
async fn a_poison_event_becomes_a_dead_letter_at_once_and_the_others_go_on() {
    let stage = Stage::start().await;
    let seen = Seen::default();
    let notes = seen.clone();
    let service = Service::builder(stage.config("r-1"))
        .on_event("test.trade", move |context, trade: Trade| {
            notes.note("r-1", &context.event.subject, trade.volume);
            async { Ok::<_, Fault>(()) }
        })
        .start()
        .await
        .unwrap();
    stage.events.publish("test", "trade", &"no trade").await.unwrap();
    let raw =
        stage.connection.jetstream().publish("events.test.trade", "\u{0}not json".into()).await.unwrap();
    raw.await.unwrap();
    stage.events.publish("test", "trade", &serde_json::json!({"volume": 5})).await.unwrap();
    seen.wait(1).await;
    stage.wait_for_letters(2).await;
    let letter = stage.letters.get(1).await.unwrap();
    assert_eq!(
        (letter.kind.as_str(), letter.original_subject.as_deref()),
        ("event", Some("events.test.trade"))
    );
    assert_eq!((letter.original_stream.as_deref(), letter.original_sequence), (Some("EVENTS"), Some(1)));
    assert!(letter.reason.as_deref().unwrap().starts_with("INVALID_INPUT: the event cannot be read"));
    assert_eq!(&letter.body[..], b"\"no trade\"");
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_handler_that_panics_has_failed_and_the_service_lives() {
    let stage = Stage::start().await;
    let seen = Seen::default();
    let notes = seen.clone();
    let service = Service::builder(stage.config("r-1"))
        .on_event(Subscribe::to("test.*").retry(tries(3)), move |context, number: u64| {
            let notes = notes.clone();
            async move {
                assert!(number != 13, "unlucky");
                notes.note("r-1", &context.event.subject, number);
                Ok::<_, Fault>(())
            }
        })
        .start()
        .await
        .unwrap();
    stage.publish("one", 12..=14).await;
    seen.wait(2).await;
    assert_eq!(seen.on("one"), [12, 14]);
    stage.wait_for_letters(1).await;
    let reason = stage.letters.get(1).await.unwrap().reason.unwrap();
    assert_eq!(reason, "HANDLER_FAILED: the handler panicked (the last of 3 tries)");
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_dead_letter_that_is_sent_back_comes_to_the_consumer_that_gave_it_up_and_no_other() {
    let stage = Stage::start().await;
    let (seen, fixed) = (Seen::default(), Arc::new(AtomicU32::new(0)));
    let (notes, broken) = (seen.clone(), Arc::clone(&fixed));
    let other = Seen::default();
    let service =
        Service::builder(stage.config("r-1"))
            .on_event(
                Subscribe::to("test.one").named("fails").retry(RetryPolicy::delays([])),
                move |context, number: u64| {
                    let is_fixed = broken.load(Ordering::SeqCst) == 1;
                    if is_fixed {
                        notes.note("r-1", &context.event.subject, number);
                    }
                    async move {
                        if is_fixed { Ok(()) } else { Err(Fault::later(Duration::ZERO, "not fixed yet")) }
                    }
                },
            )
            .on_event(Subscribe::to("test.*").named("works"), {
                let other = other.clone();
                move |context, number: u64| {
                    other.note("r-1", &context.event.subject, number);
                    async { Ok::<_, Fault>(()) }
                }
            })
            .start()
            .await
            .unwrap();
    stage.publish("one", [1]).await;
    stage.wait_for_letters(1).await;
    other.wait(1).await;
    fixed.store(1, Ordering::SeqCst);
    stage.letters.redrive(1, "it is fixed", &Actor::user("alice")).await.unwrap();
    seen.wait(1).await;
    stage.publish("two", [2]).await;
    other.wait(2).await;
    assert_eq!(
        (seen.on("one"), other.on("one"), stage.letters.count().await.unwrap()),
        (vec![1], vec![1], 0)
    );
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn what_is_in_hand_is_bounded_and_a_slow_handler_keeps_its_event() {
    let stage = Stage::start().await;
    let slow = Subscribe::to("test.*").concurrency(2).window(8).ack_wait(Duration::from_secs(1));
    let mut subscription = stage.subscribe("r-1", slow.from(Start::Beginning)).await;
    for subject in 0..30 {
        stage.publish(&format!("s{subject}"), [subject]).await;
    }
    let (first, second) = (subscription.next().await.unwrap(), subscription.next().await.unwrap());
    // Three times its ack wait: nothing more comes, and nothing comes again.
    let third = tokio::time::timeout(Duration::from_secs(3), subscription.next()).await;
    assert!(third.is_err(), "two are handled at a time");
    let stream = stage.connection.jetstream().get_stream("EVENTS").await.unwrap();
    let consumer: async_nats::jetstream::consumer::PullConsumer =
        stream.get_consumer("reader-test_any").await.unwrap();
    let info = consumer.cached_info();
    assert_eq!((info.num_ack_pending, info.num_redelivered, info.num_pending), (8, 0, 22));
    first.ack();
    second.ack();
    for _ in 0..28 {
        let delivery = tokio::time::timeout(PATIENCE, subscription.next()).await.unwrap().unwrap();
        assert_eq!(delivery.attempt(), 1);
        delivery.ack();
    }
    subscription.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn a_delivery_that_is_dropped_comes_again_and_one_that_is_put_aside_does_not() {
    let stage = Stage::start().await;
    let subscribe = Subscribe::to("test.*").from(Start::Beginning).retry(tries(5));
    let mut subscription = stage.subscribe("r-1", subscribe).await;
    stage.publish("one", 1..=2).await;
    drop(subscription.next().await.unwrap());
    let again = subscription.next().await.unwrap();
    assert_eq!((again.event.decode::<u64>().unwrap(), again.attempt()), (1, 2));
    again.dead_letter("I do not like it").await;
    assert_eq!(stage.letters.count().await.unwrap(), 1, "it stands before the word is given");
    assert_eq!(
        stage.letters.get(1).await.unwrap().reason.as_deref(),
        Some("HANDLER_FAILED: I do not like it")
    );
    let next = subscription.next().await.unwrap();
    assert_eq!(next.event.decode::<u64>().unwrap(), 2);
    next.ack();
    subscription.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn a_consumer_that_somebody_removes_is_made_again_where_it_was() {
    let stage = Stage::start().await;
    let seen = Seen::default();
    let service = noting(stage.config("r-1"), Subscribe::to("test.*"), &seen).await;
    stage.publish("one", 1..=3).await;
    seen.wait(3).await;
    let stream = stage.connection.jetstream().get_stream("EVENTS").await.unwrap();
    stream.delete_consumer("reader-test_any").await.unwrap();
    stage.publish("one", 4..=6).await;
    seen.wait(6).await;
    assert_eq!(seen.on("one"), [1, 2, 3, 4, 5, 6]);
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn heartbeats_tell_what_became_of_events_and_how_many_wait() {
    let stage = Stage::start().await;
    let config = stage.config("r-1");
    let service = Service::builder(config)
        .on_event(Subscribe::to("test.*").retry(tries(2)), |_context, number: u64| async move {
            if number == 2 { Err(Fault::later(Duration::from_millis(10), "no")) } else { Ok(()) }
        })
        .start()
        .await
        .unwrap();
    service.events().publish("test", "one", &1).await.unwrap();
    stage.publish("one", [2]).await;
    let records = stage.connection.jetstream().get_key_value("aegis_instances").await.unwrap();
    let told = try_wait_until(PATIENCE, async || {
        let record = records.get("reader.r-1").await.map_err(|e| e.to_string())?.ok_or("no record")?;
        let beat: aegis_domain::wire::heartbeat::Heartbeat =
            serde_json::from_slice(&record).map_err(|e| e.to_string())?;
        let (events, lag) = (beat.metrics.events, beat.metrics.lag);
        let all = (events.published, events.consumed, events.failed, events.retried, events.dead_lettered);
        let lag: Vec<_> = lag.into_iter().map(|lag| (lag.consumer, lag.pending)).collect();
        if all == (1, 1, 2, 1, 1) && !lag.is_empty() { Ok(lag) } else { Err(format!("{events:?} {lag:?}")) }
    })
    .await;
    assert_eq!(told.unwrap(), [("reader-test_any".to_owned(), 0)]);
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn events_that_are_handled_at_a_stop_are_finished_and_the_rest_goes_to_the_next() {
    let stage = Stage::start().await;
    let (seen, gate) = (Seen::default(), Arc::new(Semaphore::new(0)));
    let (notes, open) = (seen.clone(), Arc::clone(&gate));
    let first = Service::builder(stage.config("r-1"))
        .on_event(Subscribe::to("test.*").concurrency(1), move |context, number: u64| {
            let (notes, open) = (notes.clone(), Arc::clone(&open));
            async move {
                notes.note("r-1", &context.event.subject, number);
                open.acquire().await.unwrap().forget();
                Ok::<_, Fault>(())
            }
        })
        .start()
        .await
        .unwrap();
    stage.publish("one", 1..=4).await;
    seen.wait(1).await;
    let stopping = tokio::spawn(async move { first.stop("done").await });
    let second = noting(stage.config("r-2"), Subscribe::to("test.*"), &seen).await;
    gate.add_permits(1);
    stopping.await.unwrap().unwrap();
    seen.wait(4).await;
    assert_eq!((seen.by("r-1"), seen.by("r-2")), (vec![1], vec![2, 3, 4]));
    wait_until("all acknowledged", PATIENCE, || async {
        let stream = stage.connection.jetstream().get_stream("EVENTS").await.unwrap();
        let consumer: async_nats::jetstream::consumer::PullConsumer =
            stream.get_consumer("reader-test_any").await.unwrap();
        match consumer.cached_info().num_ack_pending {
            0 => Ok(()),
            left => Err(format!("{left} left")),
        }
    })
    .await;
    second.stop("done").await.unwrap();
}
