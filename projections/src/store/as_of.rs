//! The registry as of a time: the last snapshot before it, and the events after that.

use std::collections::HashMap;

use aegis_domain::{Actor, AggregateId, AggregateVersion, Sequence};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::events::last_before;
use super::{Store, StoreError};
use crate::State;
use crate::engine::checkpoint::{integer, sequence};
use crate::fact::Fact;
use crate::registry::event_of;

/// A place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// After this message.
    Sequence(Sequence),
    /// After the last message that the log had taken at this time, by the server's clock. Times of the log
    /// never go back: a message that was stamped earlier than the one before it counts as of the same time.
    Time(DateTime<Utc>),
}

/// The registry cannot be told as of then.
#[derive(Debug, thiserror::Error)]
pub enum AsOfError {
    /// That is still to come, or to be applied.
    #[error("the projection has come to {position} only: ask for that, or wait")]
    Ahead {
        /// How far it has come.
        position: Sequence,
    },
    /// The index has forgotten it.
    #[error(
        "the event index begins after {oldest}: replay the log itself (`aegis replay`), or let the index keep \
         more (`keep_events` of the control plane's configuration)"
    )]
    Forgotten {
        /// The earliest position that can be told.
        oldest: Sequence,
    },
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// The whole registry exactly as it stood, the same to the byte as a replay of the log.
    ///
    /// # Errors
    /// See [`AsOfError`].
    pub async fn as_of(&self, at: At) -> Result<State, AsOfError> {
        let database = |e| AsOfError::Store(self.database.error(e));
        let pool = self.database.pool().await;
        let mut tx = pool.begin().await.map_err(database)?;
        let end = match at {
            At::Sequence(end) => {
                let position =
                    number("SELECT position FROM meta WHERE id = 1", &mut tx).await.map_err(database)?;
                if end > position {
                    return Err(AsOfError::Ahead { position });
                }
                end
            }
            At::Time(time) => last_at(time, &mut tx).await.map_err(database)?,
        };
        let forgotten = number("SELECT through FROM forgotten", &mut tx).await.map_err(database)?;
        if end < forgotten {
            return Err(AsOfError::Forgotten { oldest: forgotten });
        }
        let state = snapshot(end, self.retention.keep_ended, &mut tx).await.map_err(database)?;
        self.replay(state, end, &mut tx).await
    }

    async fn replay(
        &self,
        from: State,
        end: Sequence,
        tx: &mut SqliteConnection,
    ) -> Result<State, AsOfError> {
        let error = |e| AsOfError::Store(self.database.error(e));
        let mut state = from;
        let (after, end) = (integer(state.position.get()), integer(end.get()));
        let names = names(after, end, tx).await.map_err(error)?;
        let rows = sqlx::query(
            "SELECT sequence, type, aggregate, version, recorded_at, actor, data FROM events
             WHERE sequence > ? AND sequence <= ? ORDER BY sequence",
        );
        let rows = rows.bind(after).bind(end).fetch_all(&mut *tx).await.map_err(error)?;
        for row in &rows {
            apply(&mut state, row, &names).map_err(error)?;
        }
        let dead = sqlx::query(
            "SELECT max(sequence), max(recorded_at) FROM dead_letters WHERE sequence > ? AND sequence <= ?",
        );
        let row = dead.bind(after).bind(end).fetch_one(tx).await.map_err(error)?;
        if let Some(dead) = row.try_get::<Option<i64>, _>(0).map_err(error)? {
            let time = micros(row.try_get(1).map_err(error)?).map_err(error)?;
            state.skip(sequence(dead), time);
        }
        Ok(state)
    }
}

/// The last message that was recorded at this time or before.
async fn last_at(time: DateTime<Utc>, tables: &mut SqliteConnection) -> Result<Sequence, sqlx::Error> {
    // Times are kept in microseconds.
    let Some(after) = time.checked_add_signed(TimeDelta::microseconds(1)) else {
        return number("SELECT position FROM meta WHERE id = 1", tables).await;
    };
    let event = last_before(after, tables).await?;
    let dead = sqlx::query("SELECT coalesce(max(sequence), 0) FROM dead_letters WHERE recorded_at <= ?");
    let dead = dead.bind(time.timestamp_micros()).fetch_one(tables).await?.try_get(0).map(sequence)?;
    Ok(event.max(dead))
}

async fn number(query: &'static str, tables: &mut SqliteConnection) -> Result<Sequence, sqlx::Error> {
    let row = sqlx::query(query).fetch_optional(tables).await?;
    row.map_or(Ok(Sequence::ZERO), |row| row.try_get(0).map(sequence))
}

async fn snapshot(
    end: Sequence,
    keep_ended: TimeDelta,
    tables: &mut SqliteConnection,
) -> Result<State, sqlx::Error> {
    let row = sqlx::query("SELECT state FROM snapshots WHERE sequence <= ? ORDER BY sequence DESC LIMIT 1");
    let Some(row) = row.bind(integer(end.get())).fetch_optional(tables).await? else {
        return Ok(State::keeping(keep_ended));
    };
    let state = State::from_canonical(row.try_get("state")?);
    Ok(state.map_err(|error| sqlx::Error::Decode(error.into()))?.restored(keep_ended))
}

/// A text of the index, and what it says if it names an aggregate.
struct Name {
    text: String,
    actor: Actor,
    aggregate: Option<AggregateId>,
}

/// The texts that these events refer to.
async fn names(
    after: i64,
    end: i64,
    tables: &mut SqliteConnection,
) -> Result<HashMap<i64, Name>, sqlx::Error> {
    let rows = sqlx::query(
        "WITH some AS (SELECT type, aggregate, actor FROM events WHERE sequence > ? AND sequence <= ?)
         SELECT id, name FROM names
         WHERE id IN (SELECT type FROM some UNION SELECT aggregate FROM some UNION SELECT actor FROM some)",
    );
    let rows = rows.bind(after).bind(end).fetch_all(tables).await?;
    rows.into_iter()
        .map(|row| {
            let text: String = row.try_get("name")?;
            let (actor, aggregate) = (Actor::from_wire(&text), text.parse().ok());
            Ok((row.try_get("id")?, Name { text, actor, aggregate }))
        })
        .collect()
}

fn apply(state: &mut State, row: &SqliteRow, names: &HashMap<i64, Name>) -> Result<(), sqlx::Error> {
    let decode = |what: &str| sqlx::Error::Decode(format!("the column {what} cannot be read").into());
    let name = |column| names.get(&row.try_get::<i64, _>(column)?).ok_or_else(|| decode(column));
    let aggregate = name("aggregate")?.aggregate.as_ref().ok_or_else(|| decode("aggregate"))?;
    let version = u64::try_from(row.try_get::<i64, _>("version")?).map_err(|_negative| decode("version"))?;
    let event = event_of(aggregate, &name("type")?.text, row.try_get("data")?)
        .map_err(|error| sqlx::Error::Decode(error.into()))?;
    state.apply(Fact {
        sequence: sequence(row.try_get("sequence")?),
        aggregate,
        version: AggregateVersion(version),
        time: micros(row.try_get("recorded_at")?)?,
        actor: &name("actor")?.actor,
        event: &event,
    });
    Ok(())
}

fn micros(time: i64) -> Result<DateTime<Utc>, sqlx::Error> {
    DateTime::from_timestamp_micros(time)
        .ok_or_else(|| sqlx::Error::Decode(format!("the time {time} cannot be read").into()))
}
