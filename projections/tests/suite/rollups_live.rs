//! The rollups on a real server, and killed without a warning.

use std::path::Path;
use std::time::Duration;

use aegis_domain::Sequence;
use aegis_domain::wire::heartbeat::Metrics;
use aegis_projections::engine::ProblemCode;
use aegis_projections::rollups::{Answer, INSTANCES_MAX, Range, Retention, RollupProjector, Rollups};
use aegis_sdk::{ConnectOptions, Connection};
use aegis_testkit::wait_until;
use chrono::{TimeDelta, Utc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::installation::Installation;
use crate::log::{instance, service};
use crate::process::{again, role};
use crate::rollups::{heartbeat, metrics_of};
use crate::store::dump;

const LIMIT: Duration = Duration::from_secs(20);
const LIFE: Duration = Duration::from_secs(60);
const TEST: &str = "rollups_live::a_process_killed_again_and_again_leaves_the_file_of_one_that_was_not";

/// Projects until killed.
async fn project(connection: &Connection, path: &Path) -> (Rollups, JoinSet<()>) {
    let rollups = Rollups::open(path, Retention::default()).await.unwrap();
    let projector = RollupProjector::restore(connection, &rollups).await.unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(projector.run(CancellationToken::new()));
    (rollups, tasks)
}

async fn reaches(rollups: &Rollups, position: u64) {
    wait_until("the end of the stream", LIMIT, || async {
        let at = rollups.progress().position();
        if at >= Sequence(position) { Ok(()) } else { Err(at.to_string()) }
    })
    .await;
}

/// One heartbeat each of these instances, with so many calls a window.
async fn beat(installation: &Installation, window: u64, instances: &[(&str, u64, u64)]) {
    let connection = &installation.connection;
    for (name, calls, micros) in instances {
        let subject = connection.namespace().heartbeat_subject(&service("echo"), &instance(name));
        let beat = heartbeat(name, 0, metrics_of(window, window * calls, *calls, *micros));
        let body = serde_json::to_vec(&beat).unwrap();
        connection.jetstream().publish(subject, body.into()).await.unwrap().await.unwrap();
    }
}

async fn last_minute(rollups: &Rollups, name: Option<&str>) -> Answer {
    let now = Utc::now();
    let range = Range { from: now - TimeDelta::seconds(60), to: now + TimeDelta::seconds(5), points: 100 };
    let name = name.map(instance);
    rollups.series(&service("echo"), name.as_ref(), range).await.unwrap()
}

#[tokio::test]
async fn what_instances_say_is_told_over_time_and_again_after_the_file_is_lost() {
    let installation = Installation::start().await;
    let path = installation.path("m.sqlite");
    let (rollups, tasks) = project(&installation.connection, &path).await;
    let subject = installation.connection.namespace().heartbeat_subject(&service("echo"), &instance("a"));
    let junk = installation.connection.jetstream().publish(subject, "junk".into());
    junk.await.unwrap().await.unwrap();
    for window in 1..=10 {
        beat(&installation, window, &[("a", 99, 1_000), ("b", 1, 1_000_000)]).await;
    }
    reaches(&rollups, 21).await;
    let check = |answer: &Answer| {
        assert_eq!(answer.resolution, 1);
        let mut all = aegis_domain::wire::latency::Latency::default();
        answer.points.iter().for_each(|point| all.merge(&point.latency));
        assert_eq!(answer.points.iter().map(|point| point.calls.ended).sum::<u64>(), 1_000);
        assert_eq!((all.quantile(0.99), all.count()), (Some(1_003), 1_000));
        assert!(all.quantile(0.991).is_some_and(|micros| (1_000_000..1_010_000).contains(&micros)));
    };
    check(&last_minute(&rollups, None).await);
    let alone = last_minute(&rollups, Some("b")).await;
    assert_eq!(alone.points.iter().map(|point| point.calls.ended).sum::<u64>(), 10);
    let before = dump(&path).await;
    drop((rollups, tasks));
    for suffix in ["", "-wal", "-shm"] {
        let _absent = std::fs::remove_file(path.with_extension(format!("sqlite{suffix}")));
    }
    let (rollups, _tasks) = project(&installation.connection, &path).await;
    reaches(&rollups, 21).await;
    check(&last_minute(&rollups, None).await);
    assert_eq!(dump(&path).await, before);
}

#[tokio::test]
async fn more_instances_than_metrics_are_kept_of_are_reported_and_left_out() {
    let installation = Installation::start().await;
    let (rollups, _tasks) = project(&installation.connection, &installation.path("m.sqlite")).await;
    let (namespace, client) = (installation.connection.namespace(), installation.connection.client());
    for n in 0..INSTANCES_MAX + 7 {
        let name = format!("i-{n}");
        let body =
            serde_json::to_vec(&heartbeat(&name, 0, Metrics { window: 1, ..Metrics::default() })).unwrap();
        let subject = namespace.heartbeat_subject(&service("echo"), &instance(&name));
        client.publish(subject, body.into()).await.unwrap();
    }
    beat(&installation, 1, &[("i-1", 3, 1_000)]).await;
    wait_until("all heartbeats", Duration::from_secs(60), || async {
        let at = rollups.progress().position();
        if at == Sequence(INSTANCES_MAX as u64 + 8) { Ok(()) } else { Err(at.to_string()) }
    })
    .await;
    let problems = rollups.progress().problems();
    assert_eq!(problems.iter().map(|it| it.code).collect::<Vec<_>>(), [ProblemCode::TooManyInstances]);
    assert!(!problems[0].code.is_unready() && problems[0].message.contains("50000"), "{problems:?}");
    let metrics = rollups.progress().metrics(Utc::now());
    assert_eq!(metrics.iter().find(|it| it.name == "left_out").unwrap().value, 7.0);
}

#[tokio::test]
async fn a_process_killed_again_and_again_leaves_the_file_of_one_that_was_not() {
    if let Some(role) = role() {
        let (url, path) = role.split_once(' ').unwrap();
        let connection = Connection::open(ConnectOptions::new(url.to_owned(), "victim")).await.unwrap();
        let (_rollups, mut tasks) = project(&connection, Path::new(path)).await;
        tasks.join_next().await;
        return;
    }
    let installation = Installation::start().await;
    let (calm, path) = (installation.path("calm.sqlite"), installation.path("m.sqlite"));
    let (undisturbed, _tasks) = project(&installation.connection, &calm).await;
    let mut window = 0;
    for kill in 0..20_u64 {
        let child = again(TEST, &format!("{} {}", installation.url(), path.display())).spawn();
        let life = Duration::from_millis(kill * 0x9e37 % 230);
        let beats = async {
            for _ in 0..40 {
                window += 1;
                beat(&installation, window, &[("a", 3, 1_000), ("b", 2, 50_000), ("c", 0, 1)]).await;
            }
        };
        // The moment is drawn, and is not to depend on what the process has done by then.
        let (_late, ()) = tokio::join!(tokio::time::timeout(life, child.wait_exit(LIFE)), beats);
        assert_eq!(child.exit_status(), None, "the victim ended by itself");
        child.kill();
    }
    let (survivor, _others) = project(&installation.connection, &path).await;
    reaches(&survivor, 3 * window).await;
    reaches(&undisturbed, 3 * window).await;
    assert_eq!(dump(&path).await, dump(&calm).await);
}
