//! The metrics of a projection: every name, unit and help text.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use aegis_domain::Sequence;
use chrono::{DateTime, Utc};

use super::{Checkpoint, Problem, ProblemCode};

/// How a projection is doing. Cheap to clone; all clones tell the same.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    position: AtomicU64,
    head: AtomicU64,
    recorded_at: AtomicI64,
    batches: AtomicU64,
    entries: AtomicU64,
    last_batch: AtomicU64,
    duplicates: AtomicU64,
    gaps: AtomicU64,
    missing: AtomicU64,
    failures: AtomicU64,
    rebuilds: AtomicU64,
    rebuilding: AtomicU64,
    rebuild_position: AtomicU64,
    histories: AtomicU64,
    unwritten: AtomicU64,
    left_out: AtomicU64,
    problems: RwLock<BTreeMap<ProblemCode, Problem>>,
}

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// Its name, with the unit; the whole name begins with `projection_`.
    pub name: &'static str,
    /// What it tells.
    pub help: &'static str,
    /// Whether it counts since the start of the process, and never goes down.
    pub is_total: bool,
    /// Its value now.
    pub value: f64,
}

impl Progress {
    /// The last message applied.
    #[must_use]
    pub fn position(&self) -> Sequence {
        Sequence(self.inner.position.load(Ordering::Relaxed))
    }

    /// The last message of the stream, as far as this projection has heard.
    #[must_use]
    pub fn head(&self) -> Sequence {
        Sequence(self.inner.head.load(Ordering::Relaxed)).max(self.position())
    }

    /// While a rebuild is under way: how far it has come.
    #[must_use]
    pub fn rebuilding(&self) -> Option<Sequence> {
        (self.inner.rebuilding.load(Ordering::Relaxed) > 0)
            .then(|| Sequence(self.inner.rebuild_position.load(Ordering::Relaxed)))
    }

    /// How many gaps have been met.
    #[must_use]
    pub fn gaps(&self) -> u64 {
        self.inner.gaps.load(Ordering::Relaxed)
    }

    /// How many rebuilds have been completed since the start.
    #[must_use]
    pub fn rebuilds(&self) -> u64 {
        self.inner.rebuilds.load(Ordering::Relaxed)
    }

    /// How many messages came again.
    #[must_use]
    pub fn duplicates(&self) -> u64 {
        self.inner.duplicates.load(Ordering::Relaxed)
    }

