//! The durable form of the projection, in SQLite. A cache: it may be deleted at any time, and is rebuilt
//! from the log.

mod events;
mod schema;
mod write;

use std::path::{Path, PathBuf};
use std::time::Duration;

use aegis_domain::Sequence;
use serde::de::DeserializeOwned;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{QueryBuilder, Row as _, Sqlite};

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
    /// A row is not what this version writes, or cannot be written. A row that cannot be read while the
    /// store is restored empties it.
    #[error(
        "the projection's database {path} holds a row that cannot be read or written; delete it, and it is rebuilt"
    )]
    Row {
        /// The file.
        path: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
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
    /// Opens the file, or makes it. One of another version is emptied. A damaged one is removed and made
    /// anew: the file is read once, whole, which takes far less time than reading the log again.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let store = Self::connect(path);
        let damage = match store.prepare().await {
            Ok(None) => return Ok(store),
            Ok(Some(damage)) => damage,
            Err(StoreError::Database { source, .. }) if is_damage(&source) => source.to_string(),
            Err(error) => return Err(error),
        };
        tracing::warn!(path = store.path, damage, "the database is damaged; rebuilding it");
        store.pool.close().await;
        remove(path)?;
        let store = Self::connect(path);
        store.prepare().await?;
        Ok(store)
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

    /// Makes the tables of this version in place of those of any other, and answers what is wrong with
    /// the file.
    async fn prepare(&self) -> Result<Option<String>, StoreError> {
        let version = sqlx::query("PRAGMA user_version").fetch_one(&self.pool).await;
        let version: i64 = version.and_then(|row| row.try_get(0)).map_err(|e| self.database(e))?;
        // The version is set last, so that whatever a crash leaves half made is made anew.
        let drop = if version == State::VERSION { &[][..] } else { &schema::DROP };
        for statement in drop.iter().chain(&schema::STATEMENTS) {
            sqlx::query(*statement).execute(&self.pool).await.map_err(|e| self.database(e))?;
        }
        let mut set = QueryBuilder::<Sqlite>::new(format!("PRAGMA user_version = {}", State::VERSION));
        set.build().execute(&self.pool).await.map_err(|e| self.database(e))?;
        let check = sqlx::query("PRAGMA quick_check(1)");
        let row = check.fetch_one(&self.pool).await.map_err(|e| self.database(e))?;
        let verdict: String = row.try_get(0).map_err(|e| self.database(e))?;
        Ok((verdict != "ok").then_some(verdict))
    }

    /// What the store holds of this log, or nothing: with another log, or with a row that cannot be
    /// read, it is emptied.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn restore(&self, log: &str, last: Sequence) -> Result<State, StoreError> {
        match self.state(log, last).await {
            Ok(Some(state)) => return Ok(state),
            Ok(None) => {}
            Err(error @ StoreError::Row { .. }) => {
                tracing::warn!(path = self.path, %error, "emptying the database; it is rebuilt");
            }
            Err(error @ (StoreError::Database { .. } | StoreError::Remove { .. })) => return Err(error),
        }
        self.reset(log).await?;
        Ok(State::default())
    }

    async fn state(&self, log: &str, last: Sequence) -> Result<Option<State>, StoreError> {
        let meta = sqlx::query("SELECT log, position FROM meta WHERE id = 1")
            .fetch_optional(&self.pool)
            .await
            .map_err(|e| self.database(e))?;
        let usable = meta.and_then(|row| {
            let position = u64::try_from(row.try_get::<i64, _>("position").ok()?).ok()?;
            let of: String = row.try_get("log").ok()?;
            (of == log && position <= last.get()).then_some(Sequence(position))
        });
        let Some(position) = usable else { return Ok(None) };
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
        if let Some(view) = self.rows("SELECT doc FROM installation").await?.pop() {
            state.installation = view;
        }
        Ok(Some(state))
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
        let read = |row: sqlx::sqlite::SqliteRow| -> Result<T, Box<dyn std::error::Error + Send + Sync>> {
            Ok(serde_json::from_str(row.try_get("doc")?)?)
        };
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
