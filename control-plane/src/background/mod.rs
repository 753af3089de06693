//! The one driver of background work: what a replica does again and again, each a [`Task`] with a name and a period.
//!
//! The task says what an activation does; the driver says when there is one, and knows what came of it. An activation has no
//! input: it decides on what stands in the log, in NATS and in memory when it begins, and doing it twice, late, or on several
//! replicas at once comes to the same.
//!
//! A panic ends nothing but the activation: it is logged and counted, and after a pause that grows while there is one after
//! another, the task is made anew and activated at once. A stop drops what is under way, see [`Task::activate`].

mod drive;
mod failures;
mod reconnected;
mod record;
#[cfg(test)]
mod tests;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aegis_graphql::ports::TaskFacts;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use drive::drive;
pub(crate) use failures::Failures;
pub(crate) use reconnected::reconnected;
use record::Record;

/// What is done again and again.
pub(crate) trait Task: Send + 'static {
    /// What it is called in `system { tasks }`, in metrics and in the log. It is not renamed: alerts know it.
    const NAME: &'static str;
    /// From the beginning of an activation to that of the next one. When an activation takes longer, the next one follows at
    /// once, and those that were missed are left out.
    const PERIOD: Duration;
    /// An early activation waits for as long as this at most, at random: where what brings it early reaches all replicas at the
    /// same moment. Their periods begin when they do, and need no such thing.
    const SPREAD: Duration = Duration::ZERO;

    /// Does what is to be done now, and answers in a line for people how things stand.
    ///
    /// # Errors
    /// What could not be done, for people who look at the replica from outside. It is tried again with the next activation.
    ///
    /// # Cancel safety
    /// Has to be cancel-safe: a stop drops it at any `.await`. What it leaves undone is for the next activation, here after a
    /// start, or on another replica.
    fn activate(&mut self) -> impl Future<Output = anyhow::Result<String>> + Send;

    /// Follows what the task has to follow between two activations. Ending is the signal for an early activation, which does
    /// not move the next one.
    ///
    /// # Cancel safety
    /// Has to be cancel-safe: it is dropped when the period is over, and called again after each activation.
    fn between(&mut self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

/// The tasks of a replica. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Background {
    records: Arc<RwLock<Vec<Arc<Record>>>>,
    stop: CancellationToken,
    running: TaskTracker,
}

impl Background {
    /// All tasks end with `stop`, and `running` knows when they have.
    pub(crate) fn new(stop: CancellationToken, running: TaskTracker) -> Self {
        Self { records: Arc::default(), stop, running }
    }

    /// Starts a task, which is activated at once. `make` makes it, now and after each panic: a task begins from nothing.
    pub(crate) fn start<T: Task>(&self, make: impl FnMut() -> T + Send + 'static) {
        self.start_after(std::future::ready(()), make);
    }

    /// Starts a task whose first activation waits for `gate`.
    pub(crate) fn start_after<T: Task>(
        &self,
        gate: impl Future<Output = ()> + Send + 'static,
        make: impl FnMut() -> T + Send + 'static,
    ) {
        let record = Arc::new(Record::of(T::NAME, T::PERIOD));
        self.records.write().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&record));
        self.running.spawn(drive(gate, make, record, self.stop.clone()));
    }

    /// What is known of each task, in order of name.
    pub(crate) fn facts(&self) -> Vec<TaskFacts> {
        let records = self.records.read().unwrap_or_else(PoisonError::into_inner);
        let mut facts: Vec<_> = records.iter().map(|record| record.facts()).collect();
        facts.sort_unstable_by_key(|task| task.name);
        facts
    }
}
