//! The one pause between tries.

use std::time::Duration;

use rand::Rng as _;

const FIRST: Duration = Duration::from_millis(20);
const MAX: Duration = Duration::from_secs(2);

/// Full jitter over an exponential ceiling (M. Brooker, «Exponential Backoff And Jitter», 2015), with
/// the first try at once.
pub fn backoff(attempt: usize) -> Duration {
    if attempt <= 1 {
        return Duration::ZERO;
    }
    let doublings = u32::try_from(attempt - 2).unwrap_or(u32::MAX).min(16);
    let ceiling = FIRST.saturating_mul(1 << doublings).min(MAX);
    rand::rng().random_range(FIRST / 2..=ceiling)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_backoff_starts_at_once_grows_and_is_bounded() {
        assert_eq!(backoff(1), Duration::ZERO);
        for attempt in 2..200 {
            let delay = backoff(attempt);
            assert!(delay >= FIRST / 2 && delay <= MAX, "{attempt}: {delay:?}");
        }
    }
}
