//! What the instances of a service do together, over the last window of each: quantiles are those of all their calls,
//! not averages of quantiles.

use std::time::{Duration, Instant};

use aegis_domain::ServiceName;
use aegis_domain::wire::heartbeat::Heartbeat;
use aegis_domain::wire::latency::Latency;

use crate::live::{Beat, Contents};

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

/// The figures of a service.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Load {
    /// The latencies of all its instances.
    pub latency: Latency,
    /// The calls of all its instances.
    pub calls: Calls,
    /// Calls a second; none when no instance is heard.
    pub calls_per_second: Option<f64>,
}

impl Calls {
    /// What has ended between two heartbeats of an instance, by its counters. They begin anew with each life.
    #[must_use]
    pub fn between(before: &Heartbeat, now: &Heartbeat) -> Self {
        let (past, metrics) = (&before.metrics, &now.metrics);
        let goes_on = before.started_at == now.started_at && past.calls <= metrics.calls;
        let (calls, errors) = if goes_on { (past.calls, past.errors) } else { (0, 0) };
        let ended = metrics.calls - calls;
        Self { ended, failed: metrics.errors.saturating_sub(errors).min(ended) }
    }
}

/// Whether the later heartbeat tells of the same window as the one before, so that it counts nothing anew.
#[must_use]
pub fn repeats(before: &Heartbeat, now: &Heartbeat) -> bool {
    let window = now.metrics.window;
    window > 0 && window == before.metrics.window && now.started_at == before.started_at
}

impl Load {
    /// The figures of a service from what its instances said last, as far as they are heard.
    #[must_use]
    pub fn of(contents: &Contents, service: &ServiceName, now: Instant) -> Self {
        let mine = contents.beats.iter().filter(|((name, _), _)| name == service);
        let heard = mine.filter(|(key, beat)| {
            let view = contents.state.instances.get(key).filter(|view| view.state.is_alive());
            let registration = view.and_then(|view| view.state.registration.as_ref());
            registration.is_some_and(|it| is_fresh(beat, Duration::from_millis(it.heartbeat_ms), now))
        });
        Self::together(heard.map(|(_, beat)| beat))
    }

    /// The figures of these instances together.
    #[must_use]
    pub fn together<'a>(beats: impl Iterator<Item = &'a Beat> + Clone) -> Self {
        let calls = beats.clone().filter_map(|beat| beat.calls).fold(Calls::default(), |sum, calls| Calls {
            ended: sum.ended.saturating_add(calls.ended),
            failed: sum.failed.saturating_add(calls.failed),
        });
        let metrics = beats.map(|beat| &beat.heartbeat.metrics);
        Self {
            latency: metrics.clone().filter_map(|it| it.latency.as_ref()).collect(),
            calls,
            calls_per_second: metrics.map(|it| it.calls_per_second).reduce(|sum, rate| sum + rate),
        }
    }

    /// The share of calls that failed, in percent; none when there was none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more than 52 bits")]
    pub fn error_percent(&self) -> Option<f64> {
        let Calls { ended, failed } = self.calls;
        (ended > 0).then(|| failed as f64 * 100.0 / ended as f64)
    }
}

fn is_fresh(beat: &Beat, every: Duration, now: Instant) -> bool {
    now.saturating_duration_since(beat.received) <= every.saturating_mul(MISSED)
}

#[cfg(test)]
mod tests;
