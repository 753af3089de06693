//! The store: what is committed is there after a restart, and only for the log it came from.

use std::path::Path;

use aegis_domain::{Recorded, Sequence};
use aegis_projections::engine::{Entry, Held, Stream};
use aegis_projections::registry::{Content, Dead, Event, Registry};
use aegis_projections::store::{EventFilter, Window};
use aegis_projections::view::EventView;
use aegis_projections::{Retention, State, Store};
use chrono::{DateTime, Utc};
use proptest::prelude::*;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{AssertSqlSafe, Row as _};

use crate::installation::encode;
use crate::log::{Log, any_log, content, service, time};

pub(crate) const LOG: &str = "AEGIS_EVENTS created today";
pub(crate) const END: Sequence = Sequence(u64::MAX);

/// When the stream of these tests takes a message.
pub(crate) fn recorded_at(sequence: Sequence) -> DateTime<Utc> {
    time(sequence.get())
}

/// What is read of an event in the log.
pub(crate) fn entry(recorded: &Recorded) -> Entry<Content> {
    let message = encode(recorded);
    let (kind, body) = (recorded.envelope.event.event_type(), String::from_utf8(message.body).unwrap());
    let event = Event::new(recorded.envelope.clone(), kind, body);
    let sequence = recorded.sequence;
    let (recorded_at, value) = (recorded_at(sequence), Content::Event(Box::new(event)));
    Entry { sequence, recorded_at, pending: 0, anchor: None, value }
}

/// What is read of a message that is no event.
pub(crate) fn dead(sequence: Sequence) -> Entry<Content> {
    let dead = Dead { subject: "aegis.event.junk".into(), reason: "junk".into(), owed: false };
    Entry {
        sequence,
        recorded_at: recorded_at(sequence),
        pending: 0,
        anchor: None,
        value: Content::Dead(dead),
    }
}

pub(crate) fn view(recorded: &Recorded) -> EventView {
    EventView::of(recorded, recorded_at(recorded.sequence))
}

pub(crate) fn views(events: &[Recorded]) -> Vec<EventView> {
    events.iter().map(view).collect()
}

/// A store, with the projection that writes it.
pub(crate) struct Opened {
    pub(crate) store: Store,
    pub(crate) held: Held<Registry>,
}

impl Opened {
    pub(crate) fn state(&self) -> &State {
        self.held.projection.state()
    }

    /// Applies and commits, twice, as after an answer that was lost.
    pub(crate) async fn take(&mut self, entries: Vec<Entry<Content>>) {
        let folded = [self.held.fold(entries)];
        self.held.commit(&folded).await.unwrap();
        self.held.commit(&folded).await.unwrap();
    }

    pub(crate) async fn record(&mut self, events: &[Recorded]) {
        self.take(events.iter().map(entry).collect()).await;
    }
}

pub(crate) async fn restored(path: &Path) -> Opened {
    opened(path, Retention::default(), LOG, END).await
}

pub(crate) async fn opened(path: &Path, retention: Retention, log: &str, end: Sequence) -> Opened {
    let store = Store::open(path, retention).await.unwrap();
    let stream = Stream::new(log, end);
    let held = Held::restore(store.database().clone(), &retention, &stream).await.unwrap();
    Opened { store, held }
}

/// Every row of every table, as text.
pub(crate) async fn dump(path: &Path) -> String {
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    let names = |query: String| {
        let pool = pool.clone();
        async move {
            let rows = sqlx::query(AssertSqlSafe(query)).fetch_all(&pool).await.unwrap();
            rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>()
        }
    };
    let mut text = names("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name".into()).await;
    for table in names("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name".into()).await {
        let columns =
            names(format!("SELECT 'quote(' || name || ')' FROM pragma_table_info('{table}')")).await;
        let columns = columns.join(" || ' ' || ");
        text.push(table.clone());
        text.extend(names(format!("SELECT {columns} FROM {table} ORDER BY 1")).await);
    }
    pool.close().await;
    text.join("\n")
}

/// All events that the file holds; pages that begin at the end come from nowhere else.
pub(crate) async fn held(store: &Store) -> Vec<EventView> {
    let window = Window::Last { count: u32::MAX, before: None };
    let page = store.events(&EventFilter::default(), window).await.unwrap();
    page.events.into_iter().map(std::sync::Arc::unwrap_or_clone).collect()
}

