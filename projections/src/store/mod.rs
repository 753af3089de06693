//! The durable form of the projection, in SQLite. A cache: it may be deleted at any time, and is rebuilt
//! from the log.

mod events;
mod schema;
mod write;

use std::path::{Path, PathBuf};
use std::time::Duration;

use aegis_domain::Sequence;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use crate::State;

pub use events::{EventFilter, EventPage, Window};
pub use write::{Batch, DeadLetter};

const BUSY: Duration = Duration::from_secs(5);
const READERS: u32 = 4;

/// The store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite says why. If the disk is full or read-only, make room or correct the permissions; in any
    /// other case delete the file: it is rebuilt.
    #[error("the projection's database {path} cannot be used")]
    Database {
        /// The file.
        path: String,
        /// Why.
        source: sqlx::Error,
    },
    /// A row is not what this version writes: delete the file, it is rebuilt.
    #[error("the projection's database {path} holds a row that cannot be read; delete it, and it is rebuilt")]
    Row {
        /// The file.
        path: String,
        /// Why.
        source: serde_json::Error,
    },
    /// A damaged file could not be removed.
    #[error("the damaged database {path} cannot be removed: delete it by hand, and it is rebuilt")]
    Remove {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

/// The database of one replica.
#[derive(Debug, Clone)]
pub struct Store {
    pool: SqlitePool,
    path: String,
}

impl Store {
    /// Opens the file, or makes it. A damaged one is removed and made anew.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let store = Self::connect(path);
        match store.prepare().await {
            Ok(()) => Ok(store),
            Err(StoreError::Database { source, .. }) if is_damage(&source) => {
                tracing::warn!(path = store.path, error = %source, "the database is damaged; rebuilding it");
                store.pool.close().await;
                remove(path)?;
                let store = Self::connect(path);
                store.prepare().await?;
                Ok(store)
            }
            Err(error) => Err(error),
        }
    }

    fn connect(path: &Path) -> Self {
        let name = path.display().to_string();
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY);
        let pool = SqlitePoolOptions::new().max_connections(READERS).connect_lazy_with(options);
        Self { pool, path: name }
    }

    async fn prepare(&self) -> Result<(), StoreError> {
        for statement in schema::STATEMENTS {
            sqlx::query(statement).execute(&self.pool).await.map_err(|e| self.database(e))?;
        }
        Ok(())
    }

    /// What the store holds of this log, or nothing: after a change of the fold, or with another log,
    /// it is emptied.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn restore(&self, log: &str, last: Sequence) -> Result<State, StoreError> {
        let meta = sqlx::query("SELECT version, log, position FROM meta WHERE id = 1")
            .fetch_optional(&self.pool)
            .await
            .map_err(|e| self.database(e))?;
        let usable = meta.and_then(|row| {
            let position = u64::try_from(row.get::<i64, _>("position")).ok()?;
            let same = row.get::<i64, _>("version") == State::VERSION && row.get::<String, _>("log") == log;
            (same && position <= last.get()).then_some(Sequence(position))
        });
        let Some(position) = usable else {
            self.reset(log).await?;
            return Ok(State::default());
        };
        let mut state = State { position, ..State::default() };
        for view in self.rows("SELECT doc FROM instances").await? {
            let view: crate::view::InstanceView = view;
            state.instances.insert((view.service.clone(), view.instance.clone()), view);
        }
        for view in self.rows("SELECT doc FROM leaders").await? {
            let view: crate::view::LeaderView = view;
            state.leaders.insert((view.service.clone(), view.group.clone()), view);
        }
        for view in self.rows("SELECT doc FROM definitions").await? {
            let view: crate::view::DefinitionView = view;
            state.definitions.insert(view.service.clone(), view);
        }
        Ok(state)
    }

    /// How many events were put aside because they cannot be read.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn dead_letters(&self) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT count(*) AS n FROM dead_letters")
            .fetch_one(&self.pool)
            .await
            .map_err(|e| self.database(e))?;
        Ok(u64::try_from(row.get::<i64, _>("n")).unwrap_or(0))
    }

    async fn rows<T: DeserializeOwned>(&self, query: &'static str) -> Result<Vec<T>, StoreError> {
        let rows = sqlx::query(query).fetch_all(&self.pool).await.map_err(|e| self.database(e))?;
        let read = |row: sqlx::sqlite::SqliteRow| serde_json::from_str(row.get("doc"));
        rows.into_iter()
            .map(read)
            .collect::<Result<_, _>>()
            .map_err(|source| StoreError::Row { path: self.path.clone(), source })
    }

    fn database(&self, source: sqlx::Error) -> StoreError {
        StoreError::Database { path: self.path.clone(), source }
    }
}

/// `SQLITE_CORRUPT` and `SQLITE_NOTADB` (primary result codes 11 and 26), with their extended forms.
fn is_damage(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|e| e.code()).and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| matches!(code & 0xff, 11 | 26))
}

/// Removes the database with what SQLite keeps beside it.
fn remove(path: &Path) -> Result<(), StoreError> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let file = PathBuf::from(name);
        match std::fs::remove_file(&file) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::Remove { path: file.display().to_string(), source });
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}
