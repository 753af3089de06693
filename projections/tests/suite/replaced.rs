//! A stream whose history is not the one that was applied: put back from a copy, or made anew.

use std::path::Path;
use std::time::Duration;

use aegis_domain::AggregateId;
use aegis_domain::aggregate::definition::DefinitionEvent;
use aegis_projections::engine::{ProblemCode, Progress};
use aegis_projections::rollups::{self, RollupProjector, Rollups};
use aegis_projections::{Retention, State};
use aegis_sdk::provision::provision;
use aegis_sdk::{ConnectOptions, Connection};
use aegis_testkit::{FaultProxy, wait_until};
use tokio_util::sync::CancellationToken;

use crate::installation::{Installation, Running, imported, project};
use crate::kv::{all, owed};
use crate::log::{Log, content, fold, instance, service};
use crate::projector::log;
use crate::rollups::{heartbeat, metrics_of};

const LIMIT: Duration = Duration::from_secs(30);

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// An installation with these events, and a copy of its streams.
async fn with_a_copy(log: &Log, copied: usize) -> Installation {
    let installation = Installation::start().await;
    installation.record(&log.events[..copied]).await;
    let server = installation.server();
    server.stop().await;
    copy(&server.data_dir().join("jetstream"), &installation.path("copy"));
    server.restart().await;
    installation
}

/// Puts the copy back.
async fn put_back(installation: &Installation) {
    let server = installation.server();
    let streams = server.data_dir().join("jetstream");
    server.stop().await;
    std::fs::remove_dir_all(&streams).unwrap();
    copy(&installation.path("copy"), &streams);
    server.restart().await;
}

/// Another history with the same beginning.
fn other(log: &Log, beginning: usize, length: usize) -> Log {
    let mut other = Log { events: log.events[..beginning].to_vec() };
    for n in other.events.len()..length {
        let definition = AggregateId::Definition(service("other"));
        let content = content(&format!("owner {n}"));
        other.record(&definition, DefinitionEvent::Amended { content, reason: None }.into());
    }
    other
}

async fn becomes(running: &Running, expected: &State) {
    wait_until("the registry that the log tells", LIMIT, async || {
        let (contents, problems) = (running.live.read(), running.store.progress().problems());
        let state = &contents.state;
        if state == expected && problems.is_empty() {
            return Ok(());
        }
        Err(format!("{} at {}, not {}: {problems:?}", state.len(), state.position, expected.position))
    })
    .await;
}

