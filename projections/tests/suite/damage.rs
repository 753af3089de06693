//! A damaged database is no reason to fail: the log has everything that was in it.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aegis_projections::engine::FileCheck;
use aegis_projections::{Retention, State, Store};

use crate::store::{filled, held, restored, statement, views};

/// Damages a filled store, opens it, fills it again, and finds everything in it.
async fn is_rebuilt(what: &str, damage: impl AsyncFnOnce(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.sqlite");
    let log = filled(&path).await;
    damage(&path).await;
    let mut opened = restored(&path).await;
    assert_eq!(*opened.state(), State::default(), "{what}: half a projection was taken for a whole one");
    assert_eq!(held(&opened.store).await, [], "{what}");
    opened.record(&log.events).await;
    let opened = restored(&path).await;
    assert_eq!(*opened.state(), log.state(), "{what}");
    assert_eq!(held(&opened.store).await, views(&log.events), "{what}");
}

#[tokio::test]
async fn a_file_of_garbage_is_rebuilt() {
    is_rebuilt("garbage", async |path| fs::write(path, "garbage ".repeat(2000)).unwrap()).await;
}

#[tokio::test]
async fn a_truncated_file_is_rebuilt_wherever_it_was_cut() {
    for percent in [0, 1, 10, 50, 90] {
        is_rebuilt(&format!("{percent} % of the file"), async |path| {
            let bytes = fs::read(path).unwrap();
            assert!(bytes.len() > 100_000, "the store holds too little to be cut");
            fs::write(path, &bytes[..bytes.len() * percent / 100]).unwrap();
        })
        .await;
    }
}

#[tokio::test]
async fn a_file_cut_between_two_pages_is_rebuilt() {
    is_rebuilt("whole pages", async |path| {
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[..bytes.len() / 2 / 4096 * 4096]).unwrap();
    })
    .await;
}

#[tokio::test]
async fn pages_of_zeros_are_rebuilt() {
    is_rebuilt("zeros", async |path| {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2 / 4096 * 4096;
        bytes[middle..middle + 3 * 4096].fill(0);
        fs::write(path, bytes).unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_rebuilt() {
    let changes = [
        "UPDATE definitions SET doc = '{}'",
        "UPDATE definitions SET doc = CAST(x'ff' AS TEXT)",
        "UPDATE meta SET log = CAST(x'ff' AS TEXT)",
    ];
    for change in changes {
        is_rebuilt(change, async |path| statement(path, change).await).await;
    }
}

#[tokio::test]
async fn a_deleted_file_is_rebuilt() {
    is_rebuilt("deleted", async |path| fs::remove_file(path).unwrap()).await;
}

#[tokio::test]
async fn the_check_of_a_file_tells_how_far_it_has_come() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.sqlite");
    {
        let store = Store::open(&path, Retention::default()).await.unwrap();
        let pool = store.database().pool().await;
        let fill = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
                    INSERT INTO snapshots SELECT i, hex(randomblob(1000)) FROM n";
        sqlx::query(fill).execute(&*pool).await.unwrap();
        pool.close().await;
    }
    let check = FileCheck::default();
    let ended = Arc::new(AtomicBool::new(false));
    let (watched, until) = (check.clone(), Arc::clone(&ended));
    let watcher = std::thread::spawn(move || {
        let mut shown = Vec::new();
        while !until.load(Ordering::Relaxed) {
            shown.extend(watched.percent());
        }
        shown
    });
    Store::open_watched(&path, Retention::default(), &check).await.unwrap();
    ended.store(true, Ordering::Relaxed);
    let shown = watcher.join().unwrap();
    assert!(shown.is_sorted(), "it never goes back");
    assert!(shown.last() > Some(&10), "{:?}", shown.last());
    assert_eq!(check.percent(), None);
}
