//! The health checks that a service supplies.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::condition::Condition;

/// The shortest time that one check may take.
const PATIENCE: Duration = Duration::from_secs(1);

type Outcome = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// One check, run every so often.
#[derive(Clone)]
pub(in crate::service) struct Check {
    name: String,
    every: Duration,
    run: Arc<dyn Fn() -> Outcome + Send + Sync>,
}

impl Check {
    pub(in crate::service) fn new<F, Fut, E>(name: &str, every: Duration, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: std::fmt::Display,
    {
        let run = move || -> Outcome {
            let outcome = check();
            Box::pin(async move { outcome.await.map_err(|reason| reason.to_string()) })
        };
        // An interval of nothing is none.
        Self { name: name.to_owned(), every: every.max(Duration::from_millis(10)), run: Arc::new(run) }
    }

    /// Runs until stopped. A check that panics or takes too long has failed.
    pub(in crate::service) async fn repeat(&self, condition: &Condition, stop: &CancellationToken) {
        let mut ticks = tokio::time::interval(self.every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let Some(unwell) = stop.run_until_cancelled(self.once()).await else { return };
            condition.report(&self.name, unwell);
        }
    }

    /// Why the instance is unhealthy, if it is.
    async fn once(&self) -> Option<String> {
        let patience = self.every.max(PATIENCE);
        let run = Arc::clone(&self.run);
        // Inside of the task also what the check does before it first waits.
        let mut running = tokio::spawn(async move { run().await });
        match tokio::time::timeout(patience, &mut running).await {
            Ok(Ok(outcome)) => outcome.err(),
            Ok(Err(_panicked)) => Some("the check panicked".to_owned()),
            Err(_elapsed) => {
                running.abort();
                Some(format!("no answer within {patience:?}"))
            }
        }
    }
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Check").field("name", &self.name).field("every", &self.every).finish_non_exhaustive()
    }
}
