//! Bounded reads: they end when they take too long, or when their caller has gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sqlx::SqliteConnection;

/// How long one read may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
/// So many steps SQLite takes before it asks again whether to go on: about a millisecond.
const STEPS: i32 = 50_000;

/// A read that is wanted until this is dropped.
#[derive(Debug)]
pub(super) struct Wanted {
    over: Arc<AtomicBool>,
    until: Instant,
}

impl Wanted {
    /// Bounds what is read with the connection from now on, until that is given back.
    pub(super) async fn on(
        connection: &mut SqliteConnection,
        patience: Duration,
    ) -> Result<Self, sqlx::Error> {
        let (over, until) = (Arc::new(AtomicBool::new(false)), Instant::now() + patience);
        let ended = Arc::clone(&over);
        connection
            .lock_handle()
            .await?
            .set_progress_handler(STEPS, move || !ended.load(Ordering::Relaxed) && Instant::now() < until);
        Ok(Self { over, until })
    }

    /// Whether its time is up.
    pub(super) fn is_late(&self) -> bool {
        Instant::now() >= self.until
    }
}

impl Drop for Wanted {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Connection as _;

    use super::*;

    const ENDLESS: &str =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";

    #[tokio::test]
    async fn a_read_without_end_is_cancelled_when_its_time_is_up_or_its_caller_has_gone() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let wanted = Wanted::on(&mut connection, Duration::from_millis(50)).await.unwrap();
        assert!(sqlx::query(ENDLESS).fetch_one(&mut connection).await.is_err());
        assert!(wanted.is_late());
        drop(wanted);
        let wanted = Wanted::on(&mut connection, Duration::from_secs(600)).await.unwrap();
        let read =
            tokio::time::timeout(Duration::from_millis(50), sqlx::query(ENDLESS).fetch_one(&mut connection));
        assert!(read.await.is_err());
        drop(wanted);
        connection.lock_handle().await.unwrap().remove_progress_handler();
        // The connection is free again, since the statement has ended.
        sqlx::query("SELECT 1").fetch_one(&mut connection).await.unwrap();
    }
}
