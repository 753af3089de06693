//! A projection's file: opened, checked, replaced. A cache: it may be deleted at any time.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aegis_domain::Sequence;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, Sqlite, SqliteConnection};
use tokio::sync::{RwLock, RwLockReadGuard};

use super::error::is_damage;
use super::{Checkpoint, FileCheck, Gap, Projection, StoreError, Stream, WriteError, checkpoint};

const BUSY: Duration = Duration::from_secs(5);
const CONNECTIONS: u32 = 5;
/// What one connection keeps of the file in memory, in KiB, negative as SQLite wants it.
const CACHE: &str = "-8192";
/// To this size the write-ahead log is cut back once it has been folded into the file, in bytes.
const JOURNAL: &str = "67108864";

/// The tables of one projection.
#[derive(Debug, Clone, Copy)]
struct Schema {
    version: i64,
    tables: &'static [&'static str],
    indexes: &'static [&'static str],
}

/// The live file of one projection, and its place. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Database {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    schema: Schema,
    /// Held shared while somebody reads or writes, and alone while the file is replaced.
    pool: RwLock<SqlitePool>,
}

impl Database {
    /// Opens the file, or makes it. One of another version or a damaged one is removed and made anew: the
    /// file is read once, whole, which takes far less time than reading the log again. What a rebuild left
    /// beside it is removed.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn open<P: Projection>(path: &Path) -> Result<Self, StoreError> {
        Self::open_watched::<P>(path, &FileCheck::default()).await
    }

    /// The same, telling how far the check of the file has come.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn open_watched<P: Projection>(path: &Path, progress: &FileCheck) -> Result<Self, StoreError> {
        let schema = Schema { version: P::VERSION, tables: P::TABLES, indexes: P::INDEXES };
        let pool = RwLock::new(connect(path));
        let database = Self { inner: Arc::new(Inner { path: path.to_owned(), schema, pool }) };
        remove(&database.rebuild_path())?;
        let checked = database.check(progress).await;
        progress.ends();
        let defect = match checked {
            Ok(None) => return Ok(database),
            Ok(Some(defect)) => defect,
            Err(source) if is_damage(&source) => source.to_string(),
            Err(source) => return Err(database.error(source)),
        };
        tracing::warn!(path = database.name(), defect, "the database cannot be used as it is; rebuilding it");
        database.recreate().await?;
        Ok(database)
    }

    /// What is wrong with the file, if anything is. An empty one gets its tables.
    async fn check(&self, progress: &FileCheck) -> Result<Option<String>, sqlx::Error> {
        let pool = self.inner.pool.read().await;
        let mut connection = pool.acquire().await?;
        let version: i64 =
            sqlx::query("PRAGMA user_version").fetch_one(&mut *connection).await?.try_get(0)?;
        if version != self.inner.schema.version {
            let tables =
                sqlx::query("SELECT count(*) FROM sqlite_master").fetch_one(&mut *connection).await?;
            if tables.try_get::<i64, _>(0)? == 0 {
                self.inner.schema.make(&mut connection, true).await?;
                return Ok(None);
            }
            return Ok(Some(format!("it is of version {version}, not {}", self.inner.schema.version)));
        }
        sqlx::query(checkpoint::ANCHOR).execute(&mut *connection).await?;
        let pages: i64 = sqlx::query("PRAGMA page_count").fetch_one(&mut *connection).await?.try_get(0)?;
        let step = progress.begins(pages);
        connection.lock_handle().await?.set_progress_handler(FileCheck::STEP, step);
        let row = sqlx::query("PRAGMA quick_check(1)").fetch_one(&mut *connection).await;
        connection.lock_handle().await?.remove_progress_handler();
        let verdict: String = row?.try_get(0)?;
        Ok((verdict != "ok").then_some(verdict))
    }

    /// Removes the file and makes an empty one. Readers wait meanwhile.
    async fn recreate(&self) -> Result<(), StoreError> {
        let mut pool = self.inner.pool.write().await;
        pool.close().await;
        let removed = remove(&self.inner.path);
        *pool = connect(&self.inner.path);
        removed?;
        let mut connection = pool.acquire().await.map_err(|e| self.error(e))?;
        self.inner.schema.make(&mut connection, true).await.map_err(|e| self.error(e))
    }

    /// How far the file has come, in whichever log.
    pub(crate) async fn position(&self) -> Result<Sequence, StoreError> {
        Ok(self.stored().await?.map_or(Sequence::ZERO, |(_, checkpoint)| checkpoint.position))
    }

    /// The log that the file is of; empty while it is of none.
    pub(crate) async fn history(&self) -> Result<String, StoreError> {
        Ok(self.stored().await?.map(|(log, _)| log).unwrap_or_default())
    }

    /// The checkpoint of this log. With another log, or one that contradicts the checkpoint, the file is made anew; the text says
    /// what did not fit.
    pub(super) async fn checkpoint(
        &self,
        stream: &Stream,
    ) -> Result<(Checkpoint, Option<String>), StoreError> {
        let mut lost = None;
        if let Some((log, checkpoint)) = self.stored().await? {
            match stream.contradicts(&log, checkpoint) {
                None => return Ok((checkpoint, None)),
                Some(detail) => lost = (checkpoint.position > Sequence::ZERO).then_some(detail),
            }
        }
        self.reset(&stream.identity).await?;
        Ok((Checkpoint::default(), lost))
    }

    async fn stored(&self) -> Result<Option<(String, Checkpoint)>, StoreError> {
        let pool = self.inner.pool.read().await;
        let mut connection = pool.acquire().await.map_err(|e| self.error(e))?;
        Checkpoint::stored(&mut connection).await.map_err(|e| self.error(e))
    }

    /// Makes the file anew for this log.
    pub(super) async fn reset(&self, log: &str) -> Result<(), StoreError> {
        self.recreate().await?;
        let pool = self.inner.pool.read().await;
        let mut connection = pool.acquire().await.map_err(|e| self.error(e))?;
        Checkpoint::begin(&mut connection, log).await.map_err(|e| self.error(e))
    }

    /// The file, for reading or writing. Hold it shortly: a swap waits for it.
    pub async fn pool(&self) -> RwLockReadGuard<'_, SqlitePool> {
        self.inner.pool.read().await
    }

    /// The gaps that were met, oldest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn gaps(&self) -> Result<Vec<Gap>, StoreError> {
        let pool = self.pool().await;
        let mut connection = pool.acquire().await.map_err(|e| self.error(e))?;
        Gap::read_all(&mut connection).await.map_err(|e| self.error(e))
    }

    /// Opens an empty file beside the live one, for one writer that begins anew if anything fails.
    pub(super) async fn begin_rebuild(&self, log: &str) -> Result<SqliteConnection, StoreError> {
        let path = self.rebuild_path();
        remove(&path)?;
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Off)
            .synchronous(SqliteSynchronous::Off)
            .pragma("locking_mode", "EXCLUSIVE")
            .pragma("cache_size", "-16384")
            .disable_statement_logging();
        let mut connection = options.connect().await.map_err(|e| self.error(e))?;
        self.inner.schema.make(&mut connection, false).await.map_err(|e| self.error(e))?;
        Checkpoint::begin(&mut connection, log).await.map_err(|e| self.error(e))?;
        Ok(connection)
    }

    /// Makes the indexes of the rebuilt file.
    pub(super) async fn index(&self, rebuilt: &mut SqliteConnection) -> Result<(), StoreError> {
        self.inner.schema.index(rebuilt).await.map_err(|e| self.error(e))
    }

    /// Closes the rebuilt file; it is whole on the disk then.
    pub(super) async fn finish_rebuild(&self, mut rebuilt: SqliteConnection) -> Result<(), StoreError> {
        self.inner.schema.stamp(&mut rebuilt).await.map_err(|e| self.error(e))?;
        rebuilt.close().await.map_err(|e| self.error(e))?;
        let path = self.rebuild_path();
        tokio::task::spawn_blocking(move || {
            std::fs::File::open(&path)
                .and_then(|file| file.sync_all())
                .map_err(|source| file_error(&path, "synced", source))
        })
        .await
        .unwrap_or_else(|panicked| Err(file_error(&self.inner.path, "synced", panicked.into())))
    }

    /// Puts the rebuilt file in the place of the live one. Readers wait for it, and none fails.
    pub(super) async fn swap(&self) -> Result<(), StoreError> {
        let mut pool = self.inner.pool.write().await;
        if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&*pool).await {
            // What cannot even be read any more need not be whole in the moment before it is replaced.
            tracing::warn!(path = self.name(), %error, "the replaced database could not be closed cleanly");
        }
        pool.close().await;
        let swapped = self.rename();
        *pool = connect(&self.inner.path);
        swapped?;
        // The first connection turns the file to WAL, for which it must be alone: a second would be refused.
        pool.acquire().await.map(drop).map_err(|e| self.error(e))
    }

    fn rename(&self) -> Result<(), StoreError> {
        let path = &self.inner.path;
        for suffix in ["-wal", "-shm"] {
            remove_one(&beside(path, suffix))?;
        }
        std::fs::rename(self.rebuild_path(), path).map_err(|source| file_error(path, "replaced", source))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let synced = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
        if let Err(error) = synced {
            tracing::warn!(%error, "the folder of the database cannot be synced");
        }
        Ok(())
    }

    /// Removes what a rebuild has left.
    pub(super) fn abandon_rebuild(&self) {
        if let Err(error) = remove(&self.rebuild_path()) {
            tracing::warn!(%error, "the rest of a rebuild is in the way");
        }
    }

    pub(super) fn name(&self) -> String {
        self.inner.path.display().to_string()
    }

    pub(crate) fn error(&self, source: sqlx::Error) -> StoreError {
        StoreError::Database { path: self.name(), source }
    }

    pub(super) fn write_error(&self, error: WriteError) -> StoreError {
        match error {
            WriteError::Database(source) => self.error(source),
            WriteError::Row(source) => StoreError::Row { path: self.name(), source: source.into() },
        }
    }

    fn rebuild_path(&self) -> PathBuf {
        beside(&self.inner.path, ".rebuild")
    }
}

