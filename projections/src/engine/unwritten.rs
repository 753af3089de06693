//! Batches that were folded and are not in the file yet: mostly one, until its transaction ends.

use std::time::Duration;

use tokio::time::Instant;

use super::{Folded, Progress};

/// So many entries wait at most while the file cannot be written; then nothing more is applied.
const MOST: usize = 20_000;

/// Batches in order.
#[derive(Debug)]
pub(super) struct Unwritten<B> {
    batches: Vec<Folded<B>>,
    /// Of so many of them readers know.
    told: usize,
    entries: usize,
    /// When they are tried again, after a failure.
    due: Option<Instant>,
}

impl<B> Default for Unwritten<B> {
    fn default() -> Self {
        Self { batches: Vec::new(), told: 0, entries: 0, due: None }
    }
}

impl<B> Unwritten<B> {
    pub(super) fn push(&mut self, folded: Folded<B>) {
        self.entries += folded.applied;
        self.batches.push(folded);
    }

    pub(super) fn any(&self) -> bool {
        !self.batches.is_empty()
    }

    pub(super) fn entries(&self) -> usize {
        self.entries
    }

    pub(super) fn batches(&self) -> &[Folded<B>] {
        &self.batches
    }

    /// Those of which readers have not been told; they have been then.
    pub(super) fn untold(&mut self) -> &[Folded<B>] {
        let told = std::mem::replace(&mut self.told, self.batches.len());
        &self.batches[told..]
    }

    /// When they are to be tried again.
    pub(super) fn due(&self) -> Instant {
        self.due.unwrap_or_else(Instant::now)
    }

    /// Tries them again after a pause; `false` when so much waits that nothing more may be applied before.
    pub(super) fn put_off(&mut self, pause: Duration) -> bool {
        self.due = Some(Instant::now() + pause);
        self.entries < MOST
    }

    /// Whether they wait for the next try.
    pub(super) fn is_put_off(&self) -> bool {
        self.entries < MOST && self.due.is_some_and(|due| Instant::now() < due)
    }

    /// They are written, or nothing any more.
    pub(super) fn clear(&mut self, progress: &Progress) {
        *self = Self::default();
        progress.unwritten(0);
    }
}
