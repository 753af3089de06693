//! A projection made anew beside the live one: the same, and nobody notices.

use std::path::Path;
use std::time::Duration;

use aegis_domain::Sequence;
use aegis_projections::Retention;
use aegis_projections::store::{At, EventFilter, Window};
use aegis_testkit::wait_until;
use tokio_util::sync::CancellationToken;

use crate::installation::Installation;
use crate::projector::{held, log};
use crate::store::{dump, views};

const LIMIT: Duration = Duration::from_secs(30);

fn leftovers(path: &Path) -> Vec<String> {
    let names = path.parent().unwrap().read_dir().unwrap().map(|file| file.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    names.filter(|name| name.contains("rebuild")).collect()
}

#[tokio::test]
async fn a_rebuild_has_the_same_tables_as_what_grew_batch_by_batch() {
    let installation = Installation::start().await;
    let (grown, path) = (installation.path("grown.sqlite"), installation.path("p.sqlite"));
    let retention = Retention { events: 300, snapshot_every: 60, ..Retention::default() };
    let log = log(900);
    let end = log.events.len() as u64;
    // An empty log: this one follows from the first event on.
    let follower = installation.project_with(&grown, retention).await;
    for part in log.events.chunks(23) {
        installation.record(part).await;
    }
    let state = follower.reaches(end).await;
    let running = installation.project_with(&path, retention).await;
    assert_eq!(running.reaches(end).await, state);
    assert_eq!(running.store.progress().rebuilds(), 1);
    assert_eq!(follower.store.progress().rebuilds(), 0);
    let expected = dump(&grown).await;
    assert_eq!(dump(&path).await, expected);
    assert_eq!(follower.handle.rebuild().await.unwrap(), Sequence(end));
    assert_eq!(dump(&grown).await, expected);
    assert_eq!(leftovers(&path), [""; 0]);
}

#[tokio::test]
async fn readers_page_and_ask_on_while_the_file_is_replaced_and_the_log_grows() {
    let installation = Installation::start().await;
    let (path, log) = (installation.path("p.sqlite"), log(1500));
    let end = log.events.len() as u64;
    let (before, after) = log.events.split_at(500);
    installation.record(before).await;
    let running = installation.project(&path).await;
    running.reaches(500).await;
    let over = CancellationToken::new();
    let reader = {
        let (store, over) = (running.store.clone(), over.clone());
        tokio::spawn(async move {
            let (mut pages, mut seen) = (0, Sequence::ZERO);
            while !over.is_cancelled() {
                let filter = EventFilter { service: Some("echo".into()), ..EventFilter::default() };
                let page = store.events(&filter, Window::Last { count: 100, before: None }).await.unwrap();
                assert!(page.as_of >= seen, "readers see the projection go back");
                seen = page.as_of;
                let state = store.as_of(At::Sequence(Sequence(400))).await.unwrap();
                assert_eq!(state.position, Sequence(400));
                pages += 1;
            }
            pages
        })
    };
    let rebuilds = async {
        for _ in 0..8 {
            running.handle.rebuild().await.unwrap();
        }
    };
    let growth = async {
        for part in after.chunks(50) {
            installation.record(part).await;
        }
    };
    tokio::join!(rebuilds, growth);
    let state = running.reaches(end).await;
    over.cancel();
    assert!(reader.await.unwrap() > 0);
    // The first was at the start, when the file was new.
    assert_eq!(running.store.progress().rebuilds(), 9);
    assert_eq!(state, log.state());
    assert_eq!(held(&running.store).await, views(&log.events));
}

#[tokio::test]
async fn two_replicas_and_a_rebuild_tell_one_truth() {
    let installation = Installation::start().await;
    let log = log(1200);
    let (half, rest) = log.events.split_at(600);
    installation.record(half).await;
    let paths = [installation.path("1.sqlite"), installation.path("2.sqlite")];
    let (first, second) = (installation.project(&paths[0]).await, installation.project(&paths[1]).await);
    first.reaches(600).await;
    let (rebuilt, ()) = tokio::join!(first.handle.rebuild(), installation.record(rest));
    assert!(rebuilt.unwrap() >= Sequence(600));
    let end = log.events.len() as u64;
    assert_eq!(first.reaches(end).await, second.reaches(end).await);
    assert_eq!(dump(&paths[0]).await, dump(&paths[1]).await);
    let entries = async || crate::kv::all(&installation).await;
    let expected = crate::kv::owed(&log.state());
    wait_until("every KV entry to be the newest", LIMIT, async || {
        let found = entries().await;
        if found == expected { Ok(()) } else { Err(format!("{} of {}", found.len(), expected.len())) }
    })
    .await;
}

#[tokio::test]
async fn what_a_rebuild_left_behind_is_removed_at_the_next_start() {
    let installation = Installation::start().await;
    let (path, log) = (installation.path("p.sqlite"), log(100));
    let end = log.events.len() as u64;
    installation.record(&log.events).await;
    drop(installation.project(&path).await.reaches(end).await);
    for suffix in ["", "-wal", "-shm", "-journal"] {
        std::fs::write(installation.path(&format!("p.sqlite.rebuild{suffix}")), "half of a rebuild").unwrap();
    }
    let running = installation.project(&path).await;
    assert_eq!(leftovers(&path), [""; 0]);
    assert_eq!(running.position(), Sequence(end), "and the live file is as it was");
    running.handle.rebuild().await.unwrap();
    assert_eq!(running.reaches(end).await, log.state());
}

#[tokio::test]
async fn requests_during_a_rebuild_share_its_outcome() {
    let installation = Installation::start().await;
    let log = log(300);
    installation.record(&log.events).await;
    let running = installation.project(&installation.path("p.sqlite")).await;
    let ask = || running.handle.rebuild();
    let (a, b, c) = tokio::join!(ask(), ask(), ask());
    let end = Sequence(log.events.len() as u64);
    assert_eq!([a, b, c], [Ok(end), Ok(end), Ok(end)]);
    assert_eq!(running.store.progress().rebuilds(), 1, "it was the one of the start");
}

#[tokio::test]
async fn a_rebuild_that_cannot_be_written_leaves_the_live_projection_as_it_was() {
    let installation = Installation::start().await;
    let (path, log) = (installation.path("p.sqlite"), log(300));
    let end = log.events.len() as u64;
    let (before, after) = log.events.split_at(200);
    installation.record(before).await;
    let running = installation.project(&path).await;
    running.reaches(200).await;
    // A folder of this name can be neither removed nor opened.
    let blocked = installation.path("p.sqlite.rebuild");
    std::fs::create_dir_all(blocked.join("full")).unwrap();
    let error = running.handle.rebuild().await.unwrap_err().to_string();
    assert!(error.contains("p.sqlite.rebuild"), "{error}");
    installation.record(after).await;
    assert_eq!(running.reaches(end).await, log.state());
    std::fs::remove_dir_all(blocked).unwrap();
    running.handle.rebuild().await.unwrap();
    assert_eq!(running.reaches(end).await, log.state());
}
