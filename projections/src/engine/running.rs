//! A rebuild under way, as the driver sees it.

use aegis_domain::Sequence;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::StoreError;
use super::handle::Request;
use super::rebuild::{Halt, Rebuilt};

/// A rebuild under way. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Running<P> {
    task: JoinHandle<Result<Rebuilt<P>, StoreError>>,
    halt: Option<oneshot::Receiver<oneshot::Sender<Sequence>>>,
    pub(super) waiting: Vec<Request>,
    /// What goes on beside it.
    pub(super) beside: Beside,
}

/// What goes on beside a rebuild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    /// The live projection: it keeps up, and is replaced once it is passed.
    Live,
    /// Nothing: there is no live file to go on with.
    Nothing,
    /// Nothing: what is live is of another history, so how far that had come means nothing.
    OtherHistory,
}

/// What a rebuild has to say.
pub(super) enum News<P> {
    /// The live projection is to stand still, and to say where.
    Halt(oneshot::Sender<Sequence>),
    /// It has ended.
    Ended(Result<Rebuilt<P>, StoreError>),
}

impl<P: Send + 'static> Running<P> {
    /// Starts the work that is made with the way to halt the live projection.
    pub(super) fn start<W>(work: impl FnOnce(Halt) -> W, beside: Beside) -> Self
    where
        W: Future<Output = Result<Rebuilt<P>, StoreError>> + Send + 'static,
    {
        let (sender, halt) = oneshot::channel();
        Self { task: tokio::spawn(work(sender)), halt: Some(halt), waiting: Vec::new(), beside }
    }
}

impl<P> Running<P> {
    /// Whether the live projection stands still meanwhile.
    pub(super) fn stands(&self) -> bool {
        match self.beside {
            Beside::Live => self.halt.is_none(),
            Beside::Nothing | Beside::OtherHistory => true,
        }
    }
}

impl<P> Drop for Running<P> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The next thing that a rebuild has to say; nothing while there is none.
pub(super) async fn news<P>(rebuild: &mut Option<Running<P>>) -> News<P> {
    let Some(running) = rebuild else { return std::future::pending().await };
    if let Some(halt) = &mut running.halt {
        let asked = halt.await;
        running.halt = None;
        if let Ok(position) = asked {
            return News::Halt(position);
        }
    }
    let ended = (&mut running.task).await;
    News::Ended(ended.unwrap_or_else(|broken| Err(StoreError::broken(broken))))
}
