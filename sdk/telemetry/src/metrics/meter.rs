//! One meter: counters and a histogram of latencies.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aegis_domain::wire::latency::Latency;

/// The most kinds of failure that are told apart.
const CODES_MAX: usize = 16;
/// The longest text of a failure that is kept.
const TEXT_MAX: usize = 256;

/// Counts one method, event or command. Recording takes some ten nanoseconds and no lock, but for failures.
#[derive(Debug)]
pub struct Meter {
    begun: AtomicU64,
    ended: AtomicU64,
    errors: AtomicU64,
    nanos: AtomicU64,
    failures: Mutex<Failures>,
    /// The latencies of the window, by their step.
    window: Box<[AtomicU32]>,
    #[cfg(feature = "totals")]
    totals: super::totals::Totals,
}

#[derive(Debug, Default)]
struct Failures {
    last: String,
    codes: BTreeMap<String, u64>,
}

/// The counts of a meter since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many have ended.
    pub count: u64,
    /// How many of them failed.
    pub errors: u64,
    /// How many are under way.
    pub in_flight: u64,
    /// How long all that have ended took together.
    pub time: Duration,
    /// The last failure.
    pub last_error: Option<String>,
    /// Failures by their code; the 16 kinds that came first, the rest as `OTHER`.
    pub codes: BTreeMap<String, u64>,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            begun: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            nanos: AtomicU64::new(0),
            failures: Mutex::default(),
            window: (0..Latency::STEPS).map(|_| AtomicU32::new(0)).collect(),
            #[cfg(feature = "totals")]
            totals: Default::default(),
        }
    }
}

impl Meter {
    /// One has begun: it is in flight until its [`Meter::end`].
    pub fn begin(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    /// One has ended, well or with this code and text.
    pub fn end(&self, took: Duration, failure: Option<(&str, &str)>) {
        self.ended.fetch_add(1, Ordering::Relaxed);
        self.nanos.fetch_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.window[Latency::step(micros)].fetch_add(1, Ordering::Relaxed);
        if let Some((code, text)) = failure {
            self.errors.fetch_add(1, Ordering::Relaxed);
            self.failures.lock().unwrap_or_else(PoisonError::into_inner).add(code, text);
        }
    }

    /// The counts since the start.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = self.ended.load(Ordering::Relaxed);
        Counts {
            count: ended,
            errors: self.errors.load(Ordering::Relaxed),
            in_flight: self.begun.load(Ordering::Relaxed).saturating_sub(ended),
            time: Duration::from_nanos(self.nanos.load(Ordering::Relaxed)),
            last_error: (!failures.last.is_empty()).then(|| failures.last.clone()),
            codes: failures.codes.clone(),
        }
    }

    pub(super) fn ended_and_failed(&self) -> (u64, u64) {
        (self.ended.load(Ordering::Relaxed), self.errors.load(Ordering::Relaxed))
    }

    /// Whether nothing was ever counted.
    pub(super) fn is_unused(&self) -> bool {
        self.begun.load(Ordering::Relaxed) == 0 && self.ended.load(Ordering::Relaxed) == 0
    }

    /// The latencies of the window, and a fresh one.
    pub(super) fn take(&self) -> Latency {
        let window = Latency::of_steps(self.window.iter().map(|count| match count.load(Ordering::Relaxed) {
            0 => 0,
            _ => u64::from(count.swap(0, Ordering::Relaxed)),
        }));
        #[cfg(feature = "totals")]
        self.totals.add(&window, self.nanos.load(Ordering::Relaxed));
        window
    }

    /// The latencies of all windows that have ended, in steps up to each of `BOUNDS_US`, and how long they took
    /// together.
    #[cfg(feature = "totals")]
    pub(super) fn durations(&self) -> (Vec<u64>, Duration) {
        self.totals.read()
    }
}

impl Failures {
    fn add(&mut self, code: &str, text: &str) {
        self.last.clear();
        self.last.extend(code.chars().chain(": ".chars()).chain(text.chars()).take(TEXT_MAX));
        let known = self.codes.len() < CODES_MAX || self.codes.contains_key(code);
        let code = if known { code } else { super::OTHER };
        *self.codes.entry(code.chars().take(TEXT_MAX).collect()).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_is_counted_and_what_does_not_is_in_flight() {
        let meter = Meter::default();
        for micros in [100, 2_000, 90_000_000] {
            meter.begin();
            meter.end(Duration::from_micros(micros), None);
        }
        meter.begin();
        let counts = meter.counts();
        assert_eq!((counts.count, counts.errors, counts.in_flight), (3, 0, 1));
        assert_eq!(counts.time, Duration::from_micros(90_002_100));
        let latency = meter.take();
        assert_eq!(
            (latency.count(), latency.quantile(0.3), latency.quantile(1.0)),
            (3, Some(100), Some(60_030_975))
        );
        assert!(meter.take().is_empty());
    }

    #[test]
    fn failures_are_told_apart_up_to_a_bound() {
        let meter = Meter::default();
        for n in 0..1_000 {
            meter.end(Duration::ZERO, Some((&format!("CODE_{n}"), &"x".repeat(10_000))));
        }
        let counts = meter.counts();
        assert_eq!((counts.errors, counts.codes.len()), (1_000, CODES_MAX + 1));
        assert_eq!(counts.codes["OTHER"], 1_000 - u64::try_from(CODES_MAX).unwrap());
        assert_eq!(counts.last_error.unwrap().chars().count(), TEXT_MAX);
    }
}
