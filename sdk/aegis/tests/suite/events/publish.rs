use std::time::Duration;

use aegis_domain::{Actor, ErrorCode};
use aegis_sdk::codec::Codec;
use aegis_sdk::events::Replayed;
use aegis_sdk::{EventError, EventOptions, Events, PublishError, Start, Subscribe};
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use super::{PATIENCE, Stage};

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[tokio::test]
async fn an_event_says_who_caused_it_and_what_it_belongs_to() {
    let stage = Stage::start().await;
    let draft =
        stage.events.draft("test", "one").id("order-7").actor(&Actor::user("alice")).traceparent(TRACE);
    assert_eq!(draft.publish(&json!({"n": 1})).await.unwrap().sequence, 1);
    let mut subscription = stage.subscribe("r-1", Subscribe::to("test.one").from(Start::Beginning)).await;
    let delivery = subscription.next().await.unwrap();
    let event = &delivery.event;
    assert_eq!((event.subject.as_str(), event.sequence, delivery.attempt()), ("events.test.one", Some(1), 1));
    assert_eq!((event.id().as_deref(), event.actor()), (Some("order-7"), Some("user:alice")));
    assert_eq!(event.traceparent(), Some(TRACE));
    assert_eq!(event.decode::<Value>().unwrap(), json!({"n": 1}));
    delivery.ack();
    subscription.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn of_two_events_under_one_id_the_stream_keeps_the_first() {
    let stage = Stage::start().await;
    let first = stage.events.draft("test", "one").id("same").publish(&1).await.unwrap();
    let second = stage.events.draft("test", "one").id("same").publish(&2).await.unwrap();
    assert_eq!((first.duplicate, second.duplicate), (false, true));
    assert_eq!((second.sequence, stage.stored().await), (first.sequence, 1));
}

#[tokio::test]
async fn ten_thousand_on_their_way_at_once_stay_in_order() {
    let stage = Stage::start().await;
    let mut pending = Vec::new();
    for number in 0..10_000_u64 {
        pending.push(stage.events.publish_later("test", "many", &number).await.unwrap());
    }
    stage.events.flush(PATIENCE).await.unwrap();
    assert_eq!(stage.events.waiting(), 0);
    for (place, pending) in pending.into_iter().enumerate() {
        assert_eq!(pending.await.unwrap().sequence, place as u64 + 1);
    }
    let mut replay = stage.events.replay("test.>", Start::Beginning).unwrap();
    for number in 0..10_000_u64 {
        match replay.next().await {
            Replayed::Event(event) => assert_eq!(event.decode::<u64>().unwrap(), number),
            other @ (Replayed::CaughtUp | Replayed::Blind | Replayed::Replaced) => {
                panic!("{number}: {other:?}")
            }
        }
    }
}

#[tokio::test]
async fn what_cannot_be_an_event_is_refused_and_nothing_is_sent() {
    let stage = Stage::start().await;
    for bad in ["", "a b", "a.", "a.*", ">"] {
        let error = stage.events.publish("test", bad, &1).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidInput, "{bad:?}");
    }
    let large = "x".repeat(stage.connection.client().server_info().max_payload);
    let error = stage.events.publish("test", "large", &large).await.unwrap_err();
    assert!(matches!(error, EventError::Publish(PublishError::TooLarge { .. })), "{error:?}");
    let keys = std::collections::BTreeMap::from([(vec![1], 2)]);
    assert_eq!(stage.events.publish("test", "one", &keys).await.unwrap_err().code(), ErrorCode::InvalidInput);
    assert_eq!(stage.stored().await, 0);
    // A line break in a header would begin another one.
    let odd =
        stage.events.draft("test", "one").id("a\r\nb").traceparent("c\nNats-Rollup: all").publish(&1).await;
    assert_eq!(odd.unwrap().sequence, 1);
    let mut subscription = stage.subscribe("r-1", Subscribe::to("test.one").from(Start::Beginning)).await;
    let event = subscription.next().await.unwrap().event;
    assert_eq!((event.id().as_deref(), event.traceparent()), (Some("a  b"), Some("c Nats-Rollup: all")));
}

