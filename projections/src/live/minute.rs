//! Metrics of an instance over the last minute: those of one second are too noisy, and a list that is ordered by them would
//! change with each heartbeat.

use std::collections::VecDeque;

use aegis_domain::wire::latency::Latency;
use chrono::{DateTime, Utc};

use crate::counters::Calls;

/// How long a slice is, in seconds.
pub(super) const SLICE: i64 = 10;
/// How many slices there are: a minute, of which the last one is not over yet.
const SLICES: usize = 6;
/// How often the metrics are told anew, in seconds.
const EVERY: i64 = 5;

/// MinuteMetrics over the last 50 to 60 seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MinuteMetrics {
    /// How many seconds they are of: fewer for one that was heard for the first time only just now.
    pub seconds: u32,
    /// The calls that ended in them.
    pub calls: Calls,
    /// The latency that half of them did not exceed, in milliseconds.
    pub p50_ms: Option<f64>,
    /// The same for nine of ten.
    pub p90_ms: Option<f64>,
    /// The same for 99 of 100.
    pub p99_ms: Option<f64>,
}

/// The slices of the last minute, and what they tell.
#[derive(Debug, Clone, Default)]
pub struct Minute {
    slices: VecDeque<Slice>,
    /// When the first heartbeat came, and when the metrics were told last, in seconds since 1970.
    since: i64,
    told: i64,
    metrics: MinuteMetrics,
}

#[derive(Debug, Clone, Default)]
struct Slice {
    number: i64,
    calls: Calls,
    latency: Latency,
}

impl Minute {
    /// Takes in the window of a heartbeat that the server took then.
    pub(super) fn take(&mut self, at: DateTime<Utc>, calls: Calls, latency: Option<&Latency>) {
        let now = at.timestamp();
        let number = now.div_euclid(SLICE);
        match self.slices.back() {
            None => (self.since, self.told) = (now, now),
            // A clock that was put back: what was counted is of no time that is known.
            Some(last) if last.number > number => *self = Self { since: now, told: now, ..Self::default() },
            Some(_) => {}
        }
        if self.slices.back().is_none_or(|last| last.number < number) {
            self.slices.push_back(Slice { number, ..Slice::default() });
        }
        self.forget(number);
        if let Some(last) = self.slices.back_mut() {
            last.calls = last.calls.and(calls);
            if let Some(latency) = latency {
                last.latency.merge(latency);
            }
        }
        if now - self.told >= EVERY || self.metrics.seconds == 0 {
            self.told = now;
            self.metrics = MinuteMetrics::of([&*self], now);
        }
    }

    /// What was told last. It is of the last minute only as long as heartbeats come.
    #[must_use]
    pub fn metrics(&self) -> &MinuteMetrics {
        &self.metrics
    }

    fn forget(&mut self, number: i64) {
        let first = number - i64::try_from(SLICES).unwrap_or(i64::MAX);
        while self.slices.front().is_some_and(|slice| slice.number <= first) {
            self.slices.pop_front();
        }
    }
}

impl MinuteMetrics {
    /// Those of several instances together, now.
    pub fn of<'a>(minutes: impl IntoIterator<Item = &'a Minute>, now: i64) -> Self {
        let first = now.div_euclid(SLICE) - i64::try_from(SLICES).unwrap_or(i64::MAX);
        let (mut calls, mut since) = (Calls::default(), now);
        let mut slices = Vec::new();
        for minute in minutes {
            since = since.min(minute.since);
            slices.extend(minute.slices.iter().filter(|slice| slice.number > first));
        }
        for slice in &slices {
            calls = calls.and(slice.calls);
        }
        let latency: Latency = slices.iter().map(|slice| &slice.latency).collect();
        let begin = since.max((first + 1) * SLICE);
        Self {
            seconds: u32::try_from((now - begin).max(1)).unwrap_or(u32::MAX),
            calls,
            p50_ms: latency.quantile_ms(0.5),
            p90_ms: latency.quantile_ms(0.9),
            p99_ms: latency.quantile_ms(0.99),
        }
    }

    /// Calls a second.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "metrics for people")]
    pub fn calls_per_second(&self) -> f64 {
        self.calls.ended as f64 / f64::from(self.seconds.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000_000 + second, 0).unwrap()
    }

    fn calls(ended: u64) -> Calls {
        Calls { ended, failed: ended / 10 }
    }

    fn latency(micros: u64, times: u64) -> Latency {
        let mut latency = Latency::default();
        latency.record(micros, times);
        latency
    }

    #[test]
    fn a_minute_tells_what_was_done_in_it_and_forgets_what_was_before() {
        let mut minute = Minute::default();
        for second in 0..=120 {
            let slow = if second < 30 { 900_000 } else { 1_000 };
            minute.take(at(second), calls(10), Some(&latency(slow, 10)));
        }
        let metrics = minute.metrics();
        assert!((50..=60).contains(&metrics.seconds), "{metrics:?}");
        assert!((9.9..10.4).contains(&metrics.calls_per_second()), "{metrics:?}");
        assert_eq!(metrics.calls.failed_percent(), Some(10.0));
        assert!(metrics.p99_ms.unwrap() < 1.1, "{metrics:?}");
        assert!(minute.slices.len() <= SLICES);
    }

    #[test]
    fn figures_stand_for_five_seconds() {
        let mut minute = Minute::default();
        let mut told = Vec::new();
        for second in 0..20 {
            minute.take(at(second), calls(u64::try_from(second).unwrap()), None);
            if told.last() != Some(minute.metrics()) {
                told.push(*minute.metrics());
            }
        }
        assert_eq!(told.len(), 4, "{told:?}");
        assert_eq!(told[0].p50_ms, None);
    }

    #[test]
    fn several_are_told_as_one() {
        let (mut one, mut other) = (Minute::default(), Minute::default());
        for second in 0..100 {
            one.take(at(second), calls(1), Some(&latency(1_000, 1)));
            other.take(at(second), calls(99), Some(&latency(9_000, 99)));
        }
        let both = MinuteMetrics::of([&one, &other], at(100).timestamp());
        assert!(both.p50_ms.unwrap() > 8.9 && both.calls_per_second() > 95.0, "{both:?}");
        let later = MinuteMetrics::of([&one, &other], at(200).timestamp());
        assert_eq!((later.calls.ended, later.p99_ms), (0, None), "nothing came since");
    }
}
