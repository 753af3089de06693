//! The background tasks of a replica.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// A background task of this replica. Moments are told by the clock of the replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskFacts {
    /// What it is called, stable.
    pub name: &'static str,
    /// From the beginning of an activation to that of the next one.
    pub period: Duration,
    /// Activations that have ended since the start.
    pub runs: u64,
    /// Those of them that failed, and panics.
    pub failures: u64,
    /// Whether an activation is under way.
    pub running: bool,
    /// When the last activation began; none before the first one.
    pub last_started_at: Option<DateTime<Utc>>,
    /// How long the last activation that has ended took.
    pub last_duration: Option<Duration>,
    /// When an activation last succeeded.
    pub last_succeeded_at: Option<DateTime<Utc>>,
    /// How long ago that was, or since when it is activated if none has succeeded; none while it waits to be activated at all.
    pub without_success_for: Option<Duration>,
    /// Why the last activation failed; none when it succeeded. It may leave the process.
    pub last_error: Option<String>,
    /// When the next activation is due; none before the first one and after a panic.
    pub next_due_at: Option<DateTime<Utc>>,
    /// What the last activation that succeeded had to say, for people.
    pub status: Option<String>,
}