#[tokio::test]
async fn a_message_that_its_stream_refuses_is_refused_and_the_others_go_on() {
    let stage = Stage::start().await;
    let stream = stage.connection.jetstream().get_stream("EVENTS").await.unwrap();
    let mut config = stream.cached_info().config.clone();
    config.max_message_size = 500;
    stage.connection.jetstream().update_stream(config).await.unwrap();
    let large = stage.events.publish_later("test", "large", &"x".repeat(1_000)).await.unwrap();
    let small = stage.events.publish_later("test", "small", &1).await.unwrap();
    let error = large.within(PATIENCE).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::StreamRefused, "{error:?}");
    assert_eq!(small.within(PATIENCE).await.unwrap().sequence, 1);
}

#[tokio::test]
async fn the_python_sdk_reads_what_is_published_for_it_and_its_events_are_read() {
    let stage = Stage::start().await;
    let mut python = stage.connection.client().subscribe("events.test.legacy").await.unwrap();
    stage.connection.client().flush().await.unwrap();
    let legacy = Events::with(&stage.connection, EventOptions { legacy: true, ..EventOptions::default() });
    legacy.draft("test", "legacy").id("id-1").publish(&json!({"n": 1})).await.unwrap();
    let envelope: Value = Codec::MessagePack.decode(&python.next().await.unwrap().payload).unwrap();
    assert_eq!(envelope["payload"], json!({"n": 1}));
    assert_eq!((&envelope["domain"], &envelope["event_type"]), (&json!("test"), &json!("legacy")));
    assert_eq!((&envelope["version"], &envelope["message_id"]), (&json!("1.0"), &json!("id-1")));
    // As Python sends it: the envelope and nothing else, here in JSON.
    let sent = json!({"message_id": "id-2", "trace_id": "t", "correlation_id": null,
        "timestamp": "2026-01-01T00:00:00Z", "source": "py", "target": null, "domain": "test",
        "event_type": "legacy", "payload": {"n": 2}, "version": "1.0"});
    let ack =
        stage.connection.jetstream().publish("events.test.legacy", sent.to_string().into()).await.unwrap();
    ack.await.unwrap();
    let mut subscription = stage.subscribe("r-1", Subscribe::to("test.*").from(Start::Beginning)).await;
    for number in 1..=2 {
        let delivery = subscription.next().await.unwrap();
        assert_eq!(delivery.event.decode::<Value>().unwrap(), json!({ "n": number }));
        assert_eq!(delivery.event.id(), Some(format!("id-{number}")));
        delivery.ack();
    }
}

#[tokio::test]
async fn a_replay_begins_anywhere_and_says_when_it_has_caught_up() {
    let stage = Stage::start().await;
    stage.publish("one", 1..=5).await;
    let mut replay = stage.events.replay("test.one", Start::Sequence(4)).unwrap();
    let mut said = Vec::new();
    while said.len() < 3 {
        said.push(match replay.next().await {
            Replayed::Event(event) => event.decode::<u64>().unwrap(),
            Replayed::CaughtUp => 0,
            Replayed::Blind | Replayed::Replaced => 99,
        });
    }
    assert_eq!(said, [4, 5, 0]);
    let fifth = stage.events.replay("test.one", Start::Sequence(5)).unwrap().next().await;
    let Replayed::Event(fifth) = fifth else { panic!("{fifth:?}") };
    let mut from_then = stage.events.replay("test.one", Start::Time(fifth.published_at.unwrap())).unwrap();
    let Replayed::Event(first) = from_then.next().await else { panic!("no event") };
    assert_eq!(first.sequence, Some(5));
    stage.publish("one", [6]).await;
    let next = tokio::time::timeout(Duration::from_secs(5), replay.next()).await.unwrap();
    assert!(matches!(next, Replayed::Event(event) if event.sequence == Some(6)));
}
