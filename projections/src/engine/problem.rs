//! Problems of a projection, for operators.

use chrono::{DateTime, Utc};

/// What kind of problem it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemCode {
    /// The stream has another history than the one that was applied: it is being rebuilt.
    HistoryReplaced,
    /// The file cannot be written: readers are served from memory.
    Unwritable,
    /// There are more instances than metrics are kept of.
    TooManyInstances,
    /// Events of a newer version are read as far as they are known.
    PartlyRead,
    /// What is no event cannot be copied to the dead letters.
    DeadLettersUnwritable,
    /// The log has lost events of before: what was then is not known.
    LogGap,
}

/// A problem that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind it is.
    pub code: ProblemCode,
    /// What is wrong, and what to do.
    pub message: String,
    /// Since when, by the clock of this process.
    pub since: DateTime<Utc>,
}

impl ProblemCode {
    /// The name used on every surface.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HistoryReplaced => "HISTORY_REPLACED",
            Self::Unwritable => "UNWRITABLE",
            Self::TooManyInstances => "TOO_MANY_INSTANCES",
            Self::PartlyRead => "PARTLY_READ",
            Self::DeadLettersUnwritable => "DEAD_LETTERS_UNWRITABLE",
            Self::LogGap => "LOG_GAP",
        }
    }

    /// Whether a replica with this problem should not be asked as long as there are others.
    #[must_use]
    pub fn is_unready(self) -> bool {
        match self {
            Self::HistoryReplaced | Self::Unwritable => true,
            // Another replica could not do better.
            Self::TooManyInstances | Self::PartlyRead | Self::DeadLettersUnwritable | Self::LogGap => false,
        }
    }
}
