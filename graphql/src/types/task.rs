//! Background tasks of a replica.

use std::time::Duration;

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};

use super::Long;
use crate::ports::TaskFacts;

/// What the replica does again and again. Moments are told by the clock of the replica.
#[derive(Debug, SimpleObject)]
pub(crate) struct BackgroundTask {
    /// What it is called, stable: also the label `task` of the metrics.
    name: String,
    /// From the beginning of an activation to that of the next one, in milliseconds.
    period_ms: Long,
    /// Activations that have ended since the replica started.
    runs: Long,
    /// Those of them that failed, and panics.
    failures: Long,
    /// Whether an activation is under way.
    running: bool,
    /// When the last activation began; null before the first one.
    last_started_at: Option<DateTime<Utc>>,
    /// How long the last activation that has ended took, in milliseconds.
    last_duration_ms: Option<f64>,
    /// When an activation last succeeded; null before the first one that did.
    last_succeeded_at: Option<DateTime<Utc>>,
    /// Why the last activation failed; null when it succeeded.
    last_error: Option<String>,
    /// When the next activation is due at the latest; null while it waits for its first one, and after a panic.
    next_due_at: Option<DateTime<Utc>>,
    /// What the last activation that succeeded had to say, for people.
    status: Option<String>,
}

impl From<TaskFacts> for BackgroundTask {
    fn from(facts: TaskFacts) -> Self {
        let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
        Self {
            name: facts.name.to_owned(),
            period_ms: u64::try_from(facts.period.as_millis()).unwrap_or(u64::MAX).into(),
            runs: facts.runs.into(),
            failures: facts.failures.into(),
            running: facts.running,
            last_started_at: facts.last_started_at,
            last_duration_ms: facts.last_duration.map(ms),
            last_succeeded_at: facts.last_succeeded_at,
            last_error: facts.last_error,
            next_due_at: facts.next_due_at,
            status: facts.status,
        }
    }
}
