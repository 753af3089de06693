//! Instances that go silent and come back again and again.

use chrono::{DateTime, TimeDelta, Utc};

/// So many recoveries within [`WINDOW`] make an instance a flapping one. One recovery is an incident, two may
/// be a restart of the network; with three the instance is unreliable.
pub const RECOVERIES: usize = 3;
/// How far apart the first and the last of them may be. An instance with 1 s heartbeats is noticed after
/// 3.5 s and comes back at once, so a fault that repeats every minute is found; daily restarts are not.
pub const WINDOW: TimeDelta = TimeDelta::minutes(5);

/// Takes a recovery down; of older ones only as many are kept as are asked for.
pub(super) fn recovered(recoveries: &mut Vec<DateTime<Utc>>, at: DateTime<Utc>) {
    recoveries.push(at);
    let surplus = recoveries.len().saturating_sub(RECOVERIES);
    recoveries.drain(..surplus);
}

/// Whether these recoveries are too many for the time up to now.
#[must_use]
pub fn is_flapping(recoveries: &[DateTime<Utc>], now: DateTime<Utc>) -> bool {
    recoveries.iter().filter(|at| now.signed_duration_since(**at) < WINDOW).count() >= RECOVERIES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(n: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(n)
    }

    #[test]
    fn three_recoveries_in_five_minutes_are_too_many_until_the_first_is_past() {
        let mut recoveries = vec![];
        for n in 0..3 {
            assert!(!is_flapping(&recoveries, minute(n)));
            recovered(&mut recoveries, minute(n));
        }
        assert!(is_flapping(&recoveries, minute(2)) && is_flapping(&recoveries, minute(4)));
        assert!(!is_flapping(&recoveries, minute(5)), "it clears by itself");
    }

    #[test]
    fn recoveries_far_apart_are_none_and_what_is_kept_is_bounded() {
        let mut recoveries = vec![];
        for n in 0..100 {
            recovered(&mut recoveries, minute(n * 3));
            assert!(!is_flapping(&recoveries, minute(n * 3)));
            assert!(recoveries.len() <= RECOVERIES);
        }
    }
}
