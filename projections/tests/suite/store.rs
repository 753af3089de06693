//! The store: what is committed is there after a restart, and only for the log it came from.

use std::path::Path;

use aegis_domain::{Recorded, Sequence};
use aegis_projections::store::{Batch, DeadLetter, EventFilter, Window};
use aegis_projections::view::EventView;
use aegis_projections::{State, Store};
use proptest::prelude::*;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use crate::log::{Log, any_log, content, service};

pub(crate) const LOG: &str = "AEGIS_EVENTS created today";
const END: Sequence = Sequence(u64::MAX);

/// What the projector makes of a run of events.
pub(crate) fn batch(events: &[Recorded]) -> Batch {
    Batch {
        touched: events.iter().map(|recorded| recorded.envelope.aggregate.clone()).collect(),
        events: events.iter().map(EventView::of).collect(),
        dead: vec![],
    }
}

pub(crate) async fn restored(path: &Path) -> (Store, State) {
    let store = Store::open(path).await.unwrap();
    let state = store.restore(LOG, END).await.unwrap();
    (store, state)
}

/// All events that the store holds.
pub(crate) async fn held(store: &Store) -> Vec<EventView> {
    let window = Window::First { count: u32::MAX, after: Sequence::ZERO };
    store.events(&EventFilter::default(), window).await.unwrap().events
}

/// A log of some length, committed to a new store under this path.
pub(crate) async fn filled(path: &Path) -> Log {
    let mut log = Log::default();
    let id = aegis_domain::AggregateId::Definition(service("echo"));
    for n in 0..200 {
        let event =
            aegis_domain::aggregate::definition::DefinitionEvent::Amended(content(&format!("owner {n}")));
        log.record(&id, event.into());
    }
    let (store, _) = restored(path).await;
    store.commit(&log.state(), &batch(&log.events)).await.unwrap();
    close(store, path).await;
    log
}

/// Ends the store as a clean stop does: everything in the one file.
async fn close(store: Store, path: &Path) {
    drop(store);
    statement(path, "PRAGMA wal_checkpoint(TRUNCATE)").await;
}

/// Changes the database behind the store's back.
pub(crate) async fn statement(path: &Path, statement: &'static str) {
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(path)).await.unwrap();
    sqlx::raw_sql(statement).execute(&pool).await.unwrap();
    pool.close().await;
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

proptest! {
    // Each case writes files.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_rebuild_equals_any_split_into_batches_with_restarts_between(
        log in any_log(), sizes in proptest::collection::vec((1..9_usize, proptest::bool::weighted(0.15)), 80),
    ) {
        let (state, events) = block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("p.sqlite");
            let (mut store, mut state) = restored(&path).await;
            let mut rest = &log.events[..];
            for (size, restart) in sizes {
                let (part, after) = rest.split_at(size.min(rest.len()));
                rest = after;
                part.iter().for_each(|recorded| state.apply(recorded));
                store.commit(&state, &batch(part)).await.unwrap();
                // Written again, as after an answer that was lost.
                store.commit(&state, &batch(part)).await.unwrap();
                if restart {
                    (store, state) = restored(&path).await;
                }
            }
            let (store, state) = restored(&path).await;
            (state, held(&store).await)
        });
        prop_assert_eq!(state, log.state());
        prop_assert_eq!(events, log.events.iter().map(EventView::of).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn another_log_empties_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.sqlite");
    let log = filled(&path).await;
    assert_eq!(restored(&path).await.1, log.state());
    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.restore("AEGIS_EVENTS created tomorrow", END).await.unwrap(), State::default());
    assert_eq!(held(&store).await, []);
    assert_eq!(store.restore(LOG, END).await.unwrap(), State::default(), "nothing comes back");
}

#[tokio::test]
async fn a_log_that_ends_before_the_position_empties_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.sqlite");
    let log = filled(&path).await;
    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.restore(LOG, Sequence(200)).await.unwrap(), log.state());
    assert_eq!(store.restore(LOG, Sequence(199)).await.unwrap(), State::default());
}

#[tokio::test]
async fn a_store_of_another_version_is_emptied_whatever_its_tables() {
    let versions = [
        "PRAGMA user_version = 1000",
        "PRAGMA user_version = 1000; DROP TABLE meta; ALTER TABLE events RENAME COLUMN service TO name",
        // Of a time when there was none, or half made.
        "PRAGMA user_version = 0",
    ];
    for version in versions {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.sqlite");
        let log = filled(&path).await;
        statement(&path, version).await;
        let (store, state) = restored(&path).await;
        assert_eq!(state, State::default(), "{version}");
        assert_eq!(held(&store).await, [], "{version}");
        store.commit(&log.state(), &batch(&log.events)).await.unwrap();
        assert_eq!(restored(&path).await.1, log.state(), "{version}");
    }
}

#[tokio::test]
async fn dead_letters_are_counted_once_and_their_place_is_passed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.sqlite");
    let (store, mut state) = restored(&path).await;
    state.skip(Sequence(7));
    let dead =
        DeadLetter { sequence: Sequence(7), subject: "aegis.event.junk".into(), reason: "junk".into() };
    let batch = Batch { dead: vec![dead], ..Batch::default() };
    store.commit(&state, &batch).await.unwrap();
    store.commit(&state, &batch).await.unwrap();
    let (store, state) = restored(&path).await;
    assert_eq!((store.dead_letters().await.unwrap(), state.position), (1, Sequence(7)));
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named() {
    use std::error::Error as _;
    // Nobody, root included, can make a file there.
    let path = Path::new("/proc/self/projection.sqlite");
    let error = Store::open(path).await.unwrap_err();
    assert!(error.to_string().contains("/proc/self/projection.sqlite"), "{error}");
    assert!(error.source().unwrap().to_string().contains("unable to open database file"), "{error:?}");
}
