//! Reading the event index, a page at a time, by sequence.

use std::collections::BTreeMap;
use std::sync::Arc;

use aegis_domain::event::CATALOGUE;
use aegis_domain::schema::keep_digits;
use aegis_domain::{AggregateKind, Sequence};
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt as _;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};

use super::bounded::{PATIENCE, Wanted};
use super::filter::Without;
use super::{EventFilter, Store, StoreError};
use crate::engine::checkpoint::{integer, sequence};
use crate::view::EventView;

/// Which part of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// The first `count` after a sequence.
    First {
        /// How many at most.
        count: u32,
        /// Beginning after this one.
        after: Sequence,
    },
    /// The last `count` before a sequence, or of all.
    Last {
        /// How many at most.
        count: u32,
        /// Ending before this one.
        before: Option<Sequence>,
    },
}

/// A page, in order of sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct EventPage {
    /// The events, shared with all who are shown them.
    pub events: Vec<Arc<EventView>>,
    /// Whether there are more beyond the side that the page was counted towards.
    pub more: bool,
    /// The position of the projection when the page was read.
    pub as_of: Sequence,
}

/// A page with more bytes of data than this ends early, and says that there are more.
const PAGE_BYTES: usize = 4 << 20;

const COLUMNS: &str = "SELECT sequence, id, version, time, recorded_at, correlation, causation, summary, data, \
     (SELECT name FROM names WHERE names.id = events.type) AS type, \
     (SELECT name FROM names WHERE names.id = events.aggregate) AS aggregate, \
     (SELECT name FROM names WHERE names.id = events.service) AS service, \
     (SELECT name FROM names WHERE names.id = events.actor) AS actor FROM events WHERE ";

impl Store {
    /// Reads a page.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn events(&self, filter: &EventFilter, window: Window) -> Result<EventPage, StoreError> {
        // Those who follow the log are mostly close to its end.
        if let Window::First { count, after } = window
            && let Some(page) = self.recent.page(filter, count, after)
        {
            return Ok(page);
        }
        let pool = self.database.pool().await;
        let mut tx = pool.begin().await.map_err(|e| self.database.error(e))?;
        let wanted = Wanted::on(&mut tx, PATIENCE).await.map_err(|e| self.database.error(e))?;
        page(filter, window, &mut tx).await.map_err(|error| {
            if wanted.is_late() {
                StoreError::Slow { patience: PATIENCE }
            } else {
                self.database.error(error)
            }
        })
    }
}

impl Store {
    /// The position after which the index has every event that the log had: what came before it, the index has
    /// forgotten, or the log had lost when it was read.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn begins_after(&self) -> Result<Sequence, StoreError> {
        let pool = self.database.pool().await;
        let row = sqlx::query("SELECT through FROM forgotten").fetch_optional(&*pool).await;
        let forgotten = row.and_then(|row| row.map_or(Ok(0), |row| row.try_get(0)));
        let forgotten = forgotten.map(sequence).map_err(|e| self.database.error(e))?;
        let gaps = self.database.gaps().await?;
        Ok(gaps.iter().fold(forgotten, |begin, gap| {
            if (gap.first..=gap.last).contains(&begin.next()) { gap.last } else { begin }
        }))
    }
}

/// How many events of each type were recorded in a part of a range of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Which part, counted from 0.
    pub number: u64,
    /// How many events of each type, in order of name.
    pub types: BTreeMap<String, u64>,
}

impl Store {
    /// Counts the events that the filter takes, its times aside, in so many equal parts of a range of time. Parts without
    /// events are missing.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn density(
        &self,
        filter: &EventFilter,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        parts: u32,
    ) -> Result<Vec<Bucket>, StoreError> {
        let pool = self.database.pool().await;
        let mut tx = pool.begin().await.map_err(|e| self.database.error(e))?;
        let wanted = Wanted::on(&mut tx, PATIENCE).await.map_err(|e| self.database.error(e))?;
        count(filter, (from, to), parts, &mut tx).await.map_err(|error| {
            if wanted.is_late() {
                StoreError::Slow { patience: PATIENCE }
            } else {
                self.database.error(error)
            }
        })
    }
}

/// How long each of so many equal parts of a range of time is, in microseconds.
#[must_use]
pub fn part_micros((from, to): (DateTime<Utc>, DateTime<Utc>), parts: u32) -> i64 {
    let length = to.timestamp_micros().saturating_sub(from.timestamp_micros());
    (length / i64::from(parts.max(1))).saturating_add(1)
}

