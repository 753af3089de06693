//! What the log or the disk may do to a projection.

use std::path::Path;
use std::time::Duration;

use aegis_domain::Sequence;
use aegis_projections::engine::{Gap, ProblemCode};
use aegis_projections::replay::{Replayed, from_log};
use aegis_projections::store::At;
use aegis_projections::{Retention, Store};
use aegis_testkit::wait_until;

use crate::installation::{Installation, Running};
use crate::log::fold;
use crate::process::{in_a_small_file_system, remount};
use crate::projector::{held, log};
use crate::store::views;

const LIMIT: Duration = Duration::from_secs(30);

fn gap(first: u64, last: u64) -> Gap {
    Gap { first: Sequence(first), last: Sequence(last) }
}

#[tokio::test]
async fn gaps_of_the_log_are_recorded_and_do_not_stop_the_projection() {
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
    // Until not one page more fits: whether the events alone fill it goes by how many are written at a time.
    std::fs::write(Path::new(&folder).join("filler"), vec![7; 1 << 20]).unwrap_err();
    installation.record(&log.events).await;
    wait_until("the disk to be full", LIMIT, async || {
        let failures = running.store.progress().failures();
        if failures > 1 { Ok(()) } else { Err(format!("{failures} failures at {}", running.position())) }
    })
    .await;
    assert!(running.store.progress().position().get() < end);
    assert_eq!(running.reaches(end).await, log.state(), "memory goes on");
    remount(&folder, "size=60000k").await;
    written(&running, end).await;
    assert_eq!(held(&running.store).await, views(&log.events));
}

/// Waits until the file holds this, and nothing is wrong any more.
async fn written(running: &Running, position: u64) {
    wait_until("the file to be written", LIMIT, async || {
        let progress = running.store.progress();
        let (at, problems) = (progress.position(), progress.problems());
        if at.get() >= position && problems.is_empty() { Ok(()) } else { Err(format!("{at}: {problems:?}")) }
    })
    .await;
}

#[tokio::test]
async fn on_a_disk_that_is_full_again_and_again_memory_goes_on_and_as_of_is_never_wrong() {
    let test = "faults::on_a_disk_that_is_full_again_and_again_memory_goes_on_and_as_of_is_never_wrong";
    let folder = tempfile::tempdir().unwrap();
    let Some(folder) = in_a_small_file_system(test, folder.path(), 6000).await else { return };
    let installation = Installation::start().await;
    let (path, filler) = (Path::new(&folder).join("p.sqlite"), Path::new(&folder).join("filler"));
    let log = log(2400);
    let running = installation.project(&path).await;
    let mut recorded = 0;
    for round in 0..6_u64 {
        // Until not one page more fits.
        std::fs::write(&filler, vec![7; 6 << 20]).unwrap_err();
        let failures = running.store.progress().failures();
        while running.store.progress().failures() < failures + 2 {
            let end = (recorded + 25).min(log.events.len());
            installation.record(&log.events[recorded..end]).await;
            recorded = end;
            let state = running.reaches(recorded as u64).await;
            assert_eq!(state, fold(&log.events[..recorded]), "memory goes on");
            // Every connection of the pool is asked, and so is whichever failed.
            let position = running.store.progress().position();
            let asked = [position.get() / 2, position.get()].into_iter().cycle().take(12);
            let told = asked.map(async |at| (at, running.store.as_of(At::Sequence(Sequence(at))).await));
            for (at, told) in futures_util::future::join_all(told).await {
                // A disk that is full may have no room for a reader's lock either.
                if let Ok(told) = told {
                    assert_eq!(
                        told,
                        fold(&log.events[..usize::try_from(at).unwrap()]),
                        "{round}: as of {at}"
                    );
                }
            }
            if recorded == log.events.len() {
                wait_until("a failure", LIMIT, async || {
                    let now = running.store.progress().failures();
                    if now >= failures + 2 { Ok(()) } else { Err(now.to_string()) }
                })
                .await;
            }
        }
        let problems = running.store.progress().problems();
        assert_eq!(problems.iter().map(|it| it.code).collect::<Vec<_>>(), [ProblemCode::Unwritable]);
        assert!(problems[0].message.contains("served from memory"), "{problems:?}");
        std::fs::remove_file(&filler).unwrap();
        written(&running, recorded as u64).await;
        let told = running.store.as_of(At::Sequence(Sequence(recorded as u64))).await.unwrap();
        assert_eq!(told, fold(&log.events[..recorded]));
    }
    assert_eq!(held(&running.store).await, views(&log.events[..recorded]));
}

#[tokio::test]
async fn a_rebuild_for_which_there_is_no_room_is_begun_again_when_there_is() {
    let test = "faults::a_rebuild_for_which_there_is_no_room_is_begun_again_when_there_is";
    let folder = tempfile::tempdir().unwrap();
    let Some(folder) = in_a_small_file_system(test, folder.path(), 600).await else { return };
    let installation = Installation::start().await;
    let (path, log) = (Path::new(&folder).join("p.sqlite"), log(3000));
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
        // The pool of the writer closes its files in the background, and of two that close at once neither may be the
        // last.
        if !Path::new(&folder).join("p.sqlite-shm").exists() {
            return Ok(());
        }
        crate::store::statement(&path, "PRAGMA wal_checkpoint(TRUNCATE)").await;
        Err("it is open".to_owned())
    })
    .await;
    remount(&folder, "ro").await;
    let error = Store::open(&path, Retention::default()).await.unwrap_err();
    assert!(error.to_string().contains("p.sqlite"), "{error}");
    remount(&folder, "rw").await;
    assert_eq!(*crate::store::restored(&path).await.state(), log.state());
}
