//! One instance that may be called, and what this process has seen of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use aegis_domain::{GroupName, InstanceName, ServiceName, Version};

use super::record::Record;
use crate::Target;

/// No answer counts as slower: ten minutes.
const SLOWEST_NS: u64 = 600_000_000_000;
/// An average that nothing was added to is worth half after so long, as in Finagle, whose averages fade over ten
/// seconds.
const FADES_S: u64 = 10;

/// An instance that may be called, as its record last said.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its service.
    pub service: ServiceName,
    /// Its name.
    pub instance: InstanceName,
    /// The version it runs.
    pub version: Version,
    /// The groups that it owns; none of an instance of the Python SDK.
    pub groups: Vec<GroupName>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Calls that it was handling, and those that waited there, when it last said so; 0 of an instance of the Python SDK,
    /// whose record does not tell.
    pub reported_load: u64,
    /// Its record has run out, and it is kept only because no better one is known.
    pub suspect: bool,
    /// It is an instance of the Python SDK: call it with `CallOptions::legacy`. Always false without the feature
    /// `legacy`.
    pub legacy: bool,
    pub(super) meter: Arc<Meter>,
}

impl Candidate {
    pub(super) fn of(record: &Record, suspect: bool, meter: Arc<Meter>) -> Self {
        Self {
            service: record.service.clone(),
            instance: record.instance.clone(),
            version: record.version.clone(),
            groups: record.groups.clone(),
            labels: record.labels.clone(),
            reported_load: record.load,
            suspect,
            legacy: record.registry.is_legacy(),
            meter,
        }
    }

    /// The target of calls to this very instance; to any of its service when it is one of the Python SDK, which has no
    /// subject of its own.
    #[must_use]
    pub fn target(&self) -> Target {
        match self.legacy {
            true => Target::Any(self.service.clone()),
            false => Target::Instance(self.service.clone(), self.instance.clone()),
        }
    }

    /// Its load: what it reported, and the calls of this process that it has not answered yet.
    #[must_use]
    pub fn load(&self) -> u64 {
        self.reported_load.saturating_add(self.meter.pending.load(Ordering::Relaxed))
    }

    /// How long its answers took, as an average that forgets; none before the first answer.
    #[must_use]
    pub fn latency(&self) -> Option<Duration> {
        self.meter.latency_ns(Second::of(Instant::now())).map(Duration::from_nanos)
    }
}

/// What this process measures of one instance, for as long as it knows it.
#[derive(Debug, Default)]
pub(super) struct Meter {
    pub(super) pending: AtomicU64,
    /// Zero before the first answer.
    latency_ns: AtomicU64,
    /// When that was, as [`Second`] counts.
    answered: AtomicU64,
}

/// The seconds of this process: what choosing needs of the clock, read once for all candidates.
#[derive(Debug, Clone, Copy)]
pub(super) struct Second(u64);

impl Second {
    pub(super) fn of(now: Instant) -> Self {
        static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
        Self(now.saturating_duration_since(*BEGUN).as_secs())
    }
}

impl Meter {
    /// An exponentially weighted moving average, each answer with an eighth of the weight (as RFC 6298 smooths
    /// round-trip times). Of two answers at the same moment one may be lost from it.
    pub(super) fn answered(&self, took: Duration, now: Second) {
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX).clamp(1, SLOWEST_NS);
        self.store(self.latency_ns(now).map_or(took, |before| before - before / 8 + took / 8), now);
    }

    /// A call failed after so long. It counts as one that took twice as long as usual, and in full: an error never makes
    /// the instance look quicker, or it would draw the calls.
    pub(super) fn failed(&self, took: Duration, now: Second) {
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let worse = self.latency_ns(now).unwrap_or(took).saturating_mul(2);
        self.store(took.max(worse).clamp(1, SLOWEST_NS), now);
    }

    fn store(&self, latency_ns: u64, now: Second) {
        self.latency_ns.store(latency_ns.max(1), Ordering::Relaxed);
        self.answered.store(now.0, Ordering::Relaxed);
    }

    /// Halves with every ten seconds without an answer: an instance that was slow once is asked again.
    pub(super) fn latency_ns(&self, now: Second) -> Option<u64> {
        let latency = self.latency_ns.load(Ordering::Relaxed);
        let silent = now.0.saturating_sub(self.answered.load(Ordering::Relaxed));
        let halvings = u32::try_from(silent / FADES_S).unwrap_or(u32::MAX);
        (latency > 0).then(|| latency.checked_shr(halvings).unwrap_or_default().max(1))
    }
}

/// The instance that was chosen for one call. While it is held, the call counts as one that the instance has not
/// answered.
#[derive(Debug)]
pub struct Pick {
    candidate: Arc<Candidate>,
}

impl Pick {
    pub(super) fn new(candidate: Arc<Candidate>) -> Self {
        candidate.meter.pending.fetch_add(1, Ordering::Relaxed);
        Self { candidate }
    }

    /// It has answered, and took so long. Feeds [`super::Strategy::LowestLatency`].
    pub fn answered(&self, took: Duration) {
        self.candidate.meter.answered(took, Second::of(Instant::now()));
    }

    /// It has failed after so long, by an error of its own or without any answer. Feeds
    /// [`super::Strategy::LowestLatency`].
    pub fn failed(&self, took: Duration) {
        self.candidate.meter.failed(took, Second::of(Instant::now()));
    }
}

impl std::ops::Deref for Pick {
    type Target = Candidate;

    fn deref(&self) -> &Candidate {
        &self.candidate
    }
}

impl Drop for Pick {
    fn drop(&mut self) {
        self.candidate.meter.pending.fetch_sub(1, Ordering::Relaxed);
    }
}
