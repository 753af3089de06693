//! Latencies since the start, in the few wide steps of an exported histogram.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aegis_domain::wire::latency::Latency;

/// The upper ends of the steps, in microseconds; what takes longer is in one more.
pub const BOUNDS_US: [u64; 18] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000, 30_000_000, 60_000_000,
];

/// What all windows that have ended had in them.
#[derive(Debug, Default)]
pub(super) struct Totals {
    counts: [AtomicU64; BOUNDS_US.len() + 1],
    nanos: AtomicU64,
}

impl Totals {
    /// A window has ended; up to its end all took so long together.
    pub(super) fn add(&self, window: &Latency, nanos: u64) {
        self.nanos.store(nanos, Ordering::Relaxed);
        for (micros, count) in window.steps() {
            let step = BOUNDS_US.partition_point(|bound| *bound < micros);
            self.counts[step].fetch_add(count, Ordering::Relaxed);
        }
    }

    /// The count of each step, and how long all took together.
    pub(super) fn read(&self) -> (Vec<u64>, Duration) {
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed));
        (counts.collect(), Duration::from_nanos(self.nanos.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_latency_is_in_the_step_that_it_does_not_exceed() {
        let totals = Totals::default();
        let mut window = Latency::default();
        for micros in [1, 100, 101, 250, 60_000_000, u64::MAX] {
            window.record(micros, 2);
        }
        totals.add(&window, 7);
        totals.add(&window, 9);
        let (counts, sum) = totals.read();
        assert_eq!((counts[0], counts[1], counts.iter().sum(), sum.as_nanos()), (8, 8, 24_u64, 9));
        // The widest steps of a window end a little beyond a minute.
        assert_eq!(counts[BOUNDS_US.len()], 8);
    }
}
