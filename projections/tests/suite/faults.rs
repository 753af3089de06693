//! What the log or the disk may do to a projection.

use std::path::Path;
use std::time::Duration;

use aegis_domain::Sequence;
use aegis_projections::engine::Gap;
use aegis_projections::replay::{Replayed, from_log};
use aegis_projections::store::At;
use aegis_projections::{Retention, Store};
use aegis_testkit::wait_until;

use crate::installation::Installation;
use crate::log::fold;
use crate::process::{in_a_small_file_system, remount};
use crate::projector::{held, log};
use crate::store::views;

const LIMIT: Duration = Duration::from_secs(30);

fn gap(first: u64, last: u64) -> Gap {
    Gap { first: Sequence(first), last: Sequence(last) }
}

#[tokio::test]
async fn what_the_log_has_lost_is_recorded_and_stops_nobody() {
    let installation = Installation::unprotected().await;
    let (path, log) = (installation.path("p.sqlite"), log(60));
    let stream = installation.connection.jetstream().get_stream("AEGIS_EVENTS").await.unwrap();
    installation.record(&log.events[..50]).await;
    stream.purge().sequence(6).await.unwrap();
    for lost in [20, 21, 22, 40] {
        stream.delete_message(lost).await.unwrap();
    }
    let gaps = [gap(1, 5), gap(20, 22), gap(40, 40)];
    let left = |end: u64| {
        let lost =
            |sequence| gaps.iter().any(|gap| gap.first.get() <= sequence && sequence <= gap.last.get());
        fold(log.events.iter().filter(|r| r.sequence.get() <= end && !lost(r.sequence.get())))
    };
    let running = installation.project(&path).await;
    assert_eq!(running.reaches(50).await, left(50));
    assert_eq!(running.store.gaps().await.unwrap(), gaps);
    drop(running);
    installation.record(&log.events[50..60]).await;
    let running = installation.project(&path).await;
    assert_eq!(running.reaches(60).await, left(60));
    assert_eq!(running.store.gaps().await.unwrap(), gaps, "a restart forgets none");
    assert_eq!(running.store.progress().gaps(), 3);
    running.handle.rebuild().await.unwrap();
    assert_eq!(running.store.gaps().await.unwrap(), gaps);
    let replayed = from_log(&installation.connection, At::Sequence(Sequence(60)), vec![]).await.unwrap();
    assert_eq!(replayed, Replayed { state: left(60), events: 51, dead: 0, gaps: gaps.to_vec() });
}

#[tokio::test]
async fn a_replay_of_the_log_tells_what_the_index_tells() {
    let installation = Installation::start().await;
    let log = log(400);
    let end = log.events.len() as u64;
    installation.record(&log.events).await;
    let retention = Retention { snapshot_every: 60, ..Retention::default() };
    let running = installation.project_with(&installation.path("p.sqlite"), retention).await;
    running.reaches(end).await;
    let times: Vec<_> =
        crate::store::held(&running.store).await.iter().map(|event| event.recorded_at).collect();
    for n in [0, 1, 77, 200, end - 1, end] {
        let by_time = n.checked_sub(1).map(|index| At::Time(times[usize::try_from(index).unwrap()]));
        for at in [Some(At::Sequence(Sequence(n))), by_time].into_iter().flatten() {
            let replayed = from_log(&installation.connection, at, vec![]).await.unwrap();
            let told = running.store.as_of(at).await.unwrap();
            assert_eq!(replayed.state.canonical().unwrap(), told.canonical().unwrap(), "{at:?}");
            assert!(replayed.events >= n, "{at:?}");
        }
    }
    let beyond = from_log(&installation.connection, At::Sequence(Sequence(end + 9)), vec![]).await.unwrap();
    assert_eq!(beyond.state, log.state());
    let filters = vec!["aegis.event.definition.>".to_owned()];
    let part = from_log(&installation.connection, At::Sequence(Sequence(end)), filters).await.unwrap();
    assert_eq!((part.state.definitions, part.state.instances.len()), (log.state().definitions, 0));
    assert_eq!(part.gaps, [], "what the filter leaves out is not lost");
}

