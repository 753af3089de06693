//! The circuit breaker: calls to a target that mostly fails are not sent for a while. Pure; time comes from outside.

use std::time::{Duration, Instant};

/// When a target counts as broken, and for how long it is left alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerPolicy {
    /// The failures of how long a time count. Default 10 s.
    pub window: Duration,
    /// Fewer calls than this in a window say nothing. Default 20.
    pub least_calls: u32,
    /// From this share of failures on the target counts as broken, above 0 and up to 1. Default 0.5.
    pub failure_ratio: f64,
    /// How long it is left alone before one call is let through to see; twice as long after each call that fails then.
    /// Default 1 s.
    pub open_for: Duration,
    /// The longest that it is left alone. Default 30 s.
    pub open_at_most: Duration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(10),
            least_calls: 20,
            failure_ratio: 0.5,
            open_for: Duration::from_secs(1),
            open_at_most: Duration::from_secs(30),
        }
    }
}

/// The breaker of one target.
#[derive(Debug)]
pub(super) struct Breaker {
    policy: BreakerPolicy,
    state: State,
    /// How long the next opening lasts.
    next: Duration,
    /// Grows when it opens and when a call is let through to see: what was admitted before says nothing new.
    epoch: Epoch,
}

/// Since when a call is under way, as a breaker counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Epoch(u64);

#[derive(Debug)]
enum State {
    /// Calls pass, and are counted.
    Closed(Window),
    /// None passes until then.
    Open { until: Instant },
    /// One is on its way, and decides. Should its caller never tell, another may go after this moment.
    Probing { until: Instant },
}

/// Counts over the window in two halves, so that old ones fade without each being kept.
#[derive(Debug)]
struct Window {
    begun: Instant,
    now: Counts,
    before: Counts,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    calls: u32,
    failures: u32,
}

/// The breaker is open: the call was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) retry_after: Duration,
}

impl Breaker {
    pub(super) fn new(policy: BreakerPolicy, now: Instant) -> Self {
        Self {
            policy,
            state: State::Closed(Window::new(now)),
            next: policy.open_for,
            epoch: Epoch::default(),
        }
    }

    /// Whether a call may go now.
    pub(super) fn admit(&mut self, now: Instant) -> Result<Epoch, Refused> {
        match self.state {
            State::Closed(_) => Ok(self.epoch),
            State::Open { until } | State::Probing { until } if now < until => {
                Err(Refused { retry_after: until - now })
            }
            State::Open { .. } | State::Probing { .. } => {
                self.state = State::Probing { until: now + self.next };
                self.epoch.0 += 1;
                Ok(self.epoch)
            }
        }
    }

    /// Whether a call would be admitted now. Asking changes nothing.
    pub(super) fn would_admit(&self, now: Instant) -> bool {
        match self.state {
            State::Closed(_) => true,
            State::Open { until } | State::Probing { until } => until <= now,
        }
    }

    /// How a call that was admitted then has ended.
    pub(super) fn record(&mut self, admitted: Epoch, succeeded: bool, now: Instant) {
        if admitted != self.epoch {
            return;
        }
        match &mut self.state {
            State::Closed(window) => {
                window.add(succeeded, self.policy.window, now);
                let Counts { calls, failures } = window.sum();
                let broken = f64::from(failures) >= f64::from(calls) * self.policy.failure_ratio;
                if !succeeded && calls >= self.policy.least_calls && broken {
                    self.open(now);
                }
            }
            State::Probing { .. } if succeeded => {
                self.state = State::Closed(Window::new(now));
                self.next = self.policy.open_for;
            }
            State::Probing { .. } => {
                self.next = (self.next * 2).min(self.policy.open_at_most);
                self.open(now);
            }
            // Whatever opens it begins an epoch, and nothing is admitted in it.
            State::Open { .. } => {}
        }
    }

    fn open(&mut self, now: Instant) {
        self.state = State::Open { until: now + self.next };
        self.epoch.0 += 1;
    }
}

impl Window {
    fn new(now: Instant) -> Self {
        Self { begun: now, now: Counts::default(), before: Counts::default() }
    }

    fn add(&mut self, succeeded: bool, length: Duration, now: Instant) {
        let age = now.saturating_duration_since(self.begun);
        if age >= length / 2 {
            self.before = if age >= length { Counts::default() } else { self.now };
            self.now = Counts::default();
            self.begun = now;
        }
        self.now.calls += 1;
        self.now.failures += u32::from(!succeeded);
    }

