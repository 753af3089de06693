//! Applying entries, and writing what they have changed.

use aegis_domain::Sequence;

use super::{Driver, PAUSE};
use crate::engine::error::Chain;
use crate::engine::{Entry, Feed, Gap, Outlet, ProblemCode, Projection};

impl<P: Projection, F: Feed<Value = P::Value>, O: Outlet<P>> Driver<P, F, O> {
    /// Applies entries and writes them, if they can be written; `false` when the live file is damaged.
    pub(super) async fn apply(&mut self, entries: Vec<Entry<P::Value>>) -> bool {
        for entry in entries.last().into_iter().chain(entries.first()) {
            self.progress.heard_of(Sequence(entry.sequence.get() + entry.pending));
        }
        let folded = self.held.fold(entries);
        self.progress.came_again(folded.duplicates);
        for gap in &folded.gaps {
            tracing::error!(projection = P::NAME, first = %gap.first, last = %gap.last, "the log has a gap");
        }
        if folded.applied == 0 {
            return true;
        }
        self.outlet.folded(&folded.batch, self.held.checkpoint);
        self.unwritten.push(folded);
        self.unwritten.is_put_off() || self.write().await
    }

    /// Writes what is folded; `false` when the live file is damaged. What cannot be written waits: readers of memory
    /// are told of it, and more is applied, until so much waits that no more may.
    pub(super) async fn write(&mut self) -> bool {
        loop {
            let written = self.held.commit(self.unwritten.batches()).await;
            let Err(error) = written else { break };
            self.progress.failed();
            if error.is_damage() {
                tracing::error!(error = %Chain(&error), "the projection's database is damaged; rebuilding it");
                return false;
            }
            tracing::error!(error = %Chain(&error), "the projection cannot be written; trying again");
            let message =
                format!("the file cannot be written, and readers are served from memory: {}", Chain(&error));
            drop(error);
            self.progress.met(ProblemCode::Unwritable, message);
            self.progress.unwritten(self.unwritten.entries());
            self.tell().await;
            if self.unwritten.put_off(PAUSE) {
                return true;
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.tell().await;
        let gaps = self.unwritten.batches().iter().any(|folded| !folded.gaps.is_empty());
        for folded in self.unwritten.batches() {
            self.progress.committed(folded.applied);
        }
        self.unwritten.clear(&self.progress);
        self.progress.stands_at(self.held.checkpoint);
        if self.progress.solved(ProblemCode::Unwritable) {
            tracing::info!(projection = P::NAME, "the projection can be written again, and has been");
        }
        if gaps {
            self.count_gaps().await;
        }
        true
    }

    /// Tells readers of what they have not been told of.
    pub(super) async fn tell(&mut self) {
        for folded in self.unwritten.untold() {
            self.outlet.committed(&self.held.projection, &folded.batch, folded.checkpoint).await;
        }
    }

    pub(super) async fn count_gaps(&self) {
        match self.held.database.gaps().await {
            Ok(gaps) => {
                let missing = gaps.iter().map(Gap::length).sum();
                self.progress.gaps_are(gaps.len() as u64, missing);
                match gaps.last() {
                    Some(Gap { first, last }) => {
                        let message = format!(
                            "the log has lost {missing} messages before this replica read them, the last of them {first} to {last}: \
                             what they said is missing here, and answers about the past name them; find out with `aegis verify` \
                             what is lost, and who removes messages of the log"
                        );
                        self.progress.met(ProblemCode::LogGap, message);
                    }
                    None => drop(self.progress.solved(ProblemCode::LogGap)),
                }
            }
            Err(error) => tracing::warn!(error = %Chain(&error), "the gaps cannot be counted"),
        }
    }
}
