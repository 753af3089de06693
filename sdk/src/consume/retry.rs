//! When a failed try is repeated, and how a handler says what is to come of a message.

use std::time::Duration;

use aegis_domain::ErrorCode;
use rand::Rng as _;

use crate::Fault;

/// After which delays a message is tried again, and how often.
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

    /// How long to wait after this try, counted from 1, has failed: a fifth more or less than the delay, so that
    /// what failed at once is not tried again at once. None when it was the last.
    pub(crate) fn after(&self, attempt: u32) -> Option<Duration> {
        let index = usize::try_from(attempt.max(1) - 1).ok()?;
        Some(jittered(*self.delays.get(index)?))
    }
}

/// A fifth more or less.
pub(crate) fn jittered(delay: Duration) -> Duration {
    delay.mul_f64(rand::rng().random_range(0.8..=1.2))
}

/// Why a message was not handled, and what is to come of it. Any error that a handler returns with `?` becomes
/// one that is tried again by the policy; its text goes to the log and nowhere else. [`Failure::tell`] tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub(crate) fault: Fault,
    pub(crate) next: Next,
}

/// What is to come of a message that was not handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// What the policy says.
    Policy,
    /// Another try after this delay, as long as the policy has tries left.
    After(Duration),
    /// No other try: it becomes a dead letter.
    Never,
}

impl Failure {
    /// It is tried again after this delay, as long as the policy has tries left.
    #[must_use]
    pub fn later(delay: Duration, reason: impl Into<String>) -> Self {
        Self { next: Next::After(delay), ..Self::of(ErrorCode::HandlerFailed, reason) }
    }

    /// It becomes a dead letter: another try would fail as well.
    #[must_use]
    pub fn never(reason: impl Into<String>) -> Self {
        Self { next: Next::Never, ..Self::of(ErrorCode::HandlerFailed, reason) }
    }

    /// With the text of this error, for whoever reads the dead letter or waits for the result: `.map_err(Failure::tell)?`.
    /// It is tried again by the policy.
    pub fn tell(error: impl std::fmt::Display) -> Self {
        Fault::tell(error).into()
    }

    /// The same as others get it: what is internal goes to the log.
    pub(crate) fn for_others(self, what: &str, id: &str) -> Self {
        Self { fault: self.fault.for_caller(what, id), ..self }
    }

    /// The same failure, without another try.
    #[must_use]
    pub fn for_good(self) -> Self {
        Self { next: Next::Never, ..self }
    }

    pub(crate) fn of(code: ErrorCode, reason: impl Into<String>) -> Self {
        Fault::of(code, reason).into()
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Fault::from(error).into()
    }
}

impl From<Fault> for Failure {
    /// Tried again by the policy, under the fault's own code.
    fn from(fault: Fault) -> Self {
        Self { fault, next: Next::Policy }
    }
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