impl Schema {
    async fn make(&self, connection: &mut SqliteConnection, whole: bool) -> Result<(), sqlx::Error> {
        for statement in checkpoint::TABLES.iter().chain(self.tables) {
            sqlx::query(*statement).execute(&mut *connection).await?;
        }
        if whole {
            self.index(connection).await?;
            self.stamp(connection).await?;
        }
        Ok(())
    }

    async fn index(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        for statement in self.indexes {
            sqlx::query(*statement).execute(&mut *connection).await?;
        }
        Ok(())
    }

    /// Set last of all, so that whatever a crash leaves half made is made anew.
    async fn stamp(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let set = AssertSqlSafe(format!("PRAGMA user_version = {}", self.version));
        sqlx::query(set).execute(connection).await.map(|_| ())
    }
}

fn connect(path: &Path) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .pragma("cache_size", CACHE)
        .pragma("journal_size_limit", JOURNAL)
        // Whoever runs a projector does it beside the writer.
        .pragma("wal_autocheckpoint", "0")
        .busy_timeout(BUSY);
    let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS);
    // A transaction that could be neither committed nor rolled back (the disk was full, and SQLite has ended it by
    // itself) would go on in the connection: it would hold its lock, and show what was never written.
    let pool = pool.after_release(|connection, _| {
        Box::pin(async move {
            connection.lock_handle().await?.remove_progress_handler();
            connection.ping().await?;
            Ok(!connection.is_in_transaction())
        })
    });
    pool.connect_lazy_with(options)
}

/// Closes a connection on which something has failed; the next use opens another one.
pub(super) async fn discard(connection: PoolConnection<Sqlite>) {
    if let Err(error) = connection.detach().close().await {
        tracing::debug!(%error, "a connection that failed was not closed cleanly");
    }
}

/// Removes a database with what SQLite keeps beside it.
pub(crate) fn remove(path: &Path) -> Result<(), StoreError> {
    ["", "-wal", "-shm", "-journal"].into_iter().try_for_each(|suffix| remove_one(&beside(path, suffix)))
}

fn remove_one(file: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(file) {
        Err(source) if source.kind() != ErrorKind::NotFound => Err(file_error(file, "removed", source)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn file_error(path: &Path, what: &'static str, source: std::io::Error) -> StoreError {
    StoreError::File { path: path.display().to_string(), what, source }
}
