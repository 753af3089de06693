//! When a failed try is repeated.

use std::time::Duration;

use aegis_domain::Failure;
use rand::Rng as _;

/// After which delays something is tried again, and how often: a message by its consumer, a call by its client.
///
/// # Examples
/// ```
/// use aegis_sdk::RetryPolicy;
/// use std::time::Duration;
///
/// // Three tries, after 0.1 and 0.2 s.
/// let quick = RetryPolicy::exponential(Duration::from_millis(100), Duration::from_secs(1), 3);
/// assert_eq!(quick, RetryPolicy::delays([Duration::from_millis(100), Duration::from_millis(200)]));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    delays: Vec<Duration>,
}

impl Default for RetryPolicy {
    /// Five tries: after 0.5, 1, 2 and 4 s.
    fn default() -> Self {
        Self::exponential(Duration::from_millis(500), Duration::from_secs(30), 5)
    }
}

impl RetryPolicy {
    /// One try more after each of these delays. Without any there is one try.
    #[must_use]
    pub fn delays(delays: impl IntoIterator<Item = Duration>) -> Self {
        Self { delays: delays.into_iter().collect() }
    }

    /// So many tries, with a delay between them that doubles up to a most.
    #[must_use]
    pub fn exponential(first: Duration, most: Duration, tries: u32) -> Self {
        let delay = |n: u32| first.saturating_mul(1_u32.checked_shl(n).unwrap_or(u32::MAX)).min(most);
        Self { delays: (0..tries.saturating_sub(1)).map(delay).collect() }
    }

    /// How many tries there are.
    #[must_use]
    pub fn tries(&self) -> u32 {
        u32::try_from(self.delays.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The delay after this try, counted from 1, has failed; none when it was the last. The caller adds jitter.
    #[must_use]
    pub fn delay_after(&self, attempt: u32) -> Option<Duration> {
        let index = usize::try_from(attempt.max(1) - 1).ok()?;
        self.delays.get(index).copied()
    }

    /// How long a consumer waits after this try: a fifth more or less than the delay, so that what failed at once is not tried
    /// again at once.
    pub(crate) fn after(&self, attempt: u32) -> Option<Duration> {
        self.delay_after(attempt).map(jittered)
    }
}

/// A fifth more or less.
pub(crate) fn jittered(delay: Duration) -> Duration {
    delay.mul_f64(rand::rng().random_range(0.8..=1.2))
}

/// The failure as others get it: what is internal goes to the log.
pub(crate) fn for_others(failure: Failure, what: &str, id: &str) -> Failure {
    let (failure, internal) = failure.for_others(id);
    if let Some(error) = internal {
        tracing::warn!(what, request_id = id, %error, "a handler failed");
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_most_and_end_with_the_tries() {
        let policy = RetryPolicy::exponential(Duration::from_secs(1), Duration::from_secs(3), 4);
        assert_eq!(policy.delays, [1, 2, 3].map(Duration::from_secs));
        assert_eq!((policy.tries(), RetryPolicy::delays([]).tries()), (4, 1));
        for (attempt, seconds) in [(1, 1.0), (2, 2.0), (3, 3.0)] {
            let delay = policy.after(attempt).unwrap().as_secs_f64();
            assert!((seconds * 0.79..=seconds * 1.21).contains(&delay), "{attempt}: {delay}");
        }
        assert_eq!((policy.after(4), policy.after(9), RetryPolicy::delays([]).after(1)), (None, None, None));
    }
}
