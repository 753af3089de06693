//! The projector on a real server: whatever happens to it, it ends where it would have ended.

use aegis_domain::Sequence;
use aegis_projections::Store;
use aegis_projections::registry::Retention;
use aegis_projections::store::Window;
use aegis_projections::view::EventView;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

use crate::installation::{Installation, imported};
use crate::log::{Log, any_log, fold};
use crate::pages::filters;
use crate::store::{recorded_at, views};

/// A log of some length, the same on every run.
pub(crate) fn log(least: usize) -> Log {
    let mut runner = TestRunner::deterministic();
    let mut whole = Log::default();
    while whole.events.len() < least {
        let part = any_log().new_tree(&mut runner).unwrap().current();
        for recorded in part.events {
            whole.record(&recorded.envelope.aggregate, recorded.envelope.event);
        }
    }
    whole
}

/// All events that the store holds, as if the server had taken them at the times that these tests know.
pub(crate) async fn held(store: &Store) -> Vec<EventView> {
    let mut events = crate::store::held(store).await;
    assert!(events.is_sorted_by_key(|event| event.recorded_at), "the times of the log go back");
    events.iter_mut().for_each(|event| event.recorded_at = recorded_at(event.sequence));
    events
}

#[tokio::test]
async fn the_projection_is_the_fold_of_the_log() {
    let installation = Installation::start().await;
    let log = log(200);
    let (before, after) = log.events.split_at(100);
    installation.record(before).await;
    let running = installation.project(&installation.path("p.sqlite")).await;
    assert_eq!(running.reaches(100).await, fold(before));
    installation.record(after).await;
    assert_eq!(running.reaches(log.events.len() as u64).await, log.state());
    assert_eq!(held(&running.store).await, views(&log.events));
}

#[tokio::test]
async fn the_newest_events_are_the_same_from_memory_as_from_the_file() {
    let installation = Installation::start().await;
    let log = log(300);
    let (before, after) = log.events.split_at(150);
    let (path, end) = (installation.path("p.sqlite"), log.events.len() as u64);
    installation.record(before).await;
    let running = installation.project(&path).await;
    running.reaches(150).await;
    installation.record(after).await;
    running.reaches(end).await;
    let file = Store::open(&path, Retention::default()).await.unwrap();
    for filter in filters() {
        for after in [0, 149, 150, 151, end - 1, end, end + 5].map(Sequence) {
            for count in [0, 1, 7, 1_000] {
                let window = Window::First { count, after };
                let (memory, file) =
                    (running.store.events(&filter, window).await, file.events(&filter, window).await);
                assert_eq!(memory.unwrap(), file.unwrap(), "{filter:?} {window:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_projector_killed_again_and_again_ends_like_one_that_was_not() {
    let installation = Installation::start().await;
    let log = log(3000);
    let (path, end) = (installation.path("killed.sqlite"), log.events.len() as u64);
    let undisturbed = installation.project(&installation.path("undisturbed.sqlite")).await;
    let publisher = installation.record(&log.events);
    let killer = async {
        for kills in 0.. {
            let victim = installation.project(&path).await;
            victim.reaches(((kills + 1) * 150).min(end)).await;
            if victim.position().get() >= end {
                return (kills, victim);
            }
        }
        unreachable!("the steps never end")
    };
    let ((), (kills, survivor)) = tokio::join!(publisher, killer);
    assert!(kills > 0, "it was never killed in the midst of its work");
    assert_eq!(survivor.reaches(end).await, undisturbed.reaches(end).await);
    assert_eq!(survivor.reaches(end).await, log.state());
    assert_eq!(held(&survivor.store).await, views(&log.events));
}

#[tokio::test]
async fn a_deleted_database_gives_the_same_answers() {
    let installation = Installation::start().await;
    let (log, path) = (log(300), installation.path("p.sqlite"));
    let end = log.events.len() as u64;
    installation.record(&log.events).await;
    let running = installation.project(&path).await;
    let state = running.reaches(end).await;
    let events = held(&running.store).await;
    drop(running);
    for suffix in ["", "-wal", "-shm"] {
        let file = installation.path(&format!("p.sqlite{suffix}"));
        assert!(suffix.is_empty() <= file.exists());
        let _absent = std::fs::remove_file(file);
    }
    let running = installation.project(&path).await;
    assert_eq!(running.reaches(end).await, state);
    assert_eq!(held(&running.store).await, events);
}

#[tokio::test]
async fn a_log_that_was_made_anew_is_another_log() {
    let installation = Installation::start().await;
    let (log, path) = (log(50), installation.path("p.sqlite"));
    installation.record(&log.events).await;
    let running = installation.project(&path).await;
    running.reaches(log.events.len() as u64).await;
    drop(running);
    let jetstream = installation.connection.jetstream();
    jetstream.delete_stream(installation.connection.namespace().events_stream()).await.unwrap();
    aegis_sdk::provision::provision(&installation.connection).await.unwrap();
    imported(&installation.connection).await;
    installation.record(&log.events[..1]).await;
    let running = installation.project(&path).await;
    assert_eq!(running.reaches(1).await, fold(&log.events[..1]));
}
