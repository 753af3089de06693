//! The figures of a service, in fixed memory.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aegis_domain::wire::heartbeat::Metrics;
use aegis_domain::wire::latency::Latency;
use hdrhistogram::Histogram;

use super::process::Usage;
use crate::consume::figures::Figures;

const HIGHEST_US: u64 = Latency::HIGHEST_US;

#[derive(Debug)]
pub(crate) struct Stats {
    started: Instant,
    calls: AtomicU64,
    errors: AtomicU64,
    in_flight: AtomicU64,
    queued: AtomicU64,
    /// Of events and of commands.
    pub(crate) events: Arc<Figures>,
    pub(crate) commands: Arc<Figures>,
    window: Mutex<Window>,
}

#[derive(Debug)]
struct Window {
    since: Instant,
    number: u64,
    calls: u64,
    /// In the bounds of those that are sent: about 20 KiB, whatever happens.
    latencies: Histogram<u64>,
    usage: Option<Usage>,
}

impl Default for Stats {
    fn default() -> Self {
        let latencies = Histogram::new_with_bounds(1, HIGHEST_US, Latency::DIGITS)
            .expect("the bounds are valid constants");
        let window = Window { since: Instant::now(), number: 1, calls: 0, latencies, usage: Usage::now() };
        Self {
            started: Instant::now(),
            calls: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            queued: AtomicU64::new(0),
            events: Arc::default(),
            commands: Arc::default(),
            window: Mutex::new(window),
        }
    }
}

impl Stats {
    pub(crate) fn queue(&self) {
        self.queued.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn begin(&self) {
        self.queued.fetch_sub(1, Ordering::Relaxed);
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end(&self, took: Duration, failed: bool) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.calls.fetch_add(1, Ordering::Relaxed);
        if failed {
            self.errors.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(HIGHEST_US);
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        window.latencies.saturating_record(micros.clamp(1, HIGHEST_US));
    }

    /// A call was refused before it began.
    pub(crate) fn refuse(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.errors.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed) + self.queued.load(Ordering::Relaxed)
    }

    pub(crate) fn queued(&self) -> u64 {
        self.queued.load(Ordering::Relaxed)
    }

    /// The figures since the last time, and a fresh window.
    pub(crate) fn take(&self) -> Metrics {
        let calls = self.calls.load(Ordering::Relaxed);
        let usage = Usage::now();
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = window.since.elapsed();
        let quantile =
            |q| (!window.latencies.is_empty()).then(|| millis(window.latencies.value_at_quantile(q)));
        let metrics = Metrics {
            uptime_seconds: self.started.elapsed().as_secs(),
            in_flight: self.in_flight.load(Ordering::Relaxed),
            queue_depth: self.queued(),
            calls,
            errors: self.errors.load(Ordering::Relaxed),
            calls_per_second: count(calls - window.calls) / elapsed.as_secs_f64().max(0.001),
            p50_ms: quantile(0.5),
            p99_ms: quantile(0.99),
            cpu_percent: usage
                .zip(window.usage)
                .and_then(|(now, before)| now.cpu_percent_since(&before, elapsed)),
            memory_bytes: usage.map(|usage| usage.memory_bytes),
            window: window.number,
            latency: window.latency(),
            events: self.events.messages(),
            commands: self.commands.messages(),
            lag: [self.events.lags(), self.commands.lags()].concat(),
        };
        window.since = Instant::now();
        window.number += 1;
        window.calls = calls;
        window.latencies.reset();
        window.usage = usage;
        metrics
    }
}

impl Window {
    fn latency(&self) -> Option<Latency> {
        let mut latency = Latency::default();
        for recorded in self.latencies.iter_recorded() {
            latency.record(recorded.value_iterated_to(), recorded.count_at_value());
        }
        (!latency.is_empty()).then_some(latency)
    }
}

fn millis(micros: u64) -> f64 {
    count(micros) / 1000.0
}

/// Counters stay far below 2^53, where a float still counts whole numbers.
#[expect(clippy::cast_precision_loss, reason = "counters stay far below 2^53")]
fn count(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_tells_only_what_happened_in_it() {
        let stats = Stats::default();
        for micros in [1_000, 2_000, 50_000] {
            stats.queue();
            stats.begin();
            stats.end(Duration::from_micros(micros), micros == 50_000);
        }
        let first = stats.take();
        assert_eq!((first.calls, first.errors, first.in_flight, first.queue_depth), (3, 1, 0, 0));
        assert!(first.p50_ms.is_some_and(|ms| (1.9..2.1).contains(&ms)), "{first:?}");
        assert!(first.p99_ms.is_some_and(|ms| (49.0..51.0).contains(&ms)), "{first:?}");
        let latency = first.latency.unwrap();
        assert_eq!(
            (latency.count(), latency.quantile_ms(0.5), latency.quantile_ms(0.99)),
            (3, first.p50_ms, first.p99_ms)
        );
        let second = stats.take();
        assert_eq!((second.calls, second.p50_ms, second.p99_ms), (3, None, None));
        assert_eq!((first.window, second.window, second.latency), (1, 2, None));
        assert!(second.calls_per_second < f64::EPSILON);
    }
}
