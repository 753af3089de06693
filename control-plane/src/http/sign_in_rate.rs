//! The rate limit of sign-ins per address. Secrets are too long to be guessed; this keeps the log and the processors from
//! those who try, and sessions from those who only collect them.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// So many tries at once, after a rest.
const AT_ONCE: NonZeroU32 = NonZeroU32::new(30).unwrap();
/// So often after that.
const EVERY: Duration = Duration::from_secs(2);
/// So many addresses are remembered before those that have rested are forgotten.
const REMEMBERED: usize = 10_000;

/// The tries of each address.
#[derive(Debug)]
pub(crate) struct SignInRate(DefaultKeyedRateLimiter<IpAddr>);

impl Default for SignInRate {
    fn default() -> Self {
        let quota = Quota::with_period(EVERY).expect("more than nothing").allow_burst(AT_ONCE);
        Self(RateLimiter::keyed(quota))
    }
}

impl SignInRate {
    /// Counts a try; the error says how long to wait before the next.
    pub(super) fn attempt(&self, address: IpAddr) -> Result<(), Duration> {
        if self.0.len() > REMEMBERED {
            self.0.retain_recent();
        }
        self.0
            .check_key(&network(address))
            .map_err(|until| until.wait_time_from(DefaultClock::default().now()))
    }
}

/// A client with one IPv6 address has all addresses of its network.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_tries_too_often_waits_and_others_do_not() {
        let rate = SignInRate::default();
        let mine: IpAddr = "2001:db8::1".parse().unwrap();
        for _ in 0..AT_ONCE.get() {
            rate.attempt(mine).unwrap();
        }
        let wait = rate.attempt("2001:db8::2".parse().unwrap()).unwrap_err();
        assert!(wait > Duration::ZERO && wait <= EVERY, "{wait:?}");
        rate.attempt("2001:db8:0:1::1".parse().unwrap()).unwrap();
        rate.attempt("192.0.2.1".parse().unwrap()).unwrap();
    }
}
