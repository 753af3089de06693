//! A projector in a process of its own, killed without a warning, at any moment of its life.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aegis_domain::wire::Encoded;
use aegis_projections::state::KEEP_ENDED;
use aegis_projections::{Projector, Retention, Store};
use aegis_sdk::{ConnectOptions, Connection};
use tokio_util::sync::CancellationToken;

use crate::installation::{Installation, encode};
use crate::process::{again, role};
use crate::projector::log;
use crate::store::dump;

const KILLS: usize = 100;
const RETENTION: Retention = Retention { events: 1000, snapshot_every: 150, keep_ended: KEEP_ENDED };
/// Longer than any victim lives.
const LIFE: Duration = Duration::from_secs(60);
const TEST: &str = "kill::a_process_killed_at_a_hundred_points_leaves_the_bytes_of_one_that_was_not";

/// Projects until killed.
async fn victim(url: &str, path: &Path) {
    let connection = Connection::open(ConnectOptions::new(url.to_owned(), "victim")).await.unwrap();
    let store = Store::open(path, RETENTION).await.unwrap();
    let (projector, _live, mut changes) = Projector::restore(&connection, &store).await.unwrap();
    tokio::spawn(async move { while changes.recv().await.is_some() {} });
    projector.run(CancellationToken::new()).await;
}

/// How far a database has come, as far as one can see from outside.
fn size(path: &Path) -> u64 {
    let of = |path: PathBuf| path.metadata().map_or(0, |file| file.len());
    of(path.to_owned()) + of(path.with_extension("sqlite-wal")) + of(path.with_extension("sqlite.rebuild"))
}

#[tokio::test]
async fn a_process_killed_at_a_hundred_points_leaves_the_bytes_of_one_that_was_not() {
    if let Some(role) = role() {
        let (url, path) = role.split_once(' ').unwrap();
        return victim(url, Path::new(path)).await;
    }
    let installation = Installation::start().await;
    let (calm, path) = (installation.path("calm.sqlite"), installation.path("p.sqlite"));
    let undisturbed = installation.project_with(&calm, RETENTION).await;
    let log = log(3000);
    let messages: Vec<_> =
        log.events.iter().enumerate().map(|(index, recorded)| spoilt(index, encode(recorded))).collect();
    let share = messages.len() / KILLS;
    let parts = messages.chunks(share);
    let kills = parts.len();
    assert!(kills >= KILLS);
    let (mut alive, mut at_work) = (0, 0);
    for (kill, part) in (0..).zip(parts) {
        if kill % 20 == 19 {
            // From time to time all of it is to be made anew.
            std::fs::remove_file(&path).unwrap();
        }
        let before = size(&path);
        let child = again(TEST, &format!("{} {}", installation.url(), path.display())).spawn();
        let life = Duration::from_millis(kill * 0x9e37 % 230);
        // The moment is drawn, and is not to depend on what the process has done by then.
        let (_late, ()) = tokio::join!(
            tokio::time::timeout(life, child.wait_exit(LIFE)),
            installation.publish(part.to_vec())
        );
        alive += usize::from(child.exit_status().is_none());
        child.kill();
        at_work += u32::from(size(&path) != before);
    }
    assert_eq!(alive, kills, "a victim ended by itself");
    assert!(at_work > 20, "{at_work} of {kills} had written anything");
    let end = messages.len() as u64;
    let survivor = installation.project_with(&path, RETENTION).await;
    assert_eq!(survivor.reaches(end).await, undisturbed.reaches(end).await);
    assert!(dump(&path).await == dump(&calm).await, "the tables differ");
    assert!(undisturbed.store.dead_letters().await.unwrap() > 0);
}

/// Every hundredth message is no event.
fn spoilt(index: usize, mut message: Encoded) -> Encoded {
    if index % 100 == 99 {
        message.body = b"junk".to_vec();
    }
    message
}
