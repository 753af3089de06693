//! The checkpoint of a projection, and the gaps that it has met.

use aegis_domain::Sequence;
use aegis_domain::wire::chain::Hash;
use chrono::{DateTime, Utc};
use sqlx::{Row as _, SqliteConnection};

/// The framework's own tables.
pub(super) const TABLES: [&str; 3] = [
    "CREATE TABLE meta (
        id INTEGER PRIMARY KEY CHECK (id = 1), log TEXT NOT NULL, position INTEGER NOT NULL,
        recorded_at INTEGER NOT NULL)",
    "CREATE TABLE gaps (first INTEGER PRIMARY KEY, last INTEGER NOT NULL)",
    ANCHOR,
];

/// A table of its own, so that a file which has none yet need not be made anew.
pub(super) const ANCHOR: &str = "CREATE TABLE IF NOT EXISTS anchor (
        id INTEGER PRIMARY KEY CHECK (id = 1), position INTEGER NOT NULL, hash TEXT NOT NULL)";

/// How far a projection has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// The last message applied or passed.
    pub position: Sequence,
    /// When the stream took it.
    pub recorded_at: DateTime<Utc>,
    /// The hash of the message at the position, where it is known: a position means something only together with
    /// the history that it was counted in.
    pub anchor: Option<Hash>,
}

/// A run of sequences that the stream does not have any more, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The first that is missing.
    pub first: Sequence,
    /// The last that is missing.
    pub last: Sequence,
}

/// What a message is in relation to the checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It was there before: it changes nothing.
    Duplicate,
    /// It follows.
    Next,
    /// It follows, after some that are missing.
    After(Gap),
}

impl Checkpoint {
    /// Moves on to a message, if it is a new one. Times never go back: a message that the server stamped
    /// earlier than the one before it (its clock was set, or another server leads) counts as of the same time.
    pub fn advance(&mut self, sequence: Sequence, recorded_at: DateTime<Utc>) -> Step {
        if sequence <= self.position {
            return Step::Duplicate;
        }
        let next = self.position.next();
        self.position = sequence;
        self.anchor = None;
        self.recorded_at = self.recorded_at.max(recorded_at);
        if sequence == next {
            return Step::Next;
        }
        Step::After(Gap { first: next, last: Sequence(sequence.get() - 1) })
    }

    /// The checkpoint of this log; nothing when there is none, or one of another log.
    pub(crate) async fn read(tables: &mut SqliteConnection, log: &str) -> Result<Option<Self>, sqlx::Error> {
        let stored = Self::stored(tables).await?;
        Ok(stored.filter(|(of, _)| of == log).map(|(_, checkpoint)| checkpoint))
    }

    /// The log that the tables are of, and the checkpoint.
    pub(super) async fn stored(tables: &mut SqliteConnection) -> Result<Option<(String, Self)>, sqlx::Error> {
        let row = sqlx::query(
            "SELECT log, meta.position, recorded_at, hash FROM meta
             LEFT JOIN anchor ON anchor.position = meta.position WHERE meta.id = 1",
        );
        let Some(row) = row.fetch_optional(tables).await? else { return Ok(None) };
        let read = || {
            let of: String = row.try_get("log").ok()?;
            let position = u64::try_from(row.try_get::<i64, _>("position").ok()?).ok()?;
            let recorded_at = DateTime::from_timestamp_micros(row.try_get("recorded_at").ok()?)?;
            let anchor = row.try_get::<Option<String>, _>("hash").ok()?.and_then(|hash| Hash::parse(&hash));
            Some((of, Self { position: Sequence(position), recorded_at, anchor }))
        };
        Ok(read())
    }

    pub(super) async fn begin(tables: &mut SqliteConnection, log: &str) -> Result<(), sqlx::Error> {
        let insert = sqlx::query("INSERT INTO meta (id, log, position, recorded_at) VALUES (1, ?, 0, 0)");
        insert.bind(log.to_owned()).execute(tables).await.map(|_| ())
    }

    pub(super) async fn write(self, gaps: &[Gap], tables: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        for gap in gaps {
            sqlx::query("INSERT OR IGNORE INTO gaps (first, last) VALUES (?, ?)")
                .bind(integer(gap.first.get()))
                .bind(integer(gap.last.get()))
                .execute(&mut *tables)
                .await?;
        }
        sqlx::query("UPDATE meta SET position = ?, recorded_at = ? WHERE id = 1")
            .bind(integer(self.position.get()))
            .bind(self.recorded_at.timestamp_micros())
            .execute(&mut *tables)
            .await?;
        // Without one, the old one is at another position, and counts no more.
        let Some(anchor) = self.anchor else { return Ok(()) };
        sqlx::query("INSERT OR REPLACE INTO anchor (id, position, hash) VALUES (1, ?, ?)")
            .bind(integer(self.position.get()))
            .bind(anchor.to_string())
            .execute(tables)
            .await
            .map(|_| ())
    }
}

impl Gap {
    /// How many sequences are missing.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.last.get() - self.first.get() + 1
    }

    /// All that were met, oldest first.
    pub(super) async fn read_all(tables: &mut SqliteConnection) -> Result<Vec<Self>, sqlx::Error> {
        let rows = sqlx::query("SELECT first, last FROM gaps ORDER BY first").fetch_all(tables).await?;
        rows.iter()
            .map(|row| {
                Ok(Self { first: sequence(row.try_get("first")?), last: sequence(row.try_get("last")?) })
            })
            .collect()
    }
}

/// SQLite counts up to 2^63, far beyond any stream.
pub(crate) fn integer(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A sequence from a column.
pub(crate) fn sequence(n: i64) -> Sequence {
    Sequence(u64::try_from(n).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn duplicates_gaps_and_clocks_that_go_back_are_noticed() {
        let mut checkpoint = Checkpoint::default();
        let gap = |first, last| Step::After(Gap { first: Sequence(first), last: Sequence(last) });
        assert_eq!(checkpoint.advance(Sequence(3), at(10)), gap(1, 2), "a log that lost its beginning");
        assert_eq!(checkpoint.advance(Sequence(4), at(12)), Step::Next);
        assert_eq!(checkpoint.advance(Sequence(4), at(20)), Step::Duplicate);
        assert_eq!(checkpoint.advance(Sequence(2), at(20)), Step::Duplicate);
        assert_eq!(checkpoint, Checkpoint { position: Sequence(4), recorded_at: at(12), anchor: None });
        assert_eq!(checkpoint.advance(Sequence(9), at(11)), gap(5, 8));
        assert_eq!(
            checkpoint,
            Checkpoint { position: Sequence(9), recorded_at: at(12), anchor: None },
            "time stands, and never goes back"
        );
    }
}
