//! The metrics of a service: its instances together, over the last window of each: quantiles are those of all their calls,
//! not averages of quantiles.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aegis_domain::ServiceName;
use aegis_domain::wire::heartbeat::{Heartbeat, Messages};
use aegis_domain::wire::latency::Latency;
use chrono::{DateTime, SubsecRound as _, Utc};

use crate::live::{Beat, Contents};
use crate::state::{InstanceKey, of_service};

/// How many heartbeats an instance may miss until it says nothing of the present any more.
const MISSED: u32 = 3;

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

/// The metrics of a service.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Load {
    /// The latencies of all its instances.
    pub latency: Latency,
    /// The calls of all its instances.
    pub calls: Calls,
    /// Calls a second; none when no instance is heard.
    pub calls_per_second: Option<f64>,
    /// How many messages wait for each consumer: the most that any instance says. Instances share consumers, so a sum
    /// would count a message several times.
    pub lag: BTreeMap<String, u64>,
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

impl Load {
    /// The metrics of a service from what its instances said last, as far as they are heard.
    #[must_use]
    pub fn of(contents: &Contents, service: &ServiceName, now: Instant) -> Self {
        Self::together(heard(contents, service, now).map(|(_, beat)| beat))
    }

    /// The metrics of these instances together.
    #[must_use]
    pub fn together<'a>(beats: impl Iterator<Item = &'a Beat> + Clone) -> Self {
        let calls = beats.clone().filter_map(|beat| beat.calls).fold(Calls::default(), Calls::and);
        let metrics = beats.map(|beat| &beat.heartbeat.metrics);
        let mut lag = BTreeMap::<String, u64>::new();
        for told in metrics.clone().flat_map(|it| &it.lag) {
            let most = lag.entry(told.consumer.clone()).or_default();
            *most = told.pending.max(*most);
        }
        Self {
            lag,
            latency: metrics.clone().filter_map(|it| it.latency.as_ref()).collect(),
            calls,
            calls_per_second: metrics.map(|it| it.calls_per_second).reduce(|sum, rate| sum + rate),
        }
    }

    /// The share of calls that failed, in percent; none when there was none.
    #[must_use]
    pub fn error_percent(&self) -> Option<f64> {
        self.calls.failed_percent()
    }
}

/// The instances of a service that say anything of the present: they live, and their heartbeats come.
pub fn heard<'a>(
    contents: &'a Contents,
    service: &ServiceName,
    now: Instant,
) -> impl Iterator<Item = (&'a InstanceKey, &'a Beat)> + Clone {
    of_service(&contents.beats, service).filter(move |(key, beat)| {
        let view = contents.state.instances.get(key).filter(|view| view.state.is_alive());
        let registration = view.and_then(|view| view.state.registration.as_ref());
        registration.is_some_and(|it| is_fresh(beat, Duration::from_millis(it.heartbeat_ms), now))
    })
}

fn is_fresh(beat: &Beat, every: Duration, now: Instant) -> bool {
    now.saturating_duration_since(beat.received) <= every.saturating_mul(MISSED)
}

#[cfg(test)]
mod tests;
