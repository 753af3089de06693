//! Whether the runtime of a connection moves, and since when what is read from its sockets may have lain there.
//!
//! The deadline of a call counts from its sending. Clocks of two machines are never compared, and a message does not say
//! how long it lay in a socket whose reader stood still. So somebody who runs on the same runtime notes that it moves: what
//! is read after a standstill, before the socket was empty again, may be as old as the standstill.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A runtime that was not seen to move for so long stood still.
const STILL: Duration = Duration::from_millis(300);

/// For so long after a standstill a socket may be called empty only because nobody has looked at it yet.
const SETTLE: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub struct Pace {
    epoch: Instant,
    /// Nanoseconds after the epoch; 0 while nobody notes anything.
    moved: AtomicU64,
    /// The last standstill.
    from: AtomicU64,
    until: AtomicU64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            epoch: Instant::now(),
            moved: AtomicU64::new(0),
            from: AtomicU64::new(0),
            until: AtomicU64::new(0),
        }
    }
}

impl Pace {
    /// The runtime moves now; only one task at a time says so.
    pub fn note(&self) {
        let now = self.nanos(Instant::now());
        let before = self.moved.load(Ordering::Relaxed);
        if before != 0 && now.saturating_sub(before) > nanos(STILL) {
            self.from.store(before, Ordering::Relaxed);
            self.until.store(now, Ordering::Release);
        }
        self.moved.store(now, Ordering::Release);
    }

    /// Since when a message that is read now may have waited here, if nothing waited at `empty`. None when it has just
    /// come.
    pub fn waiting_since(&self, empty: Instant, now: Instant) -> Option<Instant> {
        let moved = self.moved.load(Ordering::Acquire);
        if moved == 0 {
            return None;
        }
        let since = if self.nanos(now).saturating_sub(moved) > nanos(STILL) {
            moved
        } else if self.until.load(Ordering::Acquire) > self.nanos(empty) {
            self.from.load(Ordering::Relaxed)
        } else {
            return None;
        };
        Some((self.epoch + Duration::from_nanos(since)).max(empty))
    }

    /// Whether a socket that says it is empty now is.
    pub fn is_settled(&self, now: Instant) -> bool {
        let (now, moved) = (self.nanos(now), self.moved.load(Ordering::Acquire));
        let until = self.until.load(Ordering::Acquire);
        now.saturating_sub(moved) <= nanos(STILL) && (until == 0 || now.saturating_sub(until) > nanos(SETTLE))
    }

    fn nanos(&self, at: Instant) -> u64 {
        nanos(at.saturating_duration_since(self.epoch)).max(1)
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(pace: &Pace, at_ms: u64) {
        let now = at_ms * 1_000_000;
        let before = pace.moved.load(Ordering::Relaxed);
        if before != 0 && now - before > nanos(STILL) {
            pace.from.store(before, Ordering::Relaxed);
            pace.until.store(now, Ordering::Relaxed);
        }
        pace.moved.store(now, Ordering::Relaxed);
    }

    #[test]
    fn what_is_read_after_a_standstill_may_be_as_old_as_that_until_the_socket_was_empty() {
        let pace = Pace::default();
        let at = |ms| pace.epoch + Duration::from_millis(ms);
        assert_eq!(pace.waiting_since(at(0), at(5_000)), None, "nobody notes anything");
        noted(&pace, 1_000);
        assert_eq!(pace.waiting_since(at(990), at(1_100)), None);
        // It stands still from then on, and what is read is read before anybody notes that.
        assert_eq!(pace.waiting_since(at(990), at(4_000)), Some(at(1_000)));
        noted(&pace, 4_000);
        assert_eq!(pace.waiting_since(at(990), at(4_001)), Some(at(1_000)), "also after it was noted");
        assert_eq!(pace.waiting_since(at(4_001), at(4_002)), None, "the socket was empty since");
        assert!(!pace.is_settled(at(4_050)) && !pace.is_settled(at(4_400)) && pace.is_settled(at(4_200)));
        // Nothing was there at its beginning, and it was empty in the middle of it.
        noted(&pace, 9_000);
        assert_eq!(pace.waiting_since(at(6_000), at(9_001)), Some(at(6_000)));
    }
}
