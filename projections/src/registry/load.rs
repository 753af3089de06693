//! Loads the state from the tables.

use std::collections::BTreeSet;

use aegis_domain::Sequence;
use serde::de::DeserializeOwned;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::names::{Names, Stored};
use super::{Partly, Registry, Retention};
use crate::State;
use crate::engine::checkpoint::{integer, sequence};
use crate::engine::{Checkpoint, RestoreError};
use crate::view::{DefinitionView, InstanceView, LeaderView};

pub(super) async fn registry(
    retention: &Retention,
    checkpoint: Checkpoint,
    tables: &mut SqliteConnection,
) -> Result<Registry, RestoreError> {
    let kept = rows("SELECT seconds FROM kept", |row| Ok(row.try_get::<i64, _>(0)?), tables).await?;
    if kept.first().is_some_and(|seconds| *seconds != retention.keep_ended.num_seconds()) {
        return Err(RestoreError::Row("ended instances are to be kept for another time than before".into()));
    }
    let mut state = State::default();
    (state.position, state.time) = (checkpoint.position, checkpoint.recorded_at);
    for view in docs::<InstanceView>("SELECT doc FROM instances", tables).await? {
        state.instances.insert((view.service.clone(), view.instance.clone()), view);
    }
    for view in docs::<LeaderView>("SELECT doc FROM leaders", tables).await? {
        state.leaders.insert((view.service.clone(), view.group.clone()), view);
    }
    for view in docs::<DefinitionView>("SELECT doc FROM definitions", tables).await? {
        state.definitions.insert(view.service.clone(), view);
    }
    if let Some(view) = docs("SELECT doc FROM installation", tables).await?.pop() {
        state.installation = view;
    }
    let name = |row: SqliteRow| {
        let mentioned_after = sequence(row.try_get("mentioned_after")?);
        Ok(Stored { id: row.try_get("id")?, text: row.try_get("name")?, mentioned_after })
    };
    let position = |row: SqliteRow| Ok(sequence(row.try_get(0)?));
    let names = rows("SELECT id, name, mentioned_after FROM names", name, tables).await?;
    let snapshots = BTreeSet::from_iter(rows("SELECT sequence FROM snapshots", position, tables).await?);
    let through = |row: SqliteRow| Ok((sequence(row.try_get(0)?), row.try_get(1)?));
    let forgotten = rows("SELECT through, highest_name FROM forgotten", through, tables).await?;
    let (forgotten, highest) = forgotten.first().copied().unwrap_or_default();
    let last = snapshots.last().copied().unwrap_or_default();
    let names = Names::restored(names, highest, mentioned_since(last, tables).await?, last);
    let partly = |row: SqliteRow| {
        let (first, last) = (sequence(row.try_get("first")?), sequence(row.try_get("last")?));
        Ok(Partly { first, last, message: row.try_get("message")? })
    };
    let partly = rows("SELECT first, last, message FROM partly", partly, tables).await?.pop();
    Ok(Registry {
        state: state.restored(retention.keep_ended),
        names,
        retention: *retention,
        snapshots,
        forgotten,
        partly,
    })
}

/// The names that events after the last snapshot mention. Before the first snapshot there is none to be written.
async fn mentioned_since(
    snapshot: Sequence,
    tables: &mut SqliteConnection,
) -> Result<Vec<i64>, RestoreError> {
    if snapshot == Sequence::ZERO {
        return Ok(vec![]);
    }
    let query = "WITH some AS (SELECT type, aggregate, service, actor FROM events WHERE sequence > ?)
         SELECT type FROM some UNION SELECT aggregate FROM some UNION SELECT actor FROM some
         UNION SELECT service FROM some WHERE service IS NOT NULL";
    let rows = sqlx::query(query).bind(integer(snapshot.get())).fetch_all(tables).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

async fn docs<T: DeserializeOwned>(
    query: &'static str,
    tables: &mut SqliteConnection,
) -> Result<Vec<T>, RestoreError> {
    let read = |row: SqliteRow| Ok(serde_json::from_str(row.try_get("doc")?)?);
    rows(query, read, tables).await
}

async fn rows<T>(
    query: &'static str,
    read: impl Fn(SqliteRow) -> Result<T, Box<dyn std::error::Error + Send + Sync>>,
    tables: &mut SqliteConnection,
) -> Result<Vec<T>, RestoreError> {
    let rows = sqlx::query(query).fetch_all(tables).await?;
    rows.into_iter().map(read).collect::<Result<_, _>>().map_err(RestoreError::Row)
}
