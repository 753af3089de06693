//! Breaker, bulkhead and retry budget of each target.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use rand::Rng as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::retry::budget::{Budget as _, TpsBudget};

use super::Resilience;
use super::breaker::{Breaker, Epoch};
use crate::Target;
use aegis_messaging::RetryPolicy;

/// Over how long calls pay into the budget of their repetitions.
const BUDGET_WINDOW: Duration = Duration::from_secs(10);
/// Beyond this many, those are forgotten that no call is under way to, with what their breakers knew; a client that calls
/// more is rare, and memory is bounded.
const TARGETS: usize = 10_000;

/// All targets of one client.
#[derive(Debug)]
pub(crate) struct Shields {
    settings: Resilience,
    by_target: RwLock<HashMap<Target, Arc<Shield>>>,
}

#[derive(Debug)]
struct Shield {
    places: Arc<Semaphore>,
    breaker: Option<Mutex<Breaker>>,
    retry: RetryPolicy,
    budget: TpsBudget,
}

/// Why a call was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The target counts as broken.
    Broken { retry_after: Duration },
    /// So many calls to it are under way.
    Full { limit: usize },
}

/// A call that may be sent. Tell it how the call ended; one that is dropped untold counts as neither.
#[derive(Debug)]
pub(crate) struct Pass {
    shield: Arc<Shield>,
    admitted: Epoch,
    _place: OwnedSemaphorePermit,
}

impl Shields {
    pub(crate) fn new(settings: Resilience) -> Self {
        Self { settings, by_target: RwLock::default() }
    }

    pub(crate) fn settings(&self) -> &Resilience {
        &self.settings
    }

    /// Asks to send a call.
    pub(crate) fn admit(&self, target: &Target) -> Result<Pass, Stopped> {
        let shield = self.of(target);
        let limit = self.settings.max_in_flight;
        let place =
            Arc::clone(&shield.places).try_acquire_owned().map_err(|_full| Stopped::Full { limit })?;
        let admitted = match &shield.breaker {
            Some(breaker) => {
                let admitted = breaker.lock().unwrap_or_else(PoisonError::into_inner).admit(Instant::now());
                admitted.map_err(|refused| Stopped::Broken { retry_after: refused.retry_after })?
            }
            None => Epoch::default(),
        };
        shield.budget.deposit();
        Ok(Pass { shield, admitted, _place: place })
    }

    /// Whether the breaker of the target would let a call through now. It may think otherwise when the call comes.
    pub(crate) fn would_admit(&self, target: &Target) -> bool {
        let by_target = self.by_target.read().unwrap_or_else(PoisonError::into_inner);
        let breaker = by_target.get(target).and_then(|shield| shield.breaker.as_ref());
        breaker.is_none_or(|breaker| {
            breaker.lock().unwrap_or_else(PoisonError::into_inner).would_admit(Instant::now())
        })
    }

    fn of(&self, target: &Target) -> Arc<Shield> {
        let found = self.by_target.read().unwrap_or_else(PoisonError::into_inner).get(target).cloned();
        found.unwrap_or_else(|| {
            let mut by_target = self.by_target.write().unwrap_or_else(PoisonError::into_inner);
            if by_target.len() >= TARGETS {
                // Whoever is in use is kept by its calls.
                by_target.retain(|_, shield| Arc::strong_count(shield) > 1);
            }
            Arc::clone(
                by_target.entry(target.clone()).or_insert_with(|| Arc::new(Shield::new(&self.settings))),
            )
        })
    }
}

impl Shield {
    fn new(settings: &Resilience) -> Self {
        let budget = settings.budget;
        Self {
            places: Arc::new(Semaphore::new(settings.max_in_flight.clamp(1, Semaphore::MAX_PERMITS))),
            breaker: settings.breaker.map(|policy| Mutex::new(Breaker::new(policy, Instant::now()))),
            retry: settings.retry.clone(),
            // What the budget takes; beyond it, it panics.
            budget: TpsBudget::new(BUDGET_WINDOW, budget.per_second, budget.ratio.clamp(0.0, 1000.0)),
        }
    }
}

impl Pass {
    /// How the call has ended: whether its target did what it is there for.
    pub(crate) fn end(self, succeeded: bool) {
        if let Some(breaker) = &self.shield.breaker {
            breaker.lock().unwrap_or_else(PoisonError::into_inner).record(
                self.admitted,
                succeeded,
                Instant::now(),
            );
        }
    }

    /// Whether the call may be sent once more, after it was sent `sent` times; and after which pause.
    pub(crate) fn again(&self, sent: u32) -> Option<Duration> {
        let longest = self.shield.retry.delay_after(sent)?;
        self.may_repeat().then(|| rand::rng().random_range(Duration::ZERO..=longest))
    }

    /// Whether the budget has room for one more copy of the call.
    pub(crate) fn may_repeat(&self) -> bool {
        self.shield.budget.withdraw()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resilience::{BreakerPolicy, RetryBudget};

    fn target(name: &str) -> Target {
        Target::any(name).unwrap()
    }

    #[test]
    fn each_target_has_places_of_its_own() {
        let shields = Shields::new(Resilience { max_in_flight: 2, ..Resilience::default() });
        let held = [shields.admit(&target("a")).unwrap(), shields.admit(&target("a")).unwrap()];
        assert_eq!(shields.admit(&target("a")).unwrap_err(), Stopped::Full { limit: 2 });
        shields.admit(&target("b")).unwrap().end(true);
        drop(held);
        shields.admit(&target("a")).unwrap().end(true);
    }

    #[test]
    fn a_broken_target_is_left_alone_and_others_are_not() {
        let breaker = Some(BreakerPolicy { least_calls: 3, ..BreakerPolicy::default() });
        let shields = Shields::new(Resilience { breaker, ..Resilience::default() });
        for _ in 0..3 {
            shields.admit(&target("a")).unwrap().end(false);
        }
        assert!(matches!(shields.admit(&target("a")), Err(Stopped::Broken { .. })));
        assert!(!shields.would_admit(&target("a")) && shields.would_admit(&target("b")));
        assert!(shields.admit(&target("b")).is_ok());
    }

    #[test]
    fn repetitions_are_bounded_for_each_call_and_for_all_together() {
        let budget = RetryBudget { per_second: 1, ratio: 0.1 };
        let shields = Shields::new(Resilience { budget, ..Resilience::default() });
        let pass = shields.admit(&target("a")).unwrap();
        let pause = pass.again(1).unwrap();
        assert!(pause <= Duration::from_millis(10), "{pause:?}");
        assert!(pass.again(2).is_some_and(|pause| pause <= Duration::from_millis(20)));
        assert_eq!(pass.again(3), None, "three times is enough");
        let mut granted = 0;
        for _ in 0..1_000 {
            granted += u32::from(shields.admit(&target("b")).unwrap().again(1).is_some());
        }
        assert!((90..=120).contains(&granted), "a tenth of a thousand, and ten seconds of one: {granted}");
    }
}
