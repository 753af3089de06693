//! Latencies as a histogram that can be merged with others, so that quantiles over many instances are true ones.

mod codec;

use std::cmp::Ordering;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// Latencies, counted in steps that grow with their size: two significant digits from 1 us to 60 s.
///
/// NOTE: not the crate `hdrhistogram`, which the tests hold this to. It has a place for each of the 2,560 steps, 10 KiB with
/// counts of 32 bits, and a replica holds a histogram for each window of each instance and method: of 5,000 instances with ten
/// methods that is 500 MB for one window, and some hundred bytes each here.
///
/// The steps are those of an HDR histogram with these bounds, and the text form is what its implementations call
/// «V2 compressed», in base64 (<https://github.com/HdrHistogram/HdrHistogram>, `AbstractHistogram.encodeIntoCompressedByteBuffer`;
/// the same text stands in its interval logs). Only steps that were met are kept: some hundred bytes in
/// practice, never more than 2,560 steps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Latency {
    /// Step and count, in order of the steps; no count is zero.
    counts: Vec<(u16, u64)>,
}

/// The text is no histogram of these bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LatencyError {
    /// It is longer than any histogram of these bounds.
    #[error("the histogram is longer than {} bytes", Latency::MAX_TEXT)]
    TooLong,
    /// It is not base64.
    #[error("the histogram is not base64")]
    Base64,
    /// It is not compressed as it should be, or holds more than any histogram of these bounds.
    #[error("the histogram is not compressed as HDR histograms are")]
    Compression,
    /// Its header names another format, or other bounds.
    #[error("the histogram has other bounds than 1 us to 60 s with two significant digits")]
    Header,
    /// Its counts are cut off, negative, or beyond the last step.
    #[error("the counts of the histogram cannot be read")]
    Counts,
}

impl Latency {
    /// What takes longer counts as this long, in microseconds.
    pub const HIGHEST_US: u64 = 60_000_000;
    /// Significant digits of every value.
    pub const DIGITS: u8 = 2;
    /// The longest text that is read, in bytes: room for every step with the highest count.
    pub const MAX_TEXT: usize = 32 * 1024;

    /// Counts a latency so many times.
    pub fn record(&mut self, micros: u64, times: u64) {
        if times == 0 {
            return;
        }
        let step = step_of(micros);
        match self.counts.binary_search_by_key(&step, |(known, _)| *known) {
            Ok(at) => self.counts[at].1 = self.counts[at].1.saturating_add(times),
            Err(at) => self.counts.insert(at, (step, times)),
        }
    }

    /// How many steps there are.
    pub const STEPS: usize = STEPS as usize;

    /// The step that a latency in microseconds belongs to, below [`Latency::STEPS`]: for those who count in an
    /// array.
    #[must_use]
    pub fn step(micros: u64) -> usize {
        usize::from(step_of(micros))
    }

    /// What was counted in an array, step by step from the first.
    #[must_use]
    pub fn of_steps(counts: impl IntoIterator<Item = u64>) -> Self {
        Self { counts: (0..STEPS).zip(counts).filter(|(_, count)| *count > 0).collect() }
    }

    /// What was counted: the highest latency of each step in microseconds, and how many there were, in ascending
    /// order.
    pub fn steps(&self) -> impl Iterator<Item = (u64, u64)> {
        self.counts.iter().map(|(step, count)| (end_of(*step), *count))
    }

    /// Takes in what another one has counted.
    pub fn merge(&mut self, other: &Self) {
        let mine = std::mem::take(&mut self.counts);
        self.counts.reserve(mine.len().max(other.counts.len()));
        let (mut mine, mut theirs) = (mine.into_iter().peekable(), other.counts.iter().copied().peekable());
        while let (Some((a, n)), Some((b, m))) = (mine.peek().copied(), theirs.peek().copied()) {
            self.counts.push(match a.cmp(&b) {
                Ordering::Less => (a, n),
                Ordering::Equal => (a, n.saturating_add(m)),
                Ordering::Greater => (b, m),
            });
            if a <= b {
                mine.next();
            }
            if b <= a {
                theirs.next();
            }
        }
        self.counts.extend(mine);
        self.counts.extend(theirs);
    }

    /// How many latencies were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// Whether none was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The latency that this share of all (0 to 1) did not exceed, in microseconds: the end of its step, so never too
    /// low, and less than 1 % too high. None when nothing was counted.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<u64> {
        let rank = rank(share, self.count());
        let mut seen = 0_u64;
        let mut steps = self.counts.iter().map(|(step, count)| {
            seen = seen.saturating_add(*count);
            (*step, seen)
        });
        let reached = steps.find(|(_, seen)| *seen >= rank);
        reached.map(|(step, _)| end_of(step))
    }

    /// The same as [`Latency::quantile`], in milliseconds.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "latencies end at a minute")]
    pub fn quantile_ms(&self, share: f64) -> Option<f64> {
        self.quantile(share).map(|micros| micros as f64 / 1000.0)
    }
}

/// All of them together, in one pass.
impl<'a> FromIterator<&'a Latency> for Latency {
    fn from_iter<T: IntoIterator<Item = &'a Latency>>(all: T) -> Self {
        let mut sums = vec![0_u64; usize::from(STEPS)];
        for (step, count) in all.into_iter().flat_map(|one| &one.counts) {
            let sum = &mut sums[usize::from(*step)];
            *sum = sum.saturating_add(*count);
        }
        Self::of_steps(sums)
    }
}

impl Serialize for Latency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.encode())
    }
}

/// The histogram in a field, or none when what stands there is no histogram.
pub(super) fn if_readable<'de, D: Deserializer<'de>>(field: D) -> Result<Option<Latency>, D::Error> {
    Ok(Value::deserialize(field)?.as_str().and_then(|text| Latency::decode(text).ok()))
}

/// How many steps there are at each doubling of the value, and the power of two that this is.
const HALF: u64 = 128;
const HALF_BITS: u32 = 7;
/// How many steps there are.
const STEPS: u16 = 2560;

/// The step that a value belongs to. Steps double in width each time the value has doubled, from 256 on.
fn step_of(micros: u64) -> u16 {
    let value = micros.min(Latency::HIGHEST_US);
    let doublings = (u64::BITS - (value | (2 * HALF - 1)).leading_zeros()) - HALF_BITS - 1;
    let step = (u64::from(doublings) << HALF_BITS) + (value >> doublings);
    u16::try_from(step).unwrap_or(STEPS - 1)
}

/// The highest value of a step, in microseconds.
fn end_of(step: u16) -> u64 {
    let doublings = (step >> HALF_BITS).saturating_sub(1);
    let width = 1 << doublings;
    let first = (u64::from(step) - (u64::from(doublings) << HALF_BITS)) << doublings;
    first + width - 1
}

/// The place, from 1 on, of the value that this share does not exceed.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and the count, and counts stay far below 2^53 but in hostile histograms"
)]
fn rank(share: f64, count: u64) -> u64 {
    let share = if share.is_nan() { 1.0 } else { share.clamp(0.0, 1.0) };
    ((share * count as f64).ceil() as u64).clamp(1, count.max(1))
}
