//! What a client does so that a target in trouble neither takes its callers down nor is kept down by them.
//!
//! Which outcomes may be sent again at all is decided by what is known of them: a refusal («nobody serves this»,
//! `NOT_ACTIVE`, `OVERLOADED`, `UNAVAILABLE`) has done nothing, and a missing answer may have; see
//! [`crate::CallError`]. What is here bounds how often, and how much at once.

mod breaker;
mod shield;

use std::time::Duration;

pub use breaker::BreakerPolicy;
pub(crate) use shield::{Pass, Shields, Stopped};

/// How the calls of a client are bounded, for each target by itself. A target is a service, a group of one, or an
/// instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Resilience {
    /// How many calls to one target are under way at most: a bulkhead. More are refused at once as `OVERLOADED`.
    /// Default 1 024.
    pub max_in_flight: usize,
    /// When a target counts as broken. Calls to it are refused at once as `CIRCUIT_OPEN` then. Default as
    /// [`BreakerPolicy`] says; none keeps it always closed.
    pub breaker: Option<BreakerPolicy>,
    /// How calls are repeated that were refused without effect by a target that is overloaded or cannot reach what
    /// it needs.
    pub retry: RetryPolicy,
    /// After how long an idempotent call to any instance is sent a second time, perhaps to another one; the first
    /// answer counts («hedged requests», J. Dean and L. A. Barroso, «The Tail at Scale», 2013). About the
    /// 95th percentile of the method's latency is a good value. It is paid from the retry budget. Default never.
    pub hedge_after: Option<Duration>,
}

/// How refused calls are repeated, within the time of the call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    /// How often one call is sent at most. Default 3; 1 repeats none.
    pub attempts: u32,
    /// The ceiling of the first pause; it doubles each time, and the pause is drawn below it («full jitter»).
    /// Default 10 ms.
    pub first_pause: Duration,
    /// The highest ceiling. Default 1 s.
    pub longest_pause: Duration,
    /// How many calls may be repeated, as a share of all calls to the target in ten seconds, 0 to 1000. Default 0.2.
    pub budget_ratio: f32,
    /// How many may be repeated a second whatever that share is. Default 10.
    pub budget_per_second: u32,
}

impl Default for Resilience {
    fn default() -> Self {
        Self {
            max_in_flight: 1_024,
            breaker: Some(BreakerPolicy::default()),
            retry: RetryPolicy::default(),
            hedge_after: None,
        }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 3,
            first_pause: Duration::from_millis(10),
            longest_pause: Duration::from_secs(1),
            budget_ratio: 0.2,
            budget_per_second: 10,
        }
    }
}
