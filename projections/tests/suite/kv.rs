//! Definitions and leaders as KV entries: the newest, whoever writes them.

use std::collections::BTreeMap;
use std::time::Duration;

use aegis_domain::AggregateId;
use aegis_domain::aggregate::definition::DefinitionEvent;
use aegis_domain::aggregate::{Leadership, leadership};
use aegis_projections::{Live, State, kv};
use aegis_sdk::nats::bucket::Bucket;
use aegis_testkit::wait_until;
use futures_util::TryStreamExt as _;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::installation::Installation;
use crate::log::{Log, content, election, fold, group, service};

const LIMIT: Duration = Duration::from_secs(30);

/// Many changes of two keys.
fn log() -> Log {
    let mut log = Log::default();
    let definition = AggregateId::Definition(service("echo"));
    let leadership = AggregateId::Leadership(service("echo"), group("ACC-1"));
    for n in 1..=150 {
        log.record(
            &definition,
            DefinitionEvent::Amended { content: content(&format!("owner {n}")), reason: None }.into(),
        );
        log.execute::<Leadership>(&leadership, election(n, &format!("echo-{}", n % 3), &[]));
    }
    let step_down = leadership::Command::RequestStepDown { to: None, reason: "late".into() };
    log.execute::<Leadership>(&leadership, step_down);
    log
}

/// What the buckets hold, as a reader without a control plane finds it.
async fn entries(installation: &Installation) -> (Option<serde_json::Value>, Option<serde_json::Value>) {
    let namespace = installation.connection.namespace();
    let read = async |bucket, key| {
        let slot = Bucket::new(&installation.connection, bucket).read(key).await.unwrap();
        slot.value.map(|value| serde_json::from_slice(&value).unwrap())
    };
    (read(namespace.definitions_bucket(), "echo").await, read(namespace.leaders_bucket(), "echo.ACC-1").await)
}

/// What they should hold.
fn expected(state: &State) -> (Option<serde_json::Value>, Option<serde_json::Value>) {
    let definition = state.definitions.values().next().map(|view| serde_json::to_value(view).unwrap());
    (definition, state.leaders.values().next().map(|view| serde_json::to_value(view).unwrap()))
}

/// Every entry of both buckets.
pub(crate) async fn all(installation: &Installation) -> BTreeMap<String, serde_json::Value> {
    let namespace = installation.connection.namespace();
    let mut entries = BTreeMap::new();
    for name in [namespace.definitions_bucket(), namespace.leaders_bucket()] {
        let bucket = installation.connection.jetstream().get_key_value(&name).await.unwrap();
        let keys: Vec<String> = bucket.keys().await.unwrap().try_collect().await.unwrap();
        for key in keys {
            // It may have been removed meanwhile.
            let Some(value) = bucket.get(&key).await.unwrap() else { continue };
            entries.insert(format!("{name}/{key}"), serde_json::from_slice(&value).unwrap());
        }
    }
    entries
}

/// What should be in them.
pub(crate) fn owed(state: &State) -> BTreeMap<String, serde_json::Value> {
    let definitions = state
        .definitions
        .values()
        .map(|view| (format!("aegis_definitions/{}", view.service), serde_json::to_value(view).unwrap()));
    let leaders = state.leaders.values().map(|view| {
        (format!("aegis_leaders/{}.{}", view.service, view.group), serde_json::to_value(view).unwrap())
    });
    definitions.chain(leaders).collect()
}

/// Writes what this state owes, and ends.
async fn write(installation: &Installation, state: State) {
    let (sender, changes) = mpsc::channel(1);
    drop(sender);
    let work =
        kv::project(installation.connection.clone(), Live::new(state), changes, CancellationToken::new());
    tokio::time::timeout(LIMIT, work).await.expect("the writer ends when nothing is owed");
}

#[tokio::test]
async fn two_projectors_leave_the_newest_entry() {
    let installation = Installation::start().await;
    let _first = installation.project(&installation.path("1.sqlite")).await;
    let _second = installation.project(&installation.path("2.sqlite")).await;
    let log = log();
    installation.record(&log.events).await;
    let expected = expected(&log.state());
    wait_until("both entries to be the newest", LIMIT, async || {
        let found = entries(&installation).await;
        if found == expected { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
}

#[tokio::test]
async fn a_projector_that_begins_with_a_rebuild_writes_every_entry() {
    let installation = Installation::start().await;
    let log = crate::projector::log(300);
    installation.record(&log.events).await;
    let _running = installation.project(&installation.path("p.sqlite")).await;
    let expected = owed(&log.state());
    wait_until("every entry", LIMIT, async || {
        let found = all(&installation).await;
        if found == expected { Ok(()) } else { Err(format!("{} of {}", found.len(), expected.len())) }
    })
    .await;
}

#[tokio::test]
async fn a_writer_that_lags_behind_replaces_nothing() {
    let installation = Installation::start().await;
    let log = log();
    installation.record(&log.events).await;
    write(&installation, log.state()).await;
    assert_eq!(entries(&installation).await, expected(&log.state()));
    write(&installation, fold(&log.events[..100])).await;
    assert_eq!(entries(&installation).await, expected(&log.state()));
}

#[tokio::test]
async fn what_a_crash_left_behind_or_somebody_removed_is_written_at_the_next_start() {
    let installation = Installation::start().await;
    let log = log();
    write(&installation, fold(&log.events[..100])).await;
    let bucket = Bucket::new(&installation.connection, installation.connection.namespace().leaders_bucket());
    let revision = bucket.read("echo.ACC-1").await.unwrap().revision;
    bucket.delete("echo.ACC-1", revision, Duration::from_secs(60)).await.unwrap();
    write(&installation, log.state()).await;
    assert_eq!(entries(&installation).await, expected(&log.state()));
}

#[tokio::test]
async fn buckets_that_somebody_removes_or_empties_come_back_with_all_of_their_entries() {
    let installation = Installation::start().await;
    let log = crate::projector::log(300);
    installation.record(&log.events).await;
    let _running = installation.project(&installation.path("p.sqlite")).await;
    let expected = owed(&log.state());
    let complete = async |what: &str| {
        wait_until(what, LIMIT, async || {
            let namespace = installation.connection.namespace();
            for bucket in [namespace.definitions_bucket(), namespace.leaders_bucket()] {
                let there = installation.connection.jetstream().get_key_value(&bucket).await;
                drop(there.map_err(|e| e.to_string())?);
            }
            let found = all(&installation).await;
            if found == expected { Ok(()) } else { Err(format!("{} of {}", found.len(), expected.len())) }
        })
        .await;
    };
    complete("every entry").await;
    let namespace = installation.connection.namespace();
    for bucket in [namespace.definitions_bucket(), namespace.leaders_bucket()] {
        installation.connection.jetstream().delete_key_value(bucket).await.unwrap();
    }
    complete("every entry of new buckets").await;
    let stream = format!("KV_{}", namespace.leaders_bucket());
    installation.connection.jetstream().get_stream(stream).await.unwrap().purge().await.unwrap();
    complete("every entry that was purged").await;
}
