//! Whether the stream still has the history that was applied.

use super::{Driver, SECOND_LOOK, every};
use crate::engine::history::Contradiction;
use crate::engine::{Feed, Outlet, Projection};

impl<P: Projection, F: Feed<Value = P::Value>, O: Outlet<P>> Driver<P, F, O> {
    /// Whether the stream contradicts what was applied, as far as it answers.
    pub(super) async fn look(&self) -> Option<Contradiction> {
        let first = self.contradiction().await.ok().flatten()?;
        tracing::warn!(
            projection = P::NAME,
            detail = first.detail,
            "the stream seems to have another history"
        );
        tokio::time::sleep(SECOND_LOOK).await;
        self.contradiction().await.ok().flatten()
    }

    pub(super) async fn look_until_known(&self) -> Option<Contradiction> {
        let mut pauses = every(SECOND_LOOK);
        loop {
            pauses.tick().await;
            match self.contradiction().await {
                Ok(None) => return None,
                Ok(Some(_)) => {
                    if let Some(contradiction) = self.look().await {
                        return Some(contradiction);
                    }
                }
                Err(error) => {
                    tracing::warn!(projection = P::NAME, %error, "whether the stream has the same history is not known yet");
                }
            }
        }
    }

    pub(super) async fn contradiction(
        &self,
    ) -> Result<Option<Contradiction>, Box<dyn std::error::Error + Send + Sync>> {
        self.feed.history().contradicts(&self.stream.identity, self.held.checkpoint).await
    }

    pub(super) fn tell_of_history(&self, detail: &str) {
        tracing::error!(
            projection = P::NAME,
            detail,
            "the stream has another history than the one that was applied; rebuilding from what is there"
        );
        self.progress.history_replaced(format!(
            "the stream has another history than the one that was applied: {detail}; rebuilding from what is there"
        ));
    }
}
