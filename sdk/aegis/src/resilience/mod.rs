//! Resilience: breaker, bulkhead, retry budget and hedging, so that a failing target does not take its callers down, and
//! their repetitions do not keep it down.
//!
//! Which outcomes may be sent again at all is decided by what is known of them: a refusal (no responders,
//! `NOT_ACTIVE`, `OVERLOADED`, `UNAVAILABLE`) has done nothing, and a missing answer may have; see
//! [`crate::CallError`]. What is here bounds how often, and how much at once.

mod breaker;
mod shield;

use std::time::Duration;

use aegis_messaging::RetryPolicy;
pub use breaker::BreakerPolicy;
pub(crate) use shield::{Pass, Shields, Stopped};

/// How the calls of a client are bounded, for each target by itself. A target is a service, a group of one, or an
/// instance.
///
/// # Examples
/// ```no_run
/// # async fn example(client: aegis_sdk::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use aegis_sdk::{Client, Resilience};
/// use std::time::Duration;
///
/// // Make one, and keep it: it counts what goes through it and its clones.
/// let client: Client = client.with_resilience(Resilience {
///     max_in_flight: 64,
///     hedge_after: Some(Duration::from_millis(20)),
///     ..Resilience::default()
/// });
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Resilience {
    /// How many calls to one target are under way at most: a bulkhead. More are refused at once as `OVERLOADED`.
    /// Default 1 024.
    pub max_in_flight: usize,
    /// When a target counts as broken. Calls to it are refused at once as `CIRCUIT_OPEN` then. Default as
    /// [`BreakerPolicy`] says; none keeps it always closed.
    pub breaker: Option<BreakerPolicy>,
    /// How calls are repeated, within the time of the call, that were refused without effect by a target that is overloaded or
    /// cannot reach what it needs. A pause is drawn at random up to the delay of the policy («full jitter»). Default three tries,
    /// after up to 10 and 20 ms.
    pub retry: RetryPolicy,
    /// How many calls are repeated at most.
    pub budget: RetryBudget,
    /// After how long an idempotent call to any instance is sent a second time, perhaps to another one; the first
    /// answer counts («hedged requests», J. Dean and L. A. Barroso, «The Tail at Scale», 2013). About the
    /// 95th percentile of the method's latency is a good value. It is paid from the retry budget. Default never.
    pub hedge_after: Option<Duration>,
}

/// How many calls to a target may be repeated, so that repetitions do not keep it down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryBudget {
    /// As a share of all calls to the target in ten seconds, 0 to 1000. Default 0.2.
    pub ratio: f32,
    /// So many a second whatever that share is. Default 10.
    pub per_second: u32,
}

impl Default for Resilience {
    fn default() -> Self {
        Self {
            max_in_flight: 1_024,
            breaker: Some(BreakerPolicy::default()),
            retry: RetryPolicy::exponential(Duration::from_millis(10), Duration::from_secs(1), 3),
            budget: RetryBudget::default(),
            hedge_after: None,
        }
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self { ratio: 0.2, per_second: 10 }
    }
}
