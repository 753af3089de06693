//! Writing a batch: its views, its events and its position, in one transaction.

use std::collections::BTreeSet;

use aegis_domain::{AggregateId, Sequence};
use serde::Serialize;
use sqlx::{Sqlite, Transaction};

use super::{Store, StoreError, schema};
use crate::State;
use crate::view::EventView;

/// A message of the log that is no event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its position.
    pub sequence: Sequence,
    /// Its subject.
    pub subject: String,
    /// Why it is none.
    pub reason: String,
}

/// What a run of messages has changed.
#[derive(Debug, Default)]
pub struct Batch {
    /// The aggregates whose views have changed.
    pub touched: BTreeSet<AggregateId>,
    /// The events, in order.
    pub events: Vec<EventView>,
    /// The messages that are no events.
    pub dead: Vec<DeadLetter>,
}

const INSERT_EVENT: &str = "INSERT OR IGNORE INTO events
    (sequence, id, type, kind, aggregate, service, version, time, actor, correlation, causation, summary, data)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

impl Store {
    /// Keeps a batch that has led to this state: all of it with its position, or nothing.
    ///
    /// # Errors
    /// See [`StoreError`]. The batch may be written again.
    pub async fn commit(&self, state: &State, batch: &Batch) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await.map_err(|e| self.database(e))?;
        for id in &batch.touched {
            self.put_view(&mut tx, state, id).await?;
        }
        for event in &batch.events {
            self.put_event(&mut tx, event).await?;
        }
        for dead in &batch.dead {
            sqlx::query("INSERT OR IGNORE INTO dead_letters (sequence, subject, reason) VALUES (?, ?, ?)")
                .bind(integer(dead.sequence.get()))
                .bind(&dead.subject)
                .bind(&dead.reason)
                .execute(&mut *tx)
                .await
                .map_err(|e| self.database(e))?;
        }
        sqlx::query("UPDATE meta SET position = ? WHERE id = 1")
            .bind(integer(state.position.get()))
            .execute(&mut *tx)
            .await
            .map_err(|e| self.database(e))?;
        tx.commit().await.map_err(|e| self.database(e))
    }

    /// Empties the store, for this log.
    pub(super) async fn reset(&self, log: &str) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await.map_err(|e| self.database(e))?;
        for statement in schema::CLEAR {
            sqlx::query(statement).execute(&mut *tx).await.map_err(|e| self.database(e))?;
        }
        sqlx::query("INSERT INTO meta (id, log, position) VALUES (1, ?, 0)")
            .bind(log)
            .execute(&mut *tx)
            .await
            .map_err(|e| self.database(e))?;
        tx.commit().await.map_err(|e| self.database(e))
    }

    async fn put_view(
        &self,
        tx: &mut Transaction<'_, Sqlite>,
        state: &State,
        id: &AggregateId,
    ) -> Result<(), StoreError> {
        let (statement, doc) = match id {
            AggregateId::Definition(service) => (
                "INSERT INTO definitions (key, doc) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET doc = excluded.doc",
                json(state.definitions.get(service)),
            ),
            AggregateId::Instance(service, instance) => (
                "INSERT INTO instances (key, doc) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET doc = excluded.doc",
                json(state.instances.get(&(service.clone(), instance.clone()))),
            ),
            AggregateId::Leadership(service, group) => (
                "INSERT INTO leaders (key, doc) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET doc = excluded.doc",
                json(state.leaders.get(&(service.clone(), group.clone()))),
            ),
            AggregateId::Installation => (
                "INSERT INTO installation (key, doc) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET doc = excluded.doc",
                json(Some(&state.installation)),
            ),
        };
        // No view: the aggregate has only events that say nothing of it yet.
        let Some(doc) = doc else { return Ok(()) };
        let doc = doc.map_err(|e| StoreError::Row { path: self.path.clone(), source: e.into() })?;
        sqlx::query(statement)
            .bind(id.to_string())
            .bind(doc)
            .execute(&mut **tx)
            .await
            .map_err(|e| self.database(e))?;
        Ok(())
    }

    async fn put_event(&self, tx: &mut Transaction<'_, Sqlite>, event: &EventView) -> Result<(), StoreError> {
        sqlx::query(INSERT_EVENT)
            .bind(integer(event.sequence.get()))
            .bind(&event.id)
            .bind(&event.event_type)
            .bind(event.kind.as_str())
            .bind(&event.aggregate)
            .bind(&event.service)
            .bind(integer(event.version))
            .bind(event.time.to_rfc3339())
            .bind(&event.actor)
            .bind(&event.correlation)
            .bind(&event.causation)
            .bind(&event.summary)
            .bind(event.data.to_string())
            .execute(&mut **tx)
            .await
            .map_err(|e| self.database(e))?;
        Ok(())
    }
}

/// SQLite counts up to 2^63, far beyond any stream.
pub(super) fn integer(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn json<T: Serialize>(view: Option<&T>) -> Option<Result<String, serde_json::Error>> {
    view.map(serde_json::to_string)
}
