//! Rebuilds beside the live projection, from their begin to the moment at which they take its place.

use aegis_domain::Sequence;

use super::Driver;
use crate::engine::error::Chain;
use crate::engine::handle::Request;
use crate::engine::rebuild::{Rebuild, Rebuilt};
use crate::engine::running::{Beside, Running};
use crate::engine::{Feed, Outlet, ProblemCode, Projection, RebuildError, StoreError};

impl<P: Projection, F: Feed<Value = P::Value>, O: Outlet<P>> Driver<P, F, O> {
    /// How far a rebuild has to come at least.
    pub(super) fn reached(&self, rebuild: Option<&Running<P>>) -> Sequence {
        match rebuild.map(|running| running.beside) {
            Some(Beside::OtherHistory) => Sequence::ZERO,
            Some(Beside::Live | Beside::Nothing) | None => self.held.checkpoint.position,
        }
    }

    pub(super) fn rebuild(&self, head: Sequence, beside: Beside) -> Running<P> {
        tracing::info!(projection = P::NAME, %head, "rebuilding beside the live database");
        self.progress.rebuild_begins();
        let rebuild = Rebuild {
            database: self.held.database.clone(),
            feed: self.feed.clone(),
            options: self.options.clone(),
            log: self.stream.identity.clone(),
            head,
            progress: self.progress.clone(),
        };
        Running::start(|halt| rebuild.run(halt), beside)
    }

    /// Puts the rebuilt projection in place; `false` when there is none.
    pub(super) async fn conclude(
        &mut self,
        outcome: Result<Rebuilt<P>, StoreError>,
        beside: Beside,
        waiting: Vec<Request>,
    ) -> bool {
        let short = |rebuilt: &Rebuilt<P>| {
            beside != Beside::OtherHistory && rebuilt.checkpoint.position < self.held.checkpoint.position
        };
        let done = match outcome {
            Ok(rebuilt) if short(&rebuilt) => Err(StoreError::fell_short()),
            Ok(rebuilt) => self.held.database.swap().await.map(|()| rebuilt),
            Err(error) => Err(error),
        };
        let succeeded = done.is_ok();
        let answer = match done {
            Ok(Rebuilt { projection, checkpoint }) => {
                (self.held.projection, self.held.checkpoint) = (projection, checkpoint);
                self.unwritten.clear(&self.progress);
                self.progress.stands_at(checkpoint);
                self.count_gaps().await;
                self.outlet.replaced(&self.held.projection, checkpoint).await;
                for code in [ProblemCode::HistoryReplaced, ProblemCode::Unwritable] {
                    self.progress.solved(code);
                }
                tracing::info!(projection = P::NAME, position = %checkpoint.position, "rebuilt, and in its place");
                Ok(checkpoint.position)
            }
            Err(error) => {
                tracing::error!(error = %Chain(&error), "a rebuild failed; the projection goes on as it was");
                self.progress.failed();
                self.held.database.abandon_rebuild();
                if beside != Beside::Live {
                    let why = Chain(&error);
                    let message = format!("the file has to be made anew, and cannot be yet: {why}");
                    self.progress.met(ProblemCode::Unwritable, message);
                }
                Err(RebuildError::Failed(Chain(&error).to_string()))
            }
        };
        // Last of all: whoever sees it finds everything in its place.
        self.progress.rebuild_ends(succeeded);
        for request in waiting {
            // Whoever asked may have gone.
            let _gone = request.send(answer.clone());
        }
        succeeded
    }
}
