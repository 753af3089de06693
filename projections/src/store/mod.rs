//! Reads the projection's file: pages of events, and the registry as of a time.

mod as_of;
mod bounded;
mod events;
mod filter;
mod recent;

use std::path::Path;

use aegis_domain::Sequence;
use sqlx::Row as _;
use tokio::sync::watch;

use crate::engine::{Database, FileCheck, Gap, Progress};
use crate::registry::{Registry, Retention};

pub use crate::engine::StoreError;
pub use as_of::{AsOfError, At};
pub(crate) use events::range;
pub use events::{Bucket, EventPage, Window, part_micros};
pub use filter::{EventFilter, Without};
pub(crate) use recent::Recent;

/// The database of one replica. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) database: Database,
    pub(crate) progress: Progress,
    pub(crate) retention: Retention,
    pub(crate) recent: Recent,
}

impl Store {
    /// Opens the file, or makes it. What it cannot be used as, it is made anew: the log has everything.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn open(path: &Path, retention: Retention) -> Result<Self, StoreError> {
        Self::open_watched(path, retention, &FileCheck::default()).await
    }

    /// The same, telling how far the check of the file has come.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn open_watched(
        path: &Path,
        retention: Retention,
        progress: &FileCheck,
    ) -> Result<Self, StoreError> {
        let database = Database::open_watched::<Registry>(path, progress).await?;
        Ok(Self { database, progress: Progress::default(), retention, recent: Recent::default() })
    }

    /// Up to where pages that begin at an event hold all that follow it, and each change of that. It is where the
    /// projector reads the log, a moment before the file is there, too.
    #[must_use]
    pub fn newest(&self) -> watch::Receiver<Sequence> {
        self.recent.position()
    }

    /// How often the log was found to have another history than the one that was told, and each further time: a
    /// position that was told before means nothing then.
    #[must_use]
    pub fn histories(&self) -> watch::Receiver<u64> {
        self.recent.histories()
    }

    /// The file that it reads.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// How the projection is doing.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The log that the file is of: the stream, and when it was created.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn history(&self) -> Result<String, StoreError> {
        self.database.history().await
    }

    /// The runs of sequences that the log has lost, oldest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn gaps(&self) -> Result<Vec<Gap>, StoreError> {
        self.database.gaps().await
    }

    /// How many messages were put aside because they are no events, as far back as the index goes.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn dead_letters(&self) -> Result<u64, StoreError> {
        let pool = self.database.pool().await;
        let row = sqlx::query("SELECT count(*) AS n FROM dead_letters").fetch_one(&*pool).await;
        let row = row.map_err(|e| self.database.error(e))?;
        Ok(u64::try_from(row.get::<i64, _>("n")).unwrap_or(0))
    }
}
