//! Requests to a running driver.

use aegis_domain::Sequence;
use tokio::sync::{mpsc, oneshot};

/// A request for a rebuild: who waits for its outcome.
pub(super) type Request = oneshot::Sender<Result<Sequence, RebuildError>>;

/// A rebuild did not come about. The live file is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RebuildError {
    /// It failed; the text says why, and what to do.
    #[error("the rebuild failed, and the projection goes on as it was: {0}")]
    Failed(String),
    /// The projector has ended.
    #[error("the projector has ended")]
    Ended,
}

/// Asks a running driver for something. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    requests: mpsc::Sender<Request>,
}

impl Handle {
    /// How many requests wait at most; more wait to be taken.
    const QUEUE: usize = 16;

    pub(super) fn new() -> (Self, mpsc::Receiver<Request>) {
        let (requests, receiver) = mpsc::channel(Self::QUEUE);
        (Self { requests }, receiver)
    }

    /// Rebuilds the projection from the log beside the live one, which goes on, and then puts it in its
    /// place. Answers the position at which that happened. A request during a rebuild shares its outcome.
    ///
    /// # Errors
    /// See [`RebuildError`].
    ///
    /// # Cancel safety
    /// The rebuild goes on when the caller stops waiting.
    pub async fn rebuild(&self) -> Result<Sequence, RebuildError> {
        let (sender, outcome) = oneshot::channel();
        self.requests.send(sender).await.map_err(|_closed| RebuildError::Ended)?;
        outcome.await.map_err(|_dropped| RebuildError::Ended)?
    }
}
