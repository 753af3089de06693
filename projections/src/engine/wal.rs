//! Periodic checkpoints of the SQLite write-ahead log, beside the writer, so that no commit waits for the disk.

use std::time::Duration;

use aegis_nats::supervise::supervised;
use sqlx::{Row as _, SqliteConnection};
use tokio::task::JoinHandle;

use super::Database;
use super::database::discard;

/// Often, so that there is little to write at a time: the disk is busy then, which commits feel.
const EVERY: Duration = Duration::from_millis(250);
/// From so many pages on (64 MiB) the log is begun anew: the writer waits for that, and the log does not grow for
/// ever under a load that never pauses.
const PAGES: i64 = 16_384;

/// The running task. Dropping it ends it.
#[derive(Debug)]
pub(super) struct WalCheckpoints(JoinHandle<()>);

impl WalCheckpoints {
    pub(super) fn of(database: &Database) -> Self {
        let database = database.clone();
        Self(tokio::spawn(supervised("the checkpoints of a file", async move || {
            let mut ticks = tokio::time::interval(EVERY);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                if let Err(error) = checkpoint(&database).await {
                    tracing::warn!(path = database.name(), %error, "the write-ahead log cannot be folded in; trying again");
                }
            }
        })))
    }
}

impl Drop for WalCheckpoints {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn checkpoint(database: &Database) -> Result<(), sqlx::Error> {
    let pool = database.pool().await;
    let mut connection = pool.acquire().await?;
    let folded = fold_in(&mut connection).await;
    if folded.is_err() {
        discard(connection).await;
    }
    folded
}

async fn fold_in(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let row = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").fetch_one(&mut *connection).await?;
    if row.try_get::<i64, _>(1)? > PAGES {
        sqlx::query("PRAGMA wal_checkpoint(RESTART)").execute(connection).await?;
    }
    Ok(())
}
