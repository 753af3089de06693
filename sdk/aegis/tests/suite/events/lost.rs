//! Events that the stream has let go of before a subscription had them.

use std::time::Duration;

use aegis_sdk::events::{Lost, OnLost};
use aegis_sdk::{EventOptions, Events, Fault, Service, Subscribe};
use async_nats::jetstream::stream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{PATIENCE, Stage};

/// The stream keeps events for a second, until those that it has are gone.
async fn forget(stage: &Stage) {
    let stream = stage.connection.jetstream().get_stream("EVENTS").await.unwrap();
    let kept = stream.cached_info().config.clone();
    let second = Duration::from_secs(1);
    let short = stream::Config { max_age: second, duplicate_window: second, ..kept.clone() };
    stage.connection.jetstream().update_stream(short).await.unwrap();
    aegis_testkit::wait_until("that the events are gone", PATIENCE, || async {
        let stored = stage.stored().await;
        if stored == 0 { Ok(()) } else { Err(stored.to_string()) }
    })
    .await;
    stage.connection.jetstream().update_stream(kept).await.unwrap();
}

/// A reader of one event at a time that handles nothing but what it is let, and who is told of losses.
async fn reader(
    stage: &Stage,
    held: bool,
) -> (Service, mpsc::UnboundedReceiver<u64>, mpsc::UnboundedReceiver<Lost>) {
    let (seen, sees) = mpsc::unbounded_channel();
    let (telling, told) = mpsc::unbounded_channel();
    let on_lost = OnLost::new(move |lost| telling.send(lost).unwrap());
    let service = Service::builder(stage.config("r-1"))
        .event_options(EventOptions { on_lost, ..EventOptions::default() })
        .on_event(Subscribe::to("test.*").concurrency(1).window(1), move |_context, number: u64| {
            seen.send(number).unwrap();
            async move {
                if held {
                    std::future::pending::<()>().await;
                }
                Ok::<_, Fault>(())
            }
        })
        .start()
        .await
        .unwrap();
    (service, sees, told)
}

#[tokio::test]
async fn a_subscription_that_was_away_for_longer_than_events_are_kept_is_told_so() {
    let stage = Stage::start().await;
    let (first, mut sees, mut told) = reader(&stage, false).await;
    stage.publish("one", [1]).await;
    assert_eq!(timeout(PATIENCE, sees.recv()).await.unwrap(), Some(1));
    first.stop("done").await.unwrap();
    assert!(told.recv().await.is_none(), "nothing was lost so far");
    // Others read what is published meanwhile: that is none of its business.
    Events::new(&stage.connection).publish("other", "one", &0_u64).await.unwrap();
    stage.publish("one", 3..=4).await;
    forget(&stage).await;
    stage.publish("one", [5]).await;
    let (second, mut sees, mut told) = reader(&stage, false).await;
    let lost = timeout(PATIENCE, told.recv()).await.unwrap().unwrap();
    let expected = Lost { stream: "EVENTS".into(), consumer: "reader-test_any".into(), first: 2, last: 4 };
    assert_eq!(lost, expected);
    assert_eq!(timeout(PATIENCE, sees.recv()).await.unwrap(), Some(5), "what is there is handled");
    second.stop("done").await.unwrap();
    let (third, ..) = reader(&stage, false).await;
    third.stop("done").await.unwrap();
    assert!(told.recv().await.is_none(), "each loss is told once");
}

#[tokio::test]
async fn a_subscription_that_is_behind_for_longer_than_events_are_kept_is_told_so_while_it_runs() {
    let stage = Stage::start().await;
    let (service, mut sees, mut told) = reader(&stage, true).await;
    stage.publish("one", 1..=4).await;
    assert_eq!(timeout(PATIENCE, sees.recv()).await.unwrap(), Some(1));
    forget(&stage).await;
    stage.publish("one", [5]).await;
    let lost = timeout(PATIENCE, told.recv()).await.unwrap().unwrap();
    assert_eq!((lost.first, lost.last), (2, 4));
    assert!(timeout(Duration::from_millis(10), told.recv()).await.is_err());
    service.stop("done").await.unwrap();
}
