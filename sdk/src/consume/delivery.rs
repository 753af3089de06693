//! A message in the hands of whoever handles it.

use std::time::Duration;

use async_nats::jetstream;
use tokio::sync::{mpsc, oneshot};

use super::retry::{Failure, Next};

/// What became of a delivery.
#[derive(Debug)]
pub(crate) enum Outcome {
    Handled,
    Failed(Failure),
    /// Nobody said anything.
    Dropped,
    /// The dead letter stands; only the dispatcher says so.
    Buried,
}

/// What a dispatcher is told of one of its messages.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) sequence: u64,
    pub(crate) outcome: Outcome,
    pub(crate) done: Option<oneshot::Sender<()>>,
}

/// A message and the duty to say what became of it. The message stays its subject's first until then: later ones
/// of an ordered subscription wait. The server is told now and then that it is still worked on.
///
/// Dropping it counts as a failed try.
#[derive(Debug)]
#[must_use = "dropping a delivery counts as a failed try"]
pub(crate) struct Held {
    pub(crate) message: jetstream::Message,
    pub(crate) sequence: u64,
    /// Which try this is, from 1 on.
    pub(crate) attempt: u32,
    pub(crate) settled: Option<mpsc::UnboundedSender<Settled>>,
}

impl Held {
    pub(crate) fn ack(mut self) {
        self.settle(Outcome::Handled, None);
    }

    pub(crate) fn fail(mut self, failure: Failure) {
        self.settle(Outcome::Failed(failure), None);
    }

    pub(crate) fn retry_after(self, delay: Duration, reason: &str) {
        self.fail(Failure::later(delay, reason));
    }

    /// Returns once the dead letter stands.
    pub(crate) async fn dead_letter(mut self, reason: &str) {
        let (done, stands) = oneshot::channel();
        self.settle(Outcome::Failed(Failure { next: Next::Never, ..Failure::never(reason) }), Some(done));
        // The dispatcher has ended: the message comes again.
        stands.await.ok();
    }

    fn settle(&mut self, outcome: Outcome, done: Option<oneshot::Sender<()>>) {
        if let Some(settled) = self.settled.take() {
            // At the end of a dispatcher nobody listens: the message comes again when its time is over.
            settled.send(Settled { sequence: self.sequence, outcome, done }).ok();
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.settle(Outcome::Dropped, None);
    }
}