#[tokio::test]
async fn a_file_that_is_damaged_under_a_running_projector_is_rebuilt() {
    let installation = Installation::start().await;
    let (path, log) = (installation.path("p.sqlite"), log(600));
    let end = log.events.len() as u64;
    installation.record(&log.events[..500]).await;
    let running = installation.project(&path).await;
    running.reaches(500).await;
    crate::store::statement(&path, "PRAGMA wal_checkpoint(TRUNCATE)").await;
    let length = path.metadata().unwrap().len();
    let zeros = vec![0xff; usize::try_from(length).unwrap() - 4096];
    std::os::unix::fs::FileExt::write_all_at(
        &std::fs::File::options().write(true).open(&path).unwrap(),
        &zeros,
        4096,
    )
    .unwrap();
    installation.record(&log.events[500..]).await;
    assert_eq!(running.reaches(end).await, log.state());
    assert_eq!(held(&running.store).await, views(&log.events));
    assert_eq!(running.store.progress().rebuilds(), 2, "one at the start, and one for the damage");
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_when_there_is_room_it_goes_on() {
    let test = "faults::a_full_disk_loses_nothing_and_when_there_is_room_it_goes_on";
    let folder = tempfile::tempdir().unwrap();
    let Some(folder) = in_a_small_file_system(test, folder.path(), 1000).await else { return };
    let installation = Installation::start().await;
    let (path, log) = (Path::new(&folder).join("p.sqlite"), log(3000));
    let end = log.events.len() as u64;
    let running = installation.project(&path).await;
    installation.record(&log.events).await;
    wait_until("the disk to be full", LIMIT, async || {
        let failures = running.store.progress().failures();
        if failures > 1 { Ok(()) } else { Err(format!("{failures} failures at {}", running.position())) }
    })
    .await;
    let before = running.position();
    assert!(before.get() < end);
    remount(&folder, "size=60000k").await;
    assert_eq!(running.reaches(end).await, log.state());
    assert_eq!(held(&running.store).await, views(&log.events));
}

#[tokio::test]
async fn a_rebuild_for_which_there_is_no_room_is_begun_again_when_there_is() {
    let test = "faults::a_rebuild_for_which_there_is_no_room_is_begun_again_when_there_is";
    let folder = tempfile::tempdir().unwrap();
    let Some(folder) = in_a_small_file_system(test, folder.path(), 600).await else { return };
    let installation = Installation::start().await;
    let (path, log) = (Path::new(&folder).join("p.sqlite"), log(2000));
    let end = log.events.len() as u64;
    installation.record(&log.events).await;
    let running = installation.project(&path).await;
    wait_until("a rebuild to fail", LIMIT, async || match running.store.progress().failures() {
        0 => Err("none has".to_owned()),
        _ => Ok(()),
    })
    .await;
    assert_eq!(running.position(), Sequence::ZERO);
    remount(&folder, "size=60000k").await;
    assert_eq!(running.reaches(end).await, log.state());
    assert_eq!(held(&running.store).await, views(&log.events));
}

#[tokio::test]
async fn a_read_only_folder_is_named_and_the_file_in_it_stays_whole() {
    let test = "faults::a_read_only_folder_is_named_and_the_file_in_it_stays_whole";
    let folder = tempfile::tempdir().unwrap();
    let Some(folder) = in_a_small_file_system(test, folder.path(), 10_000).await else { return };
    let path = Path::new(&folder).join("p.sqlite");
    let log = crate::store::filled(&path).await;
    wait_until("the file to be closed", LIMIT, async || {
        // The pool of the writer closes its files in the background.
        if Path::new(&folder).join("p.sqlite-shm").exists() { Err("it is open".to_owned()) } else { Ok(()) }
    })
    .await;
    remount(&folder, "ro").await;
    let error = Store::open(&path, Retention::default()).await.unwrap_err();
    assert!(error.to_string().contains("p.sqlite"), "{error}");
    remount(&folder, "rw").await;
    assert_eq!(*crate::store::restored(&path).await.state(), log.state());
}
