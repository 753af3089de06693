//! The record of a task: its activations, successes and last error.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aegis_graphql::ports::TaskFacts;
use chrono::{DateTime, Utc};
use tokio::time::Instant;

/// The most characters of a status or an error that are told.
const TEXT_MAX: usize = 300;
/// What is told of a panic: its text may be of the inside.
const PANICKED: &str = "it panicked, and is begun again: the replica's log says why";

/// What the driver has seen of one task. Durations are measured by a clock that never steps; moments are for people.
#[derive(Debug)]
pub(super) struct Record {
    name: &'static str,
    period: Duration,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    runs: u64,
    failures: u64,
    /// Since when the task is activated at all.
    open: Option<Instant>,
    /// The activation that is under way.
    running: Option<Instant>,
    last_started_at: Option<DateTime<Utc>>,
    last_duration: Option<Duration>,
    /// The end of the last activation that succeeded.
    succeeded: Option<(Instant, DateTime<Utc>)>,
    /// Why the last activation failed, if it did.
    error: Option<String>,
    status: Option<String>,
    due: Option<Instant>,
}

impl Record {
    pub(super) fn of(name: &'static str, period: Duration) -> Self {
        Self { name, period, seen: Mutex::default() }
    }

    /// Activations begin from now on.
    pub(super) fn opens(&self) {
        self.seen().open = Some(Instant::now());
    }

    pub(super) fn is_due(&self, next: Instant) {
        self.seen().due = Some(next);
    }

    pub(super) fn begins(&self) {
        let mut seen = self.seen();
        seen.running = Some(Instant::now());
        seen.last_started_at = Some(Utc::now());
    }

    /// The status of the last success is kept while activations fail, and the error of the last failure until one succeeds.
    pub(super) fn ends(&self, outcome: anyhow::Result<String>) {
        let mut seen = self.seen();
        seen.end();
        match outcome {
            Ok(status) => {
                seen.succeeded = Some((Instant::now(), Utc::now()));
                seen.status = Some(line(&status));
                seen.error = None;
            }
            Err(error) => seen.fails(line(&format!("{error:#}"))),
        }
    }

    /// Whatever was under way has panicked; it is not known when the next activation is due.
    pub(super) fn panicked(&self) {
        let mut seen = self.seen();
        if seen.running.is_some() {
            seen.end();
        }
        seen.fails(PANICKED.to_owned());
        seen.due = None;
    }

    pub(super) fn facts(&self) -> TaskFacts {
        let (now, time) = (Instant::now(), Utc::now());
        let seen = self.seen();
        let since = seen.succeeded.map(|(at, _)| at).or(seen.open);
        TaskFacts {
            name: self.name,
            period: self.period,
            runs: seen.runs,
            failures: seen.failures,
            running: seen.running.is_some(),
            last_started_at: seen.last_started_at,
            last_duration: seen.last_duration,
            last_succeeded_at: seen.succeeded.map(|(_, at)| at),
            without_success_for: since.map(|since| now.saturating_duration_since(since)),
            last_error: seen.error.clone(),
            next_due_at: seen.due.map(|due| time + due.saturating_duration_since(now)),
            status: seen.status.clone(),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn end(&mut self) {
        self.runs += 1;
        self.last_duration = self.running.take().map(|begun| begun.elapsed());
    }

    fn fails(&mut self, error: String) {
        self.failures += 1;
        self.error = Some(error);
    }
}

/// One line, of bounded length.
fn line(text: &str) -> String {
    text.chars().take(TEXT_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
