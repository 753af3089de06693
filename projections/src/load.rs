//! The metrics of a service: its instances together, over the last window of each: quantiles are those of all their calls,
//! not averages of quantiles.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aegis_domain::ServiceName;
use aegis_domain::wire::latency::Latency;

use crate::counters::Calls;
use crate::live::{Beat, Contents};
use crate::state::{InstanceKey, of_service};

/// How many heartbeats an instance may miss until it says nothing of the present any more.
const MISSED: u32 = 3;

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