async fn count(
    filter: &EventFilter,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    parts: u32,
    tables: &mut SqliteConnection,
) -> Result<Vec<Bucket>, sqlx::Error> {
    let (first, last) = (last_before(from, tables).await?, last_before(to, tables).await?);
    let begin = from.timestamp_micros();
    let width = part_micros((from, to), parts);
    let mut query = QueryBuilder::<Sqlite>::new("SELECT (recorded_at - ");
    query.push_bind(begin).push(") / ").push_bind(width);
    query.push(" AS part, (SELECT name FROM names WHERE names.id = type) AS name, count(*) AS n FROM events WHERE sequence > ");
    query.push_bind(integer(first.get())).push(" AND sequence <= ").push_bind(integer(last.get()));
    narrow(&mut query, filter);
    query.push(" GROUP BY part, type ORDER BY part");
    let mut rows = query.build().fetch(tables);
    let mut buckets = Vec::<Bucket>::new();
    while let Some(row) = rows.try_next().await? {
        let number = u64::try_from(row.try_get::<i64, _>("part")?).unwrap_or_default();
        let (name, n) = (row.try_get::<String, _>("name")?, row.try_get::<i64, _>("n")?);
        if buckets.last().is_none_or(|last| last.number != number) {
            buckets.push(Bucket { number, types: BTreeMap::new() });
        }
        if let Some(last) = buckets.last_mut() {
            last.types.insert(name, u64::try_from(n).unwrap_or_default());
        }
    }
    Ok(buckets)
}

/// All events after one sequence and up to another.
pub(crate) async fn range(
    after: Sequence,
    through: Sequence,
    tables: &mut SqliteConnection,
) -> Result<Vec<EventView>, sqlx::Error> {
    let mut query = QueryBuilder::<Sqlite>::new(COLUMNS);
    query.push("sequence > ").push_bind(integer(after.get()));
    query.push(" AND sequence <= ").push_bind(integer(through.get()));
    let rows = query.push(" ORDER BY sequence").build().fetch_all(tables).await?;
    rows.iter().map(read).collect()
}

async fn page(
    filter: &EventFilter,
    window: Window,
    tables: &mut SqliteConnection,
) -> Result<EventPage, sqlx::Error> {
    let meta = sqlx::query("SELECT position FROM meta WHERE id = 1").fetch_optional(&mut *tables).await?;
    let as_of = meta.map_or(Ok(0), |row| row.try_get("position")).map(sequence)?;
    // Times of the log never go back, so a time is a place in it.
    let after = match filter.from_time {
        Some(from) => last_before(from, tables).await?,
        None => Sequence::ZERO,
    };
    let through = match filter.to_time {
        Some(to) => Some(last_before(to, tables).await?),
        None => None,
    };
    let mut query = select(filter, window, after, through);
    let (count, backwards) = match window {
        Window::First { count, .. } => (count, false),
        Window::Last { count, .. } => (count, true),
    };
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let (mut events, mut bytes, mut more) = (vec![], 0, false);
    let mut rows = query.build().fetch(tables);
    while let Some(row) = rows.try_next().await? {
        if events.len() >= count || bytes > PAGE_BYTES {
            more = true;
            break;
        }
        bytes += row.try_get::<&str, _>("data")?.len();
        events.push(Arc::new(read(&row)?));
    }
    drop(rows);
    if backwards {
        events.reverse();
    }
    Ok(EventPage { events, more, as_of })
}

/// The last event that was recorded before this time: found by halving, since times grow with sequences.
pub(super) async fn last_before(
    time: DateTime<Utc>,
    tables: &mut SqliteConnection,
) -> Result<Sequence, sqlx::Error> {
    let row = sqlx::query("SELECT coalesce(min(sequence), 1), coalesce(max(sequence), 0) FROM events");
    let row = row.fetch_one(&mut *tables).await?;
    let (mut low, mut high): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    // Before `low` are only earlier ones, after `high` only others.
    let mut found = 0;
    while low <= high {
        let middle = low + (high - low) / 2;
        let row = sqlx::query(
            "SELECT sequence, recorded_at FROM events WHERE sequence <= ? ORDER BY sequence DESC LIMIT 1",
        );
        let row = row.bind(middle).fetch_one(&mut *tables).await?;
        let (at, recorded_at): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        if recorded_at < time.timestamp_micros() {
            (found, low) = (at, middle + 1);
        } else {
            high = at - 1;
        }
    }
    Ok(sequence(found))
}

/// One row more than asked for tells whether there are more.
fn select(
    filter: &EventFilter,
    window: Window,
    after: Sequence,
    through: Option<Sequence>,
) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(COLUMNS);
    let (first, last, order, count) = match window {
        Window::First { count, after: from } => (from.max(after), None, "ASC", count),
        Window::Last { count, before } => (after, before, "DESC", count),
    };
    query.push("sequence > ").push_bind(integer(first.get()));
    if let Some(last) = last {
        query.push(" AND sequence < ").push_bind(integer(last.get()));
    }
    if let Some(through) = through {
        query.push(" AND sequence <= ").push_bind(integer(through.get()));
    }
    narrow(&mut query, filter);
    query.push(format!(" ORDER BY sequence {order} LIMIT ")).push_bind(i64::from(count) + 1);
    query
}

