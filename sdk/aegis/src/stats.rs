//! The metrics of a service, in fixed memory.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aegis_domain::wire::heartbeat::Metrics;
use aegis_domain::wire::latency::Latency;

use crate::Connection;
use crate::process::Usage;
use aegis_messaging::metrics::MessageMetrics;
use aegis_telemetry::Telemetry;
use aegis_telemetry::metrics::{Meters, OwnMetrics, Role, Taken};

#[derive(Debug)]
pub(crate) struct Stats {
    started: Instant,
    meters: Meters,
    own: OwnMetrics,
    in_flight: AtomicU64,
    queued: AtomicU64,
    /// When a call last left the queue, or the first came into it, in milliseconds since the start.
    queue_moved: AtomicU64,
    /// Calls that were refused before they came to their method.
    refused: AtomicU64,
    /// Of events and of commands.
    pub(crate) events: Arc<MessageMetrics>,
    pub(crate) commands: Arc<MessageMetrics>,
    window: Mutex<Window>,
}

#[derive(Debug)]
struct Window {
    since: Instant,
    number: u64,
    calls: u64,
    usage: Option<Usage>,
}

impl Stats {
    /// Of the service of this connection.
    pub(crate) fn of(connection: &Connection) -> Self {
        let Telemetry { meters, own, .. } = connection.telemetry();
        Self::new(meters.clone(), own.clone())
    }

    /// Of a service that counts its calls, and what else goes through its connection, in these meters.
    pub(crate) fn new(meters: Meters, own: OwnMetrics) -> Self {
        Self {
            started: Instant::now(),
            meters,
            own,
            in_flight: AtomicU64::new(0),
            queued: AtomicU64::new(0),
            queue_moved: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            events: Arc::default(),
            commands: Arc::default(),
            window: Mutex::new(Window { since: Instant::now(), number: 1, calls: 0, usage: Usage::now() }),
        }
    }

    pub(crate) fn queue(&self) {
        if self.queued.fetch_add(1, Ordering::Relaxed) == 0 {
            self.note_queue_moved();
        }
    }

    pub(crate) fn leave_queue(&self) {
        self.queued.fetch_sub(1, Ordering::Relaxed);
        self.note_queue_moved();
    }

    fn note_queue_moved(&self) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.queue_moved.store(now, Ordering::Relaxed);
    }

    /// For how long calls have waited without any of them being begun; the oldest waits at least as long.
    pub(crate) fn queue_stands_for(&self) -> Duration {
        if self.queued() == 0 {
            return Duration::ZERO;
        }
        let moved = Duration::from_millis(self.queue_moved.load(Ordering::Relaxed));
        self.started.elapsed().saturating_sub(moved)
    }

    pub(crate) fn begin(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// A call was refused before it began.
    pub(crate) fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed) + self.queued.load(Ordering::Relaxed)
    }

    pub(crate) fn queued(&self) -> u64 {
        self.queued.load(Ordering::Relaxed)
    }

    /// Calls being handled now.
    #[cfg(any(feature = "otel", feature = "http"))]
    pub(crate) fn handled(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Calls that were refused since the start.
    #[cfg(any(feature = "otel", feature = "http"))]
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// How long the service has been there.
    #[cfg(any(feature = "otel", feature = "http"))]
    pub(crate) fn uptime(&self) -> std::time::Duration {
        self.started.elapsed()
    }

    /// The metrics since the last time, and a fresh window.
    pub(crate) fn take(&self) -> Metrics {
        let usage = Usage::now();
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = self.meters.take(Role::Serve);
        let latency: Latency = all.iter().map(|taken| &taken.latency).collect();
        let refused = self.refused.load(Ordering::Relaxed);
        let (calls, errors) = all
            .iter()
            .map(Taken::ended_and_failed)
            .fold((refused, refused), |sum, (calls, errors)| (sum.0 + calls, sum.1 + errors));
        for role in [Role::Call, Role::Publish, Role::Consume] {
            all.extend(self.meters.take(role));
        }
        let elapsed = window.since.elapsed();
        let metrics = Metrics {
            uptime_seconds: self.started.elapsed().as_secs(),
            in_flight: self.in_flight.load(Ordering::Relaxed),
            queue_depth: self.queued(),
            calls,
            errors,
            calls_per_second: count(calls - window.calls) / elapsed.as_secs_f64().max(0.001),
            p50_ms: latency.quantile_ms(0.5),
            p99_ms: latency.quantile_ms(0.99),
            cpu_percent: usage
                .zip(window.usage)
                .and_then(|(now, before)| now.cpu_percent_since(&before, elapsed)),
            memory_bytes: usage.map(|usage| usage.memory_bytes()),
            window: window.number,
            latency: (!latency.is_empty()).then_some(latency),
            called: Taken::called(&all),
            methods: Taken::busiest(all),
            events: self.events.messages(),
            commands: self.commands.messages(),
            lag: [self.events.lags(), self.commands.lags()].concat(),
            own: self.own.told(),
            ..Metrics::default()
        };
        *window = Window { since: Instant::now(), number: window.number + 1, calls, usage };
        metrics
    }
}

