//! Threads of their own for what requests ask for, so that no work of theirs holds up connections, health checks, or the
//! projections.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use aegis_domain::ErrorCode;
use axum::http::StatusCode;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;

use super::error::ApiError;
use super::request_id::RequestId;

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many there are. More would take the processors from what the answers are about.
const THREADS: usize = 2;

/// The threads. Cheap to clone; they end with the last clone.
#[derive(Debug, Clone)]
pub(crate) struct Workers(Arc<Owned>);

#[derive(Debug)]
struct Owned(Option<Runtime>);

/// Why there is no result.
#[derive(Debug)]
pub(super) enum Unfinished {
    /// It took too long, and was given up.
    Elapsed,
    /// It panicked.
    Panicked(JoinError),
}

impl Workers {
    pub(crate) fn start() -> io::Result<Self> {
        let mut runtime = Builder::new_multi_thread();
        let runtime = runtime.worker_threads(THREADS).thread_name("aegis-requests").enable_all().build()?;
        Ok(Self(Arc::new(Owned(Some(runtime)))))
    }

    /// Does the work there. After [`PATIENCE`] it is given up, at its next point of waiting.
    ///
    /// # Cancel safety
    /// Dropped, it gives the work up, too.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Unfinished> {
        within_patience(AbortOnDropHandle::new(self.spawn(work))).await
    }

    /// Does the work there. After [`PATIENCE`] the work goes on, and its result is dropped.
    ///
    /// # Cancel safety
    /// Dropped, it lets the work go on, too.
    pub(super) async fn finish<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Unfinished> {
        within_patience(self.spawn(work)).await
    }

    /// Begins the work there; it goes on with or without a waiter.
    pub(super) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        // Taken only when it is dropped.
        let runtime = self.0.0.as_ref().expect("there until the last clone is dropped");
        runtime.spawn(work)
    }
}

async fn within_patience<T>(work: impl Future<Output = Result<T, JoinError>>) -> Result<T, Unfinished> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(panicked)) => Err(Unfinished::Panicked(panicked)),
        Err(_elapsed) => Err(Unfinished::Elapsed),
    }
}

impl Unfinished {
    /// What its caller is told, who may have asked for a change.
    pub(super) fn told(&self, changes: bool, id: &RequestId) -> ApiError {
        if let Self::Panicked(panic) = self {
            tracing::error!(request = id.as_str(), %panic, "a request was not answered: its work panicked");
            return ApiError::internal(id);
        }
        let (code, message) = if changes {
            (
                ErrorCode::OutcomeUnknown,
                format!(
                    "no outcome within {PATIENCE:?}: what was asked for may have happened, or happen yet; look first"
                ),
            )
        } else {
            (
                ErrorCode::Unavailable,
                format!("no answer within {PATIENCE:?}; it was a query, and nothing was changed"),
            )
        };
        ApiError::new(StatusCode::GATEWAY_TIMEOUT, code, message, id)
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // Waiting for its threads is not allowed where tasks run.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