/// A log of some length, committed to a new store under this path.
pub(crate) async fn filled(path: &Path) -> Log {
    let mut log = Log::default();
    let id = aegis_domain::AggregateId::Definition(service("echo"));
    for n in 0..200 {
        let event = aegis_domain::aggregate::definition::DefinitionEvent::Amended {
            content: content(&format!("owner {n}")),
            reason: None,
        };
        log.record(&id, event.into());
    }
    let mut opened = restored(path).await;
    opened.record(&log.events).await;
    close(opened.store, path).await;
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

pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
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
            let mut opened = restored(&path).await;
            let mut rest = &log.events[..];
            for (size, restart) in sizes {
                let (part, after) = rest.split_at(size.min(rest.len()));
                rest = after;
                opened.record(part).await;
                if restart {
                    opened = restored(&path).await;
                }
            }
            opened.record(rest).await;
            let opened = restored(&path).await;
            let whole = folder.path().join("whole.sqlite");
            restored(&whole).await.record(&log.events).await;
            assert_eq!(dump(&path).await, dump(&whole).await);
            (opened.state().clone(), held(&opened.store).await)
        });
        prop_assert_eq!(state, log.state());
        prop_assert_eq!(events, views(&log.events));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_delivered_again_changes_no_table(
        log in any_log(), steps in proptest::collection::vec((1..9_usize, 0..12_usize), 1..40),
    ) {
        block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let (path, whole) = (folder.path().join("p.sqlite"), folder.path().join("whole.sqlite"));
            let often = Retention { events: 20, snapshot_every: 6, ..Retention::default() };
            let mut opened = opened(&path, often, LOG, END).await;
            let mut at = 0;
            for (forward, back) in steps {
                let end = (at + forward).min(log.events.len());
                let folded = opened.held.fold(log.events[at.saturating_sub(back)..end].iter().map(entry).collect());
                assert_eq!((folded.applied, folded.duplicates), (end - at, back.min(at)));
                assert_eq!(folded.gaps, []);
                opened.held.commit(&[folded]).await.unwrap();
                at = end;
            }
            crate::store::opened(&whole, often, LOG, END).await.record(&log.events[..at]).await;
            assert!(dump(&path).await == dump(&whole).await, "the tables differ");
        });
    }
}

#[tokio::test]
async fn a_batch_whose_checkpoint_cannot_be_written_is_not_written_either() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.sqlite");
    let log = filled(&path).await;
    let before = dump(&path).await;
    let mut opened = restored(&path).await;
    statement(&path, "CREATE TRIGGER no BEFORE UPDATE ON meta BEGIN SELECT RAISE(ABORT, 'no'); END").await;
    let mut next = entry(&log.events[0]);
    next.sequence = Sequence(201);
    let folded = [opened.held.fold(vec![next])];
    opened.held.commit(&folded).await.unwrap_err();
    statement(&path, "DROP TRIGGER no").await;
    assert!(dump(&path).await == before, "half a batch was kept");
    opened.held.commit(&folded).await.unwrap();
    assert_eq!(restored(&path).await.state(), opened.state());
}

#[tokio::test]
async fn another_log_empties_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.sqlite");
    let log = filled(&path).await;
    assert_eq!(*restored(&path).await.state(), log.state());
    let other = opened(&path, Retention::default(), "AEGIS_EVENTS created tomorrow", END).await;
    assert_eq!((other.state(), held(&other.store).await), (&State::default(), vec![]));
    assert_eq!(*restored(&path).await.state(), State::default(), "nothing comes back");
}

#[tokio::test]
async fn a_log_that_ends_before_the_position_empties_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.sqlite");
    let log = filled(&path).await;
    let at = async |end| opened(&path, Retention::default(), LOG, Sequence(end)).await.state().clone();
    assert_eq!(at(200).await, log.state());
    assert_eq!(at(199).await, State::default());
}

#[tokio::test]
async fn a_store_of_another_version_is_emptied_whatever_its_tables() {
    let versions = [
        "PRAGMA user_version = 1000",
        "PRAGMA user_version = 1000; DROP TABLE meta; ALTER TABLE events RENAME COLUMN service TO other",
        // Of a time when there was none, or half made.
        "PRAGMA user_version = 0",
    ];
    for version in versions {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.sqlite");
        let log = filled(&path).await;
        statement(&path, version).await;
        let mut opened = restored(&path).await;
        assert_eq!(*opened.state(), State::default(), "{version}");
        assert_eq!(held(&opened.store).await, [], "{version}");
        opened.record(&log.events).await;
        assert_eq!(*restored(&path).await.state(), log.state(), "{version}");
    }
}

#[tokio::test]
async fn dead_letters_are_counted_once_and_their_place_is_passed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.sqlite");
    restored(&path).await.take(vec![dead(Sequence(1))]).await;
    let opened = restored(&path).await;
    assert_eq!((opened.store.dead_letters().await.unwrap(), opened.state().position), (1, Sequence(1)));
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named() {
    use std::error::Error as _;
    // Nobody, root included, can make a file there.
    let path = Path::new("/proc/self/projection.sqlite");
    let error = Store::open(path, Retention::default()).await.unwrap_err();
    assert!(error.to_string().contains("/proc/self/projection.sqlite"), "{error}");
    assert!(error.source().unwrap().to_string().contains("unable to open database file"), "{error:?}");
}