    /// How many times a batch or a rebuild could not be written.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.inner.failures.load(Ordering::Relaxed)
    }

    /// What stands between this projection and what it should be.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let problems = self.inner.problems.read().unwrap_or_else(PoisonError::into_inner);
        problems.values().cloned().collect()
    }

    /// How often the stream was found to have another history than the one that was applied.
    #[must_use]
    pub fn histories_replaced(&self) -> u64 {
        self.inner.histories.load(Ordering::Relaxed)
    }

    /// How many messages have not been applied yet.
    #[must_use]
    pub fn lag_events(&self) -> u64 {
        self.head().get() - self.position().get()
    }

    /// The age of the last message applied, in seconds, while there are others to come; 0 when there is none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "nobody waits for 2^52 microseconds")]
    pub fn lag_seconds(&self, now: DateTime<Utc>) -> f64 {
        if self.lag_events() == 0 {
            return 0.0;
        }
        let since = now.timestamp_micros() - self.inner.recorded_at.load(Ordering::Relaxed);
        since.max(0) as f64 / 1e6
    }

    /// All metrics with their values now.
    #[must_use]
    pub fn metrics(&self, now: DateTime<Utc>) -> Vec<Metric> {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let inner = &self.inner;
        let of = |name, help, value: u64| {
            #[expect(clippy::cast_precision_loss, reason = "metrics are floating point numbers")]
            let value = value as f64;
            Metric { name, help, is_total: false, value }
        };
        let total =
            |name, help, counter: &AtomicU64| Metric { is_total: true, ..of(name, help, count(counter)) };
        vec![
            of("position", "Stream sequence of the last message applied", self.position().get()),
            of("head", "Stream sequence of the last message known to be in the stream", self.head().get()),
            of("lag_events", "Messages of the stream that are not applied yet", self.lag_events()),
            Metric {
                name: "lag_seconds",
                help: "Age of the last message applied while others are to come, in seconds",
                is_total: false,
                value: self.lag_seconds(now),
            },
            total("batches", "Transactions since the start", &inner.batches),
            total("batch_events", "Messages applied since the start", &inner.entries),
            of("last_batch_events", "Messages in the last transaction", count(&inner.last_batch)),
            total("duplicates", "Messages that came again, since the start", &inner.duplicates),
            of("gaps", "Runs of sequences that the stream has lost", count(&inner.gaps)),
            of("gap_events", "Sequences that the stream has lost", count(&inner.missing)),
            total(
                "write_failures",
                "Transactions and rebuilds that failed, since the start",
                &inner.failures,
            ),
            total("rebuilds", "Rebuilds completed since the start", &inner.rebuilds),
            of("rebuilding", "1 while a rebuild is under way", count(&inner.rebuilding)),
            of("rebuild_position", "How far the last rebuild has come", count(&inner.rebuild_position)),
            total(
                "histories_replaced",
                "Times that the stream was found to have another history, since the start",
                &inner.histories,
            ),
            of(
                "unwritten_events",
                "Messages applied in memory that the file could not take yet",
                count(&inner.unwritten),
            ),
            total(
                "left_out",
                "Messages left out because there was no room for them, since the start",
                &inner.left_out,
            ),
            of(
                "problems",
                "Problems that stand: see the replica's log, or its page",
                self.problems().len() as u64,
            ),
        ]
    }

    pub(super) fn stands_at(&self, checkpoint: Checkpoint) {
        self.inner.position.store(checkpoint.position.get(), Ordering::Relaxed);
        self.inner.recorded_at.store(checkpoint.recorded_at.timestamp_micros(), Ordering::Relaxed);
    }

    pub(super) fn heard_of(&self, head: Sequence) {
        self.inner.head.fetch_max(head.get(), Ordering::Relaxed);
    }

    /// The head is known for certain.
    pub(super) fn head_is(&self, head: Sequence) {
        self.inner.head.store(head.get(), Ordering::Relaxed);
    }

    pub(super) fn committed(&self, entries: usize) {
        self.inner.batches.fetch_add(1, Ordering::Relaxed);
        self.inner.entries.fetch_add(entries as u64, Ordering::Relaxed);
        self.inner.last_batch.store(entries as u64, Ordering::Relaxed);
    }

    pub(super) fn came_again(&self, times: usize) {
        self.inner.duplicates.fetch_add(times as u64, Ordering::Relaxed);
    }

    pub(super) fn gaps_are(&self, gaps: u64, missing: u64) {
        self.inner.gaps.store(gaps, Ordering::Relaxed);
        self.inner.missing.store(missing, Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        self.inner.failures.fetch_add(1, Ordering::Relaxed);
    }

    /// The stream has another history: it stands until [`Self::solved`].
    pub(super) fn history_replaced(&self, message: String) {
        self.inner.histories.fetch_add(1, Ordering::Relaxed);
        self.met(ProblemCode::HistoryReplaced, message);
    }

    pub(super) fn unwritten(&self, entries: usize) {
        self.inner.unwritten.store(entries as u64, Ordering::Relaxed);
    }

    pub(crate) fn left_out(&self, messages: u64) {
        self.inner.left_out.fetch_add(messages, Ordering::Relaxed);
    }

    /// A problem stands; answers whether it is a new one.
    pub(crate) fn met(&self, code: ProblemCode, message: String) -> bool {
        let mut problems = self.inner.problems.write().unwrap_or_else(PoisonError::into_inner);
        let since = problems.get(&code).map_or_else(Utc::now, |problem| problem.since);
        problems.insert(code, Problem { code, message, since }).is_none()
    }

    pub(crate) fn solved(&self, code: ProblemCode) -> bool {
        let mut problems = self.inner.problems.write().unwrap_or_else(PoisonError::into_inner);
        problems.remove(&code).is_some()
    }

    pub(super) fn rebuild_begins(&self) {
        self.inner.rebuild_position.store(0, Ordering::Relaxed);
        self.inner.rebuilding.store(1, Ordering::Relaxed);
    }

    pub(super) fn rebuild_at(&self, position: Sequence) {
        self.inner.rebuild_position.store(position.get(), Ordering::Relaxed);
    }

    pub(super) fn rebuild_ends(&self, done: bool) {
        self.inner.rebuilding.store(0, Ordering::Relaxed);
        self.inner.rebuilds.fetch_add(u64::from(done), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_is_zero_at_the_head_however_old_the_last_message_is() {
        let (progress, now) = (Progress::default(), Utc::now());
        let recorded_at = now - chrono::TimeDelta::seconds(90);
        let checkpoint = Checkpoint { position: Sequence(7), recorded_at, anchor: None };
        progress.stands_at(checkpoint);
        assert_eq!((progress.lag_events(), progress.lag_seconds(now)), (0, 0.0));
        progress.heard_of(Sequence(10));
        assert_eq!((progress.lag_events(), progress.lag_seconds(now)), (3, 90.0));
    }
}
