//! Checks from the thread of the pulse whether the runtime of the instance serves calls.
//!
//! A runtime whose threads all wait in a write to a full pipe answers no call, while heartbeats and renewals of another
//! thread go on. So the pulse asks the runtime to do something now and then, and looks whether calls leave their queue.
//! An instance that does not serve is unhealthy, and gives its groups up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::lifecycle::condition::Condition;
use crate::stats::Stats;
use aegis_leases::leadership::Policy;
use aegis_nats::transport::{AnyTransport, Transport as _};

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(100);
/// A runtime may stand still for three leases, or for this time if that is longer.
const STILL: Duration = Duration::from_secs(3);
/// What the condition calls the source.
const SOURCE: &str = "serving";

pub(super) struct Probe {
    handle: Handle,
    /// What calls come in on.
    transport: AnyTransport,
    still: Duration,
    /// How long the oldest call that waits may have waited.
    patience: Duration,
    stats: Arc<Stats>,
    condition: Condition,
    serving: watch::Sender<bool>,
}

impl Probe {
    /// The receiver tells whether the instance serves.
    pub(super) fn new(
        (handle, transport): (Handle, AnyTransport),
        policy: Policy,
        patience: Duration,
        stats: Arc<Stats>,
        condition: Condition,
    ) -> (Self, watch::Receiver<bool>) {
        let (serving, served) = watch::channel(true);
        let still = STILL.max(policy.lease() * 3);
        (Self { handle, transport, still, patience, stats, condition, serving }, served)
    }

    /// Looks until stopped. A stop waits for what stands still in its own time.
    pub(super) async fn run(self, stop: CancellationToken) {
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let answered = Arc::new(AtomicBool::new(true));
        let mut moved = Instant::now();
        while stop.run_until_cancelled(looks.tick()).await.is_some() {
            if answered.swap(false, Ordering::AcqRel) {
                moved = Instant::now();
                let (answer, transport) = (Arc::clone(&answered), self.transport.clone());
                // Aborted by nobody: it takes no time once it runs.
                self.handle.spawn(async move {
                    transport.note_pace();
                    answer.store(true, Ordering::Release);
                });
            }
            self.judge(moved.elapsed(), self.stats.queue_stands_for());
        }
    }

    fn judge(&self, still: Duration, queued: Duration) {
        let reason = if still > self.still {
            Some("the runtime that serves calls stands still")
        } else if queued > self.patience {
            Some("calls wait and none is begun")
        } else {
            None
        };
        let serves = reason.is_none();
        let changed = self.serving.send_if_modified(|before| std::mem::replace(before, serves) != serves);
        if changed {
            match reason {
                Some(reason) => tracing::error!(
                    ?still,
                    ?queued,
                    reason,
                    "the instance does not serve: it gives its groups up"
                ),
                None => tracing::warn!("the instance serves again"),
            }
            self.condition.report(SOURCE, reason.map(str::to_owned));
        }
    }
}
