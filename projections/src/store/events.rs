//! Reading the event index, a page at a time, by sequence.

use aegis_domain::{AggregateKind, Sequence};
use chrono::DateTime;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::write::integer;
use super::{Store, StoreError};
use crate::view::EventView;

/// Which events; every condition that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of these kinds; none means all.
    pub kinds: Vec<AggregateKind>,
    /// Of these types; none means all.
    pub types: Vec<String>,
    /// Of this service.
    pub service: Option<String>,
    /// Of this aggregate.
    pub aggregate: Option<String>,
    /// With this text in summary, type or aggregate.
    pub text: Option<String>,
}

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
    /// The events.
    pub events: Vec<EventView>,
    /// Whether there are more beyond the side that the page was counted towards.
    pub more: bool,
    /// The position of the projection when the page was read.
    pub as_of: Sequence,
}

impl Store {
    /// Reads a page.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn events(&self, filter: &EventFilter, window: Window) -> Result<EventPage, StoreError> {
        let mut tx = self.pool.begin().await.map_err(|e| self.database(e))?;
        let as_of = sqlx::query("SELECT position FROM meta WHERE id = 1")
            .fetch_optional(&mut *tx)
            .await
            .map_err(|e| self.database(e))?
            .map_or(Ok(0), |row| row.try_get::<i64, _>("position"))
            .map_err(|e| self.database(e))?;
        let mut query = select(filter, window);
        let rows = query.build().fetch_all(&mut *tx).await.map_err(|e| self.database(e))?;
        let mut events =
            rows.iter().map(read).collect::<Result<Vec<_>, _>>().map_err(|e| self.database(e))?;
        let (count, backwards) = match window {
            Window::First { count, .. } => (count, false),
            Window::Last { count, .. } => (count, true),
        };
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let more = events.len() > count;
        events.truncate(count);
        if backwards {
            events.reverse();
        }
        Ok(EventPage { events, more, as_of: Sequence(u64::try_from(as_of).unwrap_or(0)) })
    }
}

/// One row more than asked for tells whether there are more.
fn select(filter: &EventFilter, window: Window) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("SELECT * FROM events WHERE ");
    match window {
        Window::First { after, .. } => query.push("sequence > ").push_bind(integer(after.get())),
        Window::Last { before: Some(before), .. } => {
            query.push("sequence < ").push_bind(integer(before.get()))
        }
        Window::Last { before: None, .. } => query.push("sequence > 0"),
    };
    if !filter.kinds.is_empty() {
        let mut list = query.push(" AND kind IN (").separated(", ");
        for kind in &filter.kinds {
            list.push_bind(kind.as_str());
        }
        query.push(")");
    }
    if !filter.types.is_empty() {
        let mut list = query.push(" AND type IN (").separated(", ");
        for event_type in &filter.types {
            list.push_bind(event_type.clone());
        }
        query.push(")");
    }
    if let Some(service) = &filter.service {
        query.push(" AND service = ").push_bind(service.clone());
    }
    if let Some(aggregate) = &filter.aggregate {
        query.push(" AND aggregate = ").push_bind(aggregate.clone());
    }
    if let Some(text) = &filter.text {
        let pattern = format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
        query
            .push(" AND (summary || ' ' || type || ' ' || aggregate) LIKE ")
            .push_bind(pattern)
            .push(" ESCAPE '\\'");
    }
    match window {
        Window::First { count, .. } => {
            query.push(" ORDER BY sequence ASC LIMIT ").push_bind(i64::from(count) + 1);
        }
        Window::Last { count, .. } => {
            query.push(" ORDER BY sequence DESC LIMIT ").push_bind(i64::from(count) + 1);
        }
    }
    query
}

fn read(row: &SqliteRow) -> Result<EventView, sqlx::Error> {
    let decode = |what: &str| sqlx::Error::Decode(format!("the column {what} cannot be read").into());
    let number = |name| u64::try_from(row.try_get::<i64, _>(name)?).map_err(|_negative| decode(name));
    let kind: String = row.try_get("kind")?;
    let time: String = row.try_get("time")?;
    let data: String = row.try_get("data")?;
    Ok(EventView {
        sequence: Sequence(number("sequence")?),
        id: row.try_get("id")?,
        event_type: row.try_get("type")?,
        kind: AggregateKind::ALL.into_iter().find(|k| k.as_str() == kind).ok_or_else(|| decode("kind"))?,
        aggregate: row.try_get("aggregate")?,
        service: row.try_get("service")?,
        version: number("version")?,
        time: DateTime::parse_from_rfc3339(&time).map_err(|_not_a_time| decode("time"))?.to_utc(),
        actor: row.try_get("actor")?,
        correlation: row.try_get("correlation")?,
        causation: row.try_get("causation")?,
        summary: row.try_get("summary")?,
        data: serde_json::from_str(&data).map_err(|_not_json| decode("data"))?,
    })
}
