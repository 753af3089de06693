//! Measuring latencies and throughputs, in rounds that alternate with the reference's.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use hdrhistogram::Histogram;

/// Latencies in microseconds.
#[derive(Debug)]
pub(crate) struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        Self(Histogram::new_with_bounds(1, 60_000_000, 3).expect("the bounds are valid constants"))
    }
}

impl Latencies {
    pub(crate) fn record(&mut self, took: Duration) {
        self.0.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1));
    }

    pub(crate) fn add(&mut self, other: &Self) -> anyhow::Result<()> {
        Ok(self.0.add(&other.0)?)
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    pub(crate) fn micros(&self, quantile: f64) -> f64 {
        Duration::from_micros(self.0.value_at_quantile(quantile)).as_secs_f64() * 1e6
    }
}

/// One after the other, `count` times.
pub(crate) async fn serial<F, Fut>(count: u32, latencies: &mut Latencies, work: F) -> anyhow::Result<()>
where
    F: Fn() -> Fut,
    Fut: Future<Output = anyhow::Result<()>>,
{
    for _ in 0..count {
        let begun = Instant::now();
        work().await?;
        latencies.record(begun.elapsed());
    }
    Ok(())
}

/// `count` times with `window` under way at a time; answers how many a second.
pub(crate) async fn windowed<F, Fut>(count: u32, window: usize, work: F) -> anyhow::Result<f64>
where
    F: Fn(u32) -> Fut,
    Fut: Future<Output = anyhow::Result<()>>,
{
    let begun = Instant::now();
    let mut running = futures_util::stream::iter(0..count).map(work).buffer_unordered(window);
    while let Some(outcome) = running.next().await {
        outcome?;
    }
    Ok(f64::from(count) / begun.elapsed().as_secs_f64())
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