/// What the filter takes and leaves out, places and times aside.
fn narrow(query: &mut QueryBuilder<Sqlite>, filter: &EventFilter) {
    if !filter.kinds.is_empty() {
        let of_kinds = CATALOGUE.iter().filter(|entry| filter.kinds.contains(&entry.kind));
        one_of(query, ("IN", "type"), of_kinds.map(aegis_domain::event::Entry::event_type));
    }
    if !filter.types.is_empty() {
        one_of(query, ("IN", "type"), filter.types.iter().cloned());
    }
    for (column, name) in
        [("service", &filter.service), ("aggregate", &filter.aggregate), ("actor", &filter.actor)]
    {
        if let Some(name) = name {
            query
                .push(format!(" AND {column} = (SELECT id FROM names WHERE name = "))
                .push_bind(name.clone());
            query.push(")");
        }
    }
    if let Some(prefix) = &filter.actor_prefix {
        // Not LIKE: it takes small and capital letters as the same.
        query.push(" AND actor IN (SELECT id FROM names WHERE substr(name, 1, length(");
        query.push_bind(prefix.clone()).push(")) = ").push_bind(prefix.clone()).push(")");
    }
    for (column, id) in
        [("id", &filter.id), ("correlation", &filter.correlation), ("causation", &filter.causation)]
    {
        if let Some(id) = id {
            query.push(format!(" AND {column} = ")).push_bind(id.clone());
        }
    }
    let Without { kinds, types, services, actors } = &filter.without;
    let of_kinds = CATALOGUE.iter().filter(|entry| kinds.contains(&entry.kind));
    let types = of_kinds.map(aegis_domain::event::Entry::event_type).chain(types.iter().cloned());
    one_of(query, ("NOT IN", "type"), types);
    one_of(query, ("NOT IN", "actor"), actors.iter().cloned());
    // What concerns no service is not of one of these.
    one_of(query, ("NOT IN", "coalesce(service, 0)"), services.iter().cloned());
    if let Some(text) = &filter.text {
        let pattern = format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
        let with = |query: &mut QueryBuilder<Sqlite>| {
            query.push(" LIKE ").push_bind(pattern.clone()).push(" ESCAPE '\\'");
        };
        query.push(" AND (summary");
        with(query);
        for column in ["type", "aggregate"] {
            query.push(format!(" OR {column} IN (SELECT id FROM names WHERE name"));
            with(query);
            query.push(")");
        }
        query.push(")");
    }
}

/// Whether the name that a column refers to is one of these, or none of them. Nothing where there are none.
fn one_of(query: &mut QueryBuilder<Sqlite>, (is, column): (&str, &str), names: impl Iterator<Item = String>) {
    let mut names = names.peekable();
    if names.peek().is_none() {
        return;
    }
    query.push(format!(" AND {column} {is} (SELECT id FROM names WHERE name IN ("));
    let mut list = query.separated(", ");
    for name in names {
        list.push_bind(name);
    }
    query.push("))");
}

fn read(row: &SqliteRow) -> Result<EventView, sqlx::Error> {
    let decode = |what: &str| sqlx::Error::Decode(format!("the column {what} cannot be read").into());
    let number = |name| u64::try_from(row.try_get::<i64, _>(name)?).map_err(|_negative| decode(name));
    let time = |name| DateTime::from_timestamp_micros(row.try_get(name)?).ok_or_else(|| decode(name));
    let aggregate: String = row.try_get("aggregate")?;
    let kind = aggregate.split('.').next().unwrap_or_default();
    let kind = AggregateKind::ALL.into_iter().find(|k| k.as_str() == kind);
    let data: String = row.try_get("data")?;
    Ok(EventView {
        sequence: Sequence(number("sequence")?),
        id: row.try_get("id")?,
        event_type: row.try_get("type")?,
        kind: kind.ok_or_else(|| decode("aggregate"))?,
        aggregate,
        service: row.try_get("service")?,
        version: number("version")?,
        time: time("time")?,
        recorded_at: time("recorded_at")?,
        actor: row.try_get("actor")?,
        correlation: row.try_get("correlation")?,
        causation: row.try_get("causation")?,
        summary: row.try_get("summary")?,
        data: serde_json::from_slice(&keep_digits(data.as_bytes())).map_err(|_not_json| decode("data"))?,
    })
}
