//! Writing a batch, many rows a statement: a statement costs more than a row.

use std::fmt::Write as _;
use std::sync::LazyLock;

use aegis_domain::AggregateId;
use chrono::TimeDelta;
use serde::Serialize;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Sqlite, SqliteConnection};

use super::names::Stored;
use super::{Batch, Line, Partly};
use crate::State;
use crate::engine::WriteError;
use crate::engine::checkpoint::integer;
use crate::state::InstanceKey;

/// How many events one statement inserts, at most; the rest of a batch goes in smaller steps.
const ROWS: [usize; 3] = [64, 8, 1];
const COLUMNS: usize = 13;

static INSERTS: LazyLock<[String; 3]> = LazyLock::new(|| {
    ROWS.map(|rows| {
        let mut text =
            "INSERT OR IGNORE INTO events (sequence, id, type, aggregate, service, version, time, \
             recorded_at, actor, correlation, causation, summary, data) VALUES "
                .to_owned();
        let row = format!("({})", vec!["?"; COLUMNS].join(","));
        // Writing to a String cannot fail.
        let _infallible = write!(text, "{}", vec![row; rows].join(","));
        text
    })
});

pub(super) async fn batch(batch: &Batch, tables: &mut SqliteConnection) -> Result<(), WriteError> {
    // First of all: a text that leaves may come back in the same batch, under another id.
    for id in &batch.unnamed {
        sqlx::query("DELETE FROM names WHERE id = ?").bind(id).execute(&mut *tables).await?;
    }
    for Stored { id, text, mentioned_after } in &batch.names {
        sqlx::query("INSERT OR IGNORE INTO names (id, name, mentioned_after) VALUES (?, ?, ?)")
            .bind(id)
            .bind(text.as_str())
            .bind(integer(mentioned_after.get()))
            .execute(&mut *tables)
            .await?;
    }
    events(&batch.events, tables).await?;
    for (sequence, recorded_at) in &batch.dead {
        sqlx::query("INSERT OR IGNORE INTO dead_letters (sequence, recorded_at) VALUES (?, ?)")
            .bind(integer(sequence.get()))
            .bind(recorded_at.timestamp_micros())
            .execute(&mut *tables)
            .await?;
    }
    for (sequence, reason) in &batch.owed {
        sqlx::query("INSERT OR IGNORE INTO owed_letters (sequence, reason) VALUES (?, ?)")
            .bind(integer(sequence.get()))
            .bind(reason.as_str())
            .execute(&mut *tables)
            .await?;
    }
    if let Some(Partly { first, last, message }) = &batch.partly {
        sqlx::query("INSERT OR REPLACE INTO partly (id, first, last, message) VALUES (1, ?, ?, ?)")
            .bind(integer(first.get()))
            .bind(integer(last.get()))
            .bind(message.as_str())
            .execute(&mut *tables)
            .await?;
    }
    for (after, ids) in &batch.mentioned {
        mentioned(integer(after.get()), ids, tables).await?;
    }
    snapshots(batch, tables).await
}

/// Says for how long ended instances are kept, so that a file is never read as if it were another time.
pub(super) async fn kept(keep_ended: TimeDelta, tables: &mut SqliteConnection) -> Result<(), WriteError> {
    let insert = sqlx::query("INSERT OR IGNORE INTO kept (id, seconds) VALUES (1, ?)");
    insert.bind(keep_ended.num_seconds()).execute(tables).await?;
    Ok(())
}

/// Says which program reads the log, unless another one does already: see [`super::reread`].
pub(super) async fn reader(tables: &mut SqliteConnection) -> Result<(), WriteError> {
    let insert = sqlx::query("INSERT OR IGNORE INTO reader (id, program) VALUES (1, ?)");
    insert.bind(super::reread::program()).execute(tables).await?;
    Ok(())
}

/// Removes the views of instances that have left.
pub(super) async fn remove(gone: &[InstanceKey], tables: &mut SqliteConnection) -> Result<(), WriteError> {
    for (service, instance) in gone {
        let key = AggregateId::Instance(service.clone(), instance.clone()).to_string();
        sqlx::query("DELETE FROM instances WHERE key = ?").bind(key).execute(&mut *tables).await?;
    }
    Ok(())
}

/// How many names one statement marks, at most: with each snapshot, most of those that are in use.
const NAMES: [usize; 3] = [256, 16, 1];

static MENTIONS: LazyLock<[String; 3]> = LazyLock::new(|| {
    NAMES.map(|names| {
        format!("UPDATE names SET mentioned_after = ? WHERE id IN ({})", vec!["?"; names].join(","))
    })
});

async fn mentioned(after: i64, mut ids: &[i64], tables: &mut SqliteConnection) -> Result<(), WriteError> {
    for (names, update) in NAMES.into_iter().zip(MENTIONS.iter()) {
        while ids.len() >= names {
            let (now, later) = ids.split_at(names);
            let query = sqlx::query(update.as_str()).bind(after);
            now.iter().fold(query, |query, id| query.bind(id)).execute(&mut *tables).await?;
            ids = later;
        }
    }
    Ok(())
}