/// Counters stay far below 2^53, where a float still counts whole numbers.
#[expect(clippy::cast_precision_loss, reason = "counters stay far below 2^53")]
fn count(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aegis_domain::wire::heartbeat::MEASURED_MAX;

    use super::*;

    #[test]
    fn a_window_tells_only_what_happened_in_it() {
        let meters = Meters::default();
        let stats = Stats::new(meters.clone(), OwnMetrics::default());
        for micros in [1_000, 2_000, 50_000] {
            stats.begin();
            let failure = (micros == 50_000).then_some(("SLOW", "too slow"));
            meters.of(Role::Serve, "sell").end(Duration::from_micros(micros), failure);
            stats.end();
        }
        meters.of(Role::Call, "other.buy").end(Duration::from_secs(1), None);
        let first = stats.take();
        assert_eq!((first.calls, first.errors, first.in_flight, first.queue_depth), (3, 1, 0, 0));
        assert!(first.p50_ms.is_some_and(|ms| (1.9..2.1).contains(&ms)), "{first:?}");
        assert!(first.p99_ms.is_some_and(|ms| (49.0..51.0).contains(&ms)), "{first:?}");
        let latency = first.latency.unwrap();
        assert_eq!(
            (latency.count(), latency.quantile_ms(0.5), latency.quantile_ms(0.99)),
            (3, first.p50_ms, first.p99_ms)
        );
        let methods: Vec<_> = first.methods.iter().map(|it| (it.role, it.name.as_str(), it.count)).collect();
        assert_eq!(methods, [(Role::Serve, "sell", 3), (Role::Call, "other.buy", 1)]);
        assert_eq!(first.called, ["other"]);
        let second = stats.take();
        assert_eq!((second.calls, second.p50_ms, second.p99_ms), (3, None, None));
        assert_eq!((first.window, second.window, second.latency), (1, 2, None));
        assert!(second.calls_per_second < f64::EPSILON);
    }

    #[test]
    fn the_services_that_were_called_stay_however_many_methods_are_served() {
        let meters = Meters::default();
        let stats = Stats::new(meters.clone(), OwnMetrics::default());
        for n in 0..MEASURED_MAX {
            meters.of(Role::Serve, &format!("served_{n}")).end(Duration::from_micros(5), None);
        }
        for method in ["pricing.quote", "pricing.ask", "audit.note"] {
            meters.of(Role::Call, method).end(Duration::from_micros(5), None);
        }
        let _unused = meters.of(Role::Call, "idle.never");
        for _window in 0..2 {
            let told = stats.take();
            assert_eq!(told.called, ["audit", "pricing"]);
            assert!(told.methods.iter().all(|measured| measured.role == Role::Serve));
        }
    }
}
