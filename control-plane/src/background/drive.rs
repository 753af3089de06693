//! Activates tasks at their periods, and recovers from their panics.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use aegis_nats::supervise::recover;
use futures_util::FutureExt as _;
use rand::Rng as _;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;

use super::Task;
use super::record::Record;

/// An early activation begins no sooner after the one before: signals that follow each other closely are one.
const EARLIEST: Duration = Duration::from_millis(100);

/// Drives a task until stopped.
pub(super) async fn drive<T: Task>(
    gate: impl Future<Output = ()>,
    mut make: impl FnMut() -> T,
    record: Arc<Record>,
    stop: CancellationToken,
) {
    if stop.run_until_cancelled(gate).await.is_none() {
        return;
    }
    record.opens();
    // In a row, without an activation that ended between them.
    let mut panics = 0;
    loop {
        let life = AssertUnwindSafe(live(&mut make, &record, &mut panics)).catch_unwind();
        let Some(ended) = stop.run_until_cancelled(life).await else { return };
        let panic = match ended {
            Ok(never) => match never {},
            Err(panic) => panic,
        };
        panics += 1;
        record.panicked();
        if stop.run_until_cancelled(recover(T::NAME, panics, panic)).await.is_none() {
            return;
        }
    }
}

/// One life of a task, which only a panic ends.
async fn live<T: Task>(make: &mut impl FnMut() -> T, record: &Record, panics: &mut usize) -> Infallible {
    let mut task = make();
    let mut ticks = interval(T::PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut begun: Option<Instant> = None;
    loop {
        tokio::select! {
            biased;
            _ = ticks.tick() => record.is_due(Instant::now() + T::PERIOD),
            () = task.between() => {
                let earliest = begun.map_or_else(Instant::now, |begun| begun + EARLIEST);
                sleep_until(earliest.max(Instant::now() + at_random::<T>())).await;
            }
        }
        begun = Some(Instant::now());
        record.begins();
        let outcome = Box::pin(task.activate()).await;
        if let Err(error) = &outcome {
            tracing::debug!(
                task = T::NAME,
                error = format!("{error:#}"),
                "an activation failed; trying again"
            );
        }
        record.ends(outcome);
        *panics = 0;
    }
}

/// How long this replica waits before an early activation.
fn at_random<T: Task>() -> Duration {
    if T::SPREAD.is_zero() { Duration::ZERO } else { rand::rng().random_range(Duration::ZERO..T::SPREAD) }
}