    fn sum(&self) -> Counts {
        Counts {
            calls: self.now.calls + self.before.calls,
            failures: self.now.failures + self.before.failures,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn breaker(now: Instant) -> Breaker {
        Breaker::new(
            BreakerPolicy { least_calls: 4, open_at_most: SECOND * 3, ..BreakerPolicy::default() },
            now,
        )
    }

    fn record(breaker: &mut Breaker, outcomes: &[bool], now: Instant) {
        let epoch = breaker.epoch;
        outcomes.iter().for_each(|succeeded| breaker.record(epoch, *succeeded, now));
    }

    #[test]
    fn it_opens_at_the_share_of_failures_and_not_on_few_calls() {
        let now = Instant::now();
        let mut few = breaker(now);
        record(&mut few, &[false, false, false], now);
        assert!(few.admit(now).is_ok());
        let mut mixed = breaker(now);
        record(&mut mixed, &[true, true, true, false, false], now);
        assert!(mixed.admit(now).is_ok(), "two of five");
        record(&mut mixed, &[false], now);
        assert_eq!(mixed.admit(now), Err(Refused { retry_after: SECOND }), "three of six");
    }

    #[test]
    fn old_failures_are_forgotten() {
        let now = Instant::now();
        let mut breaker = breaker(now);
        record(&mut breaker, &[false, false, false], now);
        record(&mut breaker, &[false], now + SECOND * 11);
        assert!(breaker.admit(now + SECOND * 11).is_ok());
        record(&mut breaker, &[false, false], now + SECOND * 17);
        let admitted = breaker.admit(now + SECOND * 17);
        assert!(admitted.is_ok(), "those of six seconds ago count, and make three");
        record(&mut breaker, &[false], now + SECOND * 18);
        assert!(breaker.admit(now + SECOND * 18).is_err());
    }

    #[test]
    fn one_call_at_a_time_finds_out_whether_the_target_is_back() {
        let now = Instant::now();
        let mut breaker = breaker(now);
        record(&mut breaker, &[false; 4], now);
        let later = now + SECOND;
        assert!(!breaker.would_admit(now) && breaker.would_admit(later));
        assert!(breaker.admit(later).is_ok());
        assert!(!breaker.would_admit(later), "one is on its way");
        assert_eq!(breaker.admit(later), Err(Refused { retry_after: SECOND }), "one is on its way");
        record(&mut breaker, &[false], later);
        assert_eq!(breaker.admit(later), Err(Refused { retry_after: SECOND * 2 }), "twice as long");
        assert!(breaker.admit(later + SECOND * 2).is_ok());
        record(&mut breaker, &[false], later + SECOND * 2);
        assert_eq!(
            breaker.admit(later + SECOND * 2),
            Err(Refused { retry_after: SECOND * 3 }),
            "but bounded"
        );
        let back = later + SECOND * 5;
        assert!(breaker.admit(back).is_ok());
        record(&mut breaker, &[true], back);
        record(&mut breaker, &[true, false, false], back);
        assert!(breaker.admit(back).is_ok(), "it begins anew");
    }

    #[test]
    fn a_probe_whose_end_is_never_told_does_not_hold_the_target_closed() {
        let now = Instant::now();
        let mut breaker = breaker(now);
        record(&mut breaker, &[false; 4], now);
        assert!(breaker.admit(now + SECOND).is_ok());
        assert!(breaker.admit(now + SECOND * 2).is_ok());
        record(&mut breaker, &[true], now + SECOND * 2);
        assert!(breaker.admit(now + SECOND * 2).is_ok());
    }
    #[test]
    fn calls_from_before_it_opened_say_nothing_of_now() {
        let now = Instant::now();
        let mut breaker = breaker(now);
        let before = breaker.admit(now).unwrap();
        record(&mut breaker, &[false; 4], now);
        let probe = breaker.admit(now + SECOND).unwrap();
        breaker.record(before, false, now + SECOND);
        breaker.record(before, true, now + SECOND);
        assert_eq!(breaker.admit(now + SECOND), Err(Refused { retry_after: SECOND }), "neither way");
        breaker.record(probe, true, now + SECOND);
        assert!(breaker.admit(now + SECOND).is_ok());
    }
}