async fn events(mut lines: &[Line], tables: &mut SqliteConnection) -> Result<(), WriteError> {
    for (rows, insert) in ROWS.into_iter().zip(INSERTS.iter()) {
        while lines.len() >= rows {
            let (now, later) = lines.split_at(rows);
            let query = sqlx::query(insert.as_str());
            now.iter().fold(query, bind).execute(&mut *tables).await?;
            lines = later;
        }
    }
    Ok(())
}

fn bind<'q>(query: Query<'q, Sqlite, SqliteArguments>, line: &Line) -> Query<'q, Sqlite, SqliteArguments> {
    let event = &line.event;
    query
        .bind(integer(line.sequence.get()))
        .bind(event.id.clone())
        .bind(line.event_type)
        .bind(line.aggregate)
        .bind(line.service)
        .bind(integer(event.version.get()))
        .bind(event.time.timestamp_micros())
        .bind(line.recorded_at.timestamp_micros())
        .bind(line.actor)
        .bind(event.correlation.clone())
        .bind(event.causation.clone())
        .bind(event.summary.clone())
        .bind(event.data.clone())
}

async fn snapshots(batch: &Batch, tables: &mut SqliteConnection) -> Result<(), WriteError> {
    for snapshot in &batch.snapshots {
        let state = match &snapshot.state {
            Ok(state) => state.clone(),
            Err(error) => return Err(WriteError::Row(serde::ser::Error::custom(error))),
        };
        sqlx::query("INSERT OR IGNORE INTO snapshots (sequence, state) VALUES (?, ?)")
            .bind(integer(snapshot.at.get()))
            .bind(state)
            .execute(&mut *tables)
            .await?;
    }
    let Some((forget, highest_name)) = batch.forget else { return Ok(()) };
    let deletes = [
        "DELETE FROM events WHERE sequence <= ?",
        "DELETE FROM dead_letters WHERE sequence <= ?",
        "DELETE FROM snapshots WHERE sequence < ?",
    ];
    for delete in deletes {
        sqlx::query(delete).bind(integer(forget.get())).execute(&mut *tables).await?;
    }
    let forgotten =
        sqlx::query("INSERT OR REPLACE INTO forgotten (id, through, highest_name) VALUES (1, ?, ?)");
    forgotten.bind(integer(forget.get())).bind(highest_name).execute(tables).await?;
    Ok(())
}

/// How many views one statement writes, at most.
const VIEWS: [usize; 3] = [64, 8, 1];
const VIEW_TABLES: [&str; 4] = ["definitions", "instances", "leaders", "installation"];

static UPSERTS: LazyLock<[[String; 3]; 4]> = LazyLock::new(|| {
    VIEW_TABLES.map(|table| {
        VIEWS.map(|rows| {
            let rows = vec!["(?,?)"; rows].join(",");
            format!(
                "INSERT INTO {table} (key, doc) VALUES {rows} ON CONFLICT (key) DO UPDATE SET doc = excluded.doc"
            )
        })
    })
});

/// Writes the views of these aggregates, each named once.
pub(super) async fn views(
    state: &State,
    ids: impl Iterator<Item = AggregateId> + Send,
    tables: &mut SqliteConnection,
) -> Result<(), WriteError> {
    let mut waiting: [Vec<(String, String)>; 4] = Default::default();
    for id in ids {
        let (table, doc) = match &id {
            AggregateId::Definition(service) => (0, json(state.definitions.get(service))),
            AggregateId::Instance(service, instance) => {
                (1, json(state.instances.get(&(service.clone(), instance.clone()))))
            }
            AggregateId::Leadership(service, group) => {
                (2, json(state.leaders.get(&(service.clone(), group.clone()))))
            }
            AggregateId::Installation => (3, json(Some(&state.installation))),
        };
        // No view: the aggregate has only events that say nothing of it yet.
        let Some(doc) = doc else { continue };
        let (lines, upserts) = (&mut waiting[table], &UPSERTS[table]);
        lines.push((id.to_string(), doc?));
        if lines.len() == VIEWS[0] {
            upsert(&upserts[0], lines.drain(..), tables).await?;
        }
    }
    for (lines, upserts) in waiting.iter_mut().zip(UPSERTS.iter()) {
        for (rows, statement) in VIEWS.into_iter().zip(upserts) {
            while lines.len() >= rows {
                upsert(statement, lines.drain(..rows), tables).await?;
            }
        }
    }
    Ok(())
}

async fn upsert(
    statement: &'static str,
    lines: impl Iterator<Item = (String, String)>,
    tables: &mut SqliteConnection,
) -> Result<(), WriteError> {
    let bound = lines.fold(sqlx::query(statement), |query, (key, doc)| query.bind(key).bind(doc));
    bound.execute(tables).await?;
    Ok(())
}

fn json<T: Serialize>(view: Option<&T>) -> Option<Result<String, serde_json::Error>> {
    view.map(serde_json::to_string)
}
