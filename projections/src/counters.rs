//! What instances count, and what they did between two heartbeats.

use aegis_domain::wire::heartbeat::{Heartbeat, Messages};
use chrono::{DateTime, SubsecRound as _, Utc};

/// Calls that have ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// All of them.
    pub ended: u64,
    /// Those that failed.
    pub failed: u64,
}

/// What an instance has counted since its life began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// When it began, by its own clock, to the microsecond.
    pub life: DateTime<Utc>,
    /// The window that they were told of; 0 where windows are not counted.
    pub window: u64,
    /// Calls that have ended.
    pub calls: u64,
    /// Those that failed.
    pub errors: u64,
    /// Events.
    pub events: Messages,
    /// Commands.
    pub commands: Messages,
}

/// What an instance did between two of its heartbeats.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// Calls that ended.
    pub calls: Calls,
    /// What became of events.
    pub events: Messages,
    /// What became of commands.
    pub commands: Messages,
}

impl Counters {
    /// Those of a heartbeat.
    #[must_use]
    pub fn of(heartbeat: &Heartbeat) -> Self {
        let metrics = &heartbeat.metrics;
        let life = heartbeat.started_at.trunc_subsecs(6);
        let (events, commands) = (metrics.events, metrics.commands);
        Self { life, window: metrics.window, calls: metrics.calls, errors: metrics.errors, events, commands }
    }

    /// Whether they are told of the same window as those before, so that nothing is to be counted anew.
    #[must_use]
    pub fn repeats(&self, before: &Self) -> bool {
        self.window > 0 && self.window == before.window && self.life == before.life
    }
}

impl Done {
    /// What was done between two heartbeats of an instance, by its counters. They begin anew with each life.
    #[must_use]
    pub fn between(before: &Counters, now: &Counters) -> Self {
        let goes_on = before.life == now.life && before.calls <= now.calls;
        let (calls, errors) = if goes_on { (before.calls, before.errors) } else { (0, 0) };
        let ended = now.calls - calls;
        let messages = |before, now: Messages| if goes_on { now.since(before) } else { now };
        Self {
            calls: Calls { ended, failed: now.errors.saturating_sub(errors).min(ended) },
            events: messages(before.events, now.events),
            commands: messages(before.commands, now.commands),
        }
    }
}

impl Calls {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            ended: self.ended.saturating_add(other.ended),
            failed: self.failed.saturating_add(other.failed),
        }
    }

    /// The share that failed, in percent; none when nothing was called.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more than 52 bits")]
    pub fn failed_percent(&self) -> Option<f64> {
        (self.ended > 0).then(|| self.failed as f64 * 100.0 / self.ended as f64)
    }
}
