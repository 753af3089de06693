//! One message that was given to a handler, and what the handler says of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aegis_domain::ErrorCode;
use async_nats::jetstream;
use tokio::sync::{mpsc, oneshot};

use super::consumer::Position;
use aegis_domain::Failure;
use aegis_telemetry::metrics::Meter;

/// The error of a delivery that was dropped without an answer.
pub(super) const DROPPED: &str = "the delivery was dropped";

/// What became of a delivery.
#[derive(Debug)]
pub(crate) enum Outcome {
    Handled,
    Failed(Failure),
    /// It was dropped without an answer.
    Dropped,
    /// The dead letter stands; only the dispatcher says so.
    DeadLettered,
}

impl Outcome {
    /// The code and the text of what went wrong.
    fn failure(&self) -> Option<(&str, &str)> {
        match self {
            Self::Handled | Self::DeadLettered => None,
            Self::Failed(failure) => Some((&failure.code, &failure.message)),
            Self::Dropped => Some((ErrorCode::HandlerFailed.as_str(), DROPPED)),
        }
    }
}

/// What a dispatcher is told of one of its messages.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) position: Position,
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
    pub(crate) position: Position,
    /// Which try this is, from 1 on.
    pub(crate) attempt: u32,
    pub(crate) settled: Option<mpsc::UnboundedSender<Settled>>,
    /// What counts the try, and since when; none until it has begun.
    pub(crate) counted: Option<(Arc<Meter>, Instant)>,
}

impl Held {
    /// The try has begun: it counts here.
    pub(crate) fn begin(&mut self, meter: &Arc<Meter>) {
        meter.begin();
        self.counted = Some((Arc::clone(meter), Instant::now()));
    }

    pub(crate) fn ack(mut self) {
        self.settle(Outcome::Handled, None);
    }

    pub(crate) fn fail(mut self, failure: Failure) {
        self.settle(Outcome::Failed(failure), None);
    }

    pub(crate) fn retry_after(self, delay: Duration, reason: &str) {
        self.fail(Failure::of(ErrorCode::HandlerFailed, reason).after(delay));
    }

    /// Returns once the dead letter stands.
    pub(crate) async fn dead_letter(mut self, reason: &str) {
        let (done, stands) = oneshot::channel();
        self.settle(Outcome::Failed(Failure::of(ErrorCode::HandlerFailed, reason).for_good()), Some(done));
        // The dispatcher has ended: the message comes again.
        stands.await.ok();
    }

    fn settle(&mut self, outcome: Outcome, done: Option<oneshot::Sender<()>>) {
        if let Some((meter, begun)) = self.counted.take() {
            meter.end(begun.elapsed(), outcome.failure());
        }
        if let Some(settled) = self.settled.take() {
            // When the dispatcher has ended, the server delivers the message again after its ack wait.
            settled.send(Settled { position: self.position, outcome, done }).ok();
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.settle(Outcome::Dropped, None);
    }
}
