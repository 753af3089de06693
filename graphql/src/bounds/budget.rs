//! The budget of one principal: how much its documents may cost per time.

use std::num::NonZeroU32;

use aegis_domain::ErrorCode;
use async_graphql::{ServerResult, Value};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::codes::server_error;

/// What a principal may spend in a second, and at once after a rest: ten of the dearest queries.
const A_SECOND: NonZeroU32 = NonZeroU32::new(100_000).unwrap();
const AT_ONCE: NonZeroU32 = NonZeroU32::new(200_000).unwrap();
/// So many principals are remembered before those that have their whole budget again are forgotten.
const REMEMBERED: usize = 1_000;

/// What each principal has left.
#[derive(Debug)]
pub(super) struct Budgets(DefaultKeyedRateLimiter<String>);

impl Default for Budgets {
    fn default() -> Self {
        Self(RateLimiter::keyed(Quota::per_second(A_SECOND).allow_burst(AT_ONCE)))
    }
}

impl Budgets {
    /// Takes the cost from the budget of the principal, or says when it may be asked again.
    pub(super) fn spend(&self, principal: &str, cost: u64) -> ServerResult<()> {
        if self.0.len() > REMEMBERED {
            self.0.retain_recent();
        }
        let cost = u32::try_from(cost).unwrap_or(u32::MAX);
        let Some(cost) = NonZeroU32::new(cost) else { return Ok(()) };
        let Ok(Err(until)) = self.0.check_key_n(&principal.to_owned(), cost) else { return Ok(()) };
        let wait = until.wait_time_from(DefaultClock::default().now()).as_millis().max(1);
        let mut error = server_error(
            ErrorCode::RateLimited,
            format!("{principal} has asked for more than {A_SECOND} fields a second: ask again in {wait} ms"),
        );
        let wait = u64::try_from(wait).unwrap_or(u64::MAX);
        error.extensions.get_or_insert_with(Default::default).set("retryAfterMs", Value::from(wait));
        Err(error)
    }
}