async fn entries_become(installation: &Installation, expected: &State) {
    let expected = owed(expected);
    wait_until("the entries that the log tells", LIMIT, async || {
        let found = all(installation).await;
        if found == expected { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
}

#[tokio::test]
async fn a_log_that_was_put_back_from_a_copy_is_noticed_and_leaves_no_phantoms() {
    let log = log(104);
    let installation = with_a_copy(&log, 4).await;
    let path = installation.path("p.sqlite");
    let running = installation.project(&path).await;
    installation.record(&log.events[4..104]).await;
    running.reaches(104).await;
    let mut histories = running.store.histories();
    put_back(&installation).await;
    let changed = tokio::time::timeout(LIMIT, histories.changed()).await;
    changed.expect("whoever follows the log is told").unwrap();
    becomes(&running, &fold(&log.events[..4])).await;
    assert_eq!(running.store.progress().histories_replaced(), 1);
    assert_eq!(running.store.progress().position().get(), 4, "nothing of the lost history counts");
    entries_become(&installation, &fold(&log.events[..4])).await;
    let other = other(&log, 4, 150);
    installation.record(&other.events[4..]).await;
    becomes(&running, &other.state()).await;
    entries_become(&installation, &other.state()).await;
    drop(running);
    let running = installation.project(&path).await;
    becomes(&running, &other.state()).await;
    assert_eq!(running.store.progress().histories_replaced(), 0, "the file is of this history");
}

/// Puts the copy of the first four events back, and lets the log grow past where it was, with other events.
async fn grown_again(installation: &Installation, log: &Log) -> Log {
    put_back(installation).await;
    let other = other(log, 4, 150);
    installation.record(&other.events[4..]).await;
    other
}

#[tokio::test]
async fn a_log_that_was_made_anew_and_grew_past_the_position_is_another_one() {
    let log = log(104);
    let installation = with_a_copy(&log, 4).await;
    let path = installation.path("p.sqlite");
    let running = installation.project(&path).await;
    installation.record(&log.events[4..104]).await;
    running.reaches(104).await;
    written(running.store.progress(), 104).await;
    drop(running);
    let other = grown_again(&installation, &log).await;
    let running = installation.project(&path).await;
    becomes(&running, &other.state()).await;
    assert_eq!(running.store.progress().histories_replaced(), 1);
}

#[tokio::test]
async fn a_log_that_grew_again_past_the_position_before_a_replica_is_back_is_another_one() {
    let log = log(104);
    let installation = with_a_copy(&log, 4).await;
    let proxy = FaultProxy::start(&installation.url()).await;
    let connection = Connection::open(ConnectOptions::new(proxy.url(), "replica")).await.unwrap();
    let running = project(&connection, &installation.path("p.sqlite"), Retention::default()).await;
    installation.record(&log.events[4..104]).await;
    running.reaches(104).await;
    proxy.cut();
    proxy.drop_connections();
    let other = grown_again(&installation, &log).await;
    proxy.pass();
    becomes(&running, &other.state()).await;
    assert_eq!(running.store.progress().histories_replaced(), 1);
}

#[tokio::test]
async fn a_log_that_is_removed_and_made_again_under_a_running_projector_is_another_one() {
    let log = log(60);
    let installation = Installation::unprotected().await;
    let running = installation.project(&installation.path("p.sqlite")).await;
    installation.record(&log.events[..50]).await;
    running.reaches(50).await;
    let events = installation.connection.namespace().events_stream();
    installation.connection.jetstream().delete_stream(&events).await.unwrap();
    provision(&installation.connection).await.unwrap();
    imported(&installation.connection).await;
    let other = other(&log, 0, 60);
    installation.record(&other.events).await;
    becomes(&running, &other.state()).await;
    entries_become(&installation, &other.state()).await;
    assert_eq!(running.store.progress().histories_replaced(), 1);
}

#[tokio::test]
async fn a_problem_stands_until_the_projection_is_of_the_history_that_is_there() {
    let log = log(40);
    let installation = Installation::unprotected().await;
    let running = installation.project(&installation.path("p.sqlite")).await;
    installation.record(&log.events[..30]).await;
    running.reaches(30).await;
    // A folder in the way of the rebuild.
    std::fs::create_dir(installation.path("p.sqlite.rebuild")).unwrap();
    let events = installation.connection.namespace().events_stream();
    installation.connection.jetstream().delete_stream(&events).await.unwrap();
    provision(&installation.connection).await.unwrap();
    wait_until("the problem", LIMIT, async || {
        let codes: Vec<_> = running.store.progress().problems().iter().map(|it| it.code).collect();
        let expected = [ProblemCode::HistoryReplaced, ProblemCode::Unwritable];
        if codes == expected { Ok(()) } else { Err(format!("{codes:?}")) }
    })
    .await;
    assert_eq!(running.live.read().state, fold(&log.events[..30]), "readers have what there was");
    std::fs::remove_dir(installation.path("p.sqlite.rebuild")).unwrap();
    becomes(&running, &State::default()).await;
}

#[tokio::test]
async fn heartbeats_of_another_history_are_rolled_up_from_what_is_there() {
    let installation = Installation::start().await;
    let connection = &installation.connection;
    let rollups = Rollups::open(&installation.path("m.sqlite"), rollups::Retention::default()).await.unwrap();
    let projector = RollupProjector::restore(connection, &rollups).await.unwrap();
    let work = tokio::spawn(projector.run(CancellationToken::new()));
    let beat = async |window: u64| {
        let subject = connection.namespace().heartbeat_subject(&service("echo"), &instance("a"));
        let body = serde_json::to_vec(&heartbeat("a", 0, metrics_of(window, window, 1, 1_000))).unwrap();
        connection.jetstream().publish(subject, body.into()).await.unwrap().await.unwrap();
    };
    for window in 1..=20 {
        beat(window).await;
    }
    written(rollups.progress(), 20).await;
    connection.jetstream().delete_stream(connection.namespace().heartbeats_stream()).await.unwrap();
    provision(connection).await.unwrap();
    for window in 1..=3 {
        beat(window).await;
    }
    wait_until("the new heartbeats", LIMIT, async || {
        let progress = rollups.progress();
        let stands = (progress.histories_replaced(), progress.position().get(), progress.problems().len());
        if stands == (1, 3, 0) { Ok(()) } else { Err(format!("{stands:?}")) }
    })
    .await;
    work.abort();
}

async fn written(progress: &Progress, position: u64) {
    wait_until("the file to be written", LIMIT, async || {
        let at = progress.position().get();
        if at >= position { Ok(()) } else { Err(at.to_string()) }
    })
    .await;
}
