//! Errors of a projection's file.

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
    /// A read took too long, and was given up.
    #[error("reading took more than {patience:?}: narrow the filter, or the time that it is about")]
    Slow {
        /// How long it may take.
        patience: std::time::Duration,
    },
    /// A file could not be removed, renamed or synced.
    #[error(
        "the database {path} cannot be {what}: correct the permissions of its folder, or delete it by hand"
    )]
    File {
        /// The file.
        path: String,
        /// What was to become of it.
        what: &'static str,
        /// Why it cannot.
        source: std::io::Error,
    },
}

/// The tables do not hold the projection.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// A row is not what this version writes.
    #[error("a row cannot be read")]
    Row(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// SQLite says why.
    #[error("the tables cannot be read")]
    Database(#[from] sqlx::Error),
}

/// A batch cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A value has no JSON form, which none that was read from JSON lacks.
    #[error("a row cannot be written")]
    Row(#[from] serde_json::Error),
    /// SQLite says why.
    #[error("the tables cannot be written")]
    Database(#[from] sqlx::Error),
}

/// `SQLITE_CORRUPT` and `SQLITE_NOTADB` (primary result codes 11 and 26), with their extended forms.
pub(super) fn is_damage(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|e| e.code()).and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| matches!(code & 0xff, 11 | 26))
}

impl StoreError {
    /// The log has lost what the live projection had applied: readers would see it go back.
    pub(super) fn fell_short() -> Self {
        let source = std::io::Error::other("the log ends before the live projection");
        Self::File { path: String::new(), what: "replaced", source }
    }

    /// A task has ended without a result.
    pub(super) fn broken(error: tokio::task::JoinError) -> Self {
        Self::File { path: String::new(), what: "rebuilt", source: error.into() }
    }

    /// Whether the file is damaged, so that only a rebuild helps.
    pub(super) fn is_damage(&self) -> bool {
        match self {
            Self::Database { source, .. } => is_damage(source),
            Self::Row { .. } => true,
            Self::File { .. } | Self::Slow { .. } => false,
        }
    }
}

/// An error with its causes on one line.
pub(crate) struct Chain<'a>(pub(crate) &'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
