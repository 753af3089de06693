//! The lease margin: how much of the lease was left when a renewal was acknowledged.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a slice is, and how many there are: a minute, of which the last one is not over yet.
const SLICE: Duration = Duration::from_secs(10);
const SLICES: usize = 6;

/// What was left of the lease at worst when a renewal was acknowledged, over the last minute.
#[derive(Debug, Default)]
pub(super) struct LeaseHealth(Mutex<VecDeque<Slice>>);

#[derive(Debug, Clone, Copy)]
struct Slice {
    begun: Instant,
    /// In percent of the lease.
    lowest: u8,
}

impl LeaseHealth {
    /// A renewal was acknowledged, when so much was left of the lease; nothing for one that had run out.
    pub(super) fn renewed(&self, left: Duration, lease: Duration, now: Instant) {
        let percent = left.as_nanos().saturating_mul(100) / lease.as_nanos().max(1);
        let percent = u8::try_from(percent.min(100)).unwrap_or(100);
        let mut slices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match slices.back_mut() {
            Some(last) if now.saturating_duration_since(last.begun) < SLICE => {
                last.lowest = last.lowest.min(percent);
            }
            Some(_) | None => slices.push_back(Slice { begun: now, lowest: percent }),
        }
        while slices.len() > SLICES {
            slices.pop_front();
        }
    }

    /// The lowest of the last minute, in percent; none when nothing was renewed in it.
    pub(super) fn lowest(&self, now: Instant) -> Option<u8> {
        let slices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = SLICE * u32::try_from(SLICES).unwrap_or(u32::MAX);
        let recent = slices.iter().filter(|slice| now.saturating_duration_since(slice.begun) < minute);
        recent.map(|slice| slice.lowest).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_of_the_last_minute_is_told() {
        let (health, start, lease) = (LeaseHealth::default(), Instant::now(), Duration::from_secs(1));
        assert_eq!(health.lowest(start), None);
        for second in 0..120_u64 {
            let left = if second == 30 { 80 } else { 620 };
            let now = start + Duration::from_secs(second);
            health.renewed(Duration::from_millis(left), lease, now);
        }
        let at = |second| start + Duration::from_secs(second);
        assert_eq!(health.lowest(at(119)), Some(62), "the bad one is longer ago than a minute");
        health.renewed(Duration::ZERO, lease, at(120));
        assert_eq!((health.lowest(at(121)), health.lowest(at(179))), (Some(0), Some(0)));
        assert_eq!(health.lowest(at(400)), None, "nothing was renewed");
        health.renewed(2 * lease, lease, at(401));
        assert_eq!(health.lowest(at(401)), Some(100));
    }
}
