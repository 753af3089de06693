//! The gate of a group: its calls pass when its state is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aegis_domain::{ErrorCode, Failure, Term};
use tokio::sync::watch;

/// So many calls of a group wait for its state; more are refused, so that a group whose state takes long does not take the room of all
/// others.
const WAITING_MAX: usize = 64;

/// Where a group stands here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It is not owned, as far as its task has heard, or its state is being loaded.
    Closed,
    /// Its state is there, in this term.
    Open { term: Term, opened: u64, inside: usize, used: Instant },
    /// It is owned in this term, and its state was let go of because nobody called. Whether somebody has called since.
    Dormant { term: Term, wanted: bool },
    /// Its state could not be loaded in this term; it is tried again.
    Failed { term: Term },
    /// This term is over, and so are all before it.
    Over { term: Term },
}

#[derive(Debug)]
pub(in crate::service) struct Gate {
    phase: watch::Sender<Phase>,
    /// How often it was opened.
    opened: AtomicU64,
    waiting: AtomicUsize,
}

/// A call that has passed.
#[derive(Debug)]
pub(in crate::service) struct Inside {
    gate: Arc<Gate>,
    /// At which opening it passed.
    opened: u64,
}

/// A call that waits.
struct Waiting<'a>(&'a Gate);

impl Default for Gate {
    fn default() -> Self {
        Self {
            phase: watch::Sender::new(Phase::Closed),
            opened: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
        }
    }
}

/// Nothing was done: whoever owns the group now does it.
pub(in crate::service) fn passed_on() -> Failure {
    Failure::of(ErrorCode::NotActive, "the group passed on before its state was loaded here")
}

pub(super) fn too_many() -> Failure {
    let text = "too many calls are waiting for the state of the group: slow down and try again";
    Failure::of(ErrorCode::Overloaded, text)
}

impl Gate {
    /// Passes when the state of this term is there.
    pub(in crate::service) async fn enter(self: &Arc<Self>, term: Term) -> Result<Inside, Failure> {
        if let Some(inside) = self.try_enter(term) {
            return inside;
        }
        let Some(_waiting) = Waiting::at(self) else { return Err(too_many()) };
        let mut phases = self.phase.subscribe();
        loop {
            phases.mark_unchanged();
            if let Some(inside) = self.try_enter(term) {
                return inside;
            }
            // It lives as long as this call.
            if phases.changed().await.is_err() {
                return Err(passed_on());
            }
        }
    }

    /// None while it has to wait.
    pub(in crate::service) fn try_enter(self: &Arc<Self>, term: Term) -> Option<Result<Inside, Failure>> {
        let mut answer = None;
        self.phase.send_if_modified(|phase| match phase {
            Phase::Open { term: open, opened, inside, .. } if *open == term => {
                *inside += 1;
                answer = Some(Ok(*opened));
                false
            }
            Phase::Dormant { term: dormant, wanted } if *dormant == term => !std::mem::replace(wanted, true),
            Phase::Failed { term: failed } if *failed == term => {
                let text = "the state of the group cannot be loaded now: try again";
                answer = Some(Err(Failure::of(ErrorCode::Unavailable, text)));
                false
            }
            Phase::Open { term: other, .. }
            | Phase::Dormant { term: other, .. }
            | Phase::Failed { term: other }
                if *other > term =>
            {
                answer = Some(Err(passed_on()));
                false
            }
            Phase::Over { term: over } if *over >= term => {
                answer = Some(Err(passed_on()));
                false
            }
            // Its task has not heard of this term yet.
            Phase::Closed
            | Phase::Open { .. }
            | Phase::Dormant { .. }
            | Phase::Failed { .. }
            | Phase::Over { .. } => false,
        });
        answer.map(|entered| entered.map(|opened| Inside { gate: Arc::clone(self), opened }))
    }

    /// The state of this term is there.
    pub(in crate::service) fn open(&self, term: Term) {
        let opened = self.opened.fetch_add(1, Ordering::SeqCst);
        self.phase.send_replace(Phase::Open { term, opened, inside: 0, used: Instant::now() });
    }

    /// Calls wait again, for the state of this term or of a later one.
    pub(in crate::service) fn shut(&self) {
        self.phase.send_replace(Phase::Closed);
    }

    pub(in crate::service) fn failed(&self, term: Term) {
        self.phase.send_replace(Phase::Failed { term });
    }

    /// The term is over: its calls go elsewhere.
    pub(in crate::service) fn over(&self, term: Term) {
        self.phase.send_replace(Phase::Over { term });
    }

    /// The group is gone, whichever terms it had here.
    pub(in crate::service) fn close(&self) {
        self.over(Term(u64::MAX));
    }

    /// Waits until no call has used the group for so long, and shuts it.
    pub(in crate::service) async fn idle(&self, term: Term, after: Duration) {
        loop {
            let mut wait = after;
            let idle = self.phase.send_if_modified(|phase| {
                let Phase::Open { inside, used, .. } = phase else { return false };
                if *inside > 0 {
                    return false;
                }
                wait = after.saturating_sub(used.elapsed());
                if wait.is_zero() {
                    *phase = Phase::Dormant { term, wanted: false };
                }
                wait.is_zero()
            });
            if idle {
                return;
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Waits until somebody calls a group that is dormant.
    pub(in crate::service) async fn wanted(&self) {
        let mut phases = self.phase.subscribe();
        // It lives as long as whoever waits.
        drop(phases.wait_for(|phase| matches!(phase, Phase::Dormant { wanted: true, .. })).await);
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.gate.phase.send_if_modified(|phase| {
            // One that entered before the gate was shut and opened again is no call of now.
            if let Phase::Open { opened, inside, used, .. } = phase
                && *opened == self.opened
            {
                *inside -= 1;
                *used = Instant::now();
            }
            false
        });
    }
}

impl<'a> Waiting<'a> {
    fn at(gate: &'a Gate) -> Option<Self> {
        let before = gate.waiting.fetch_add(1, Ordering::SeqCst);
        let waiting = Self(gate);
        (before < WAITING_MAX).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn code(entered: Option<Result<Inside, Failure>>) -> Option<String> {
        entered.map(|entered| entered.err().map_or_else(|| "entered".to_owned(), |failure| failure.code))
    }

    #[tokio::test]
    async fn calls_of_a_term_pass_while_it_is_open_and_are_sent_on_once_it_is_over() {
        let gate = Arc::new(Gate::default());
        let mut waits = Box::pin(gate.enter(Term(3)));
        assert!(waits.as_mut().now_or_never().is_none());
        gate.open(Term(3));
        let inside = waits.await.unwrap();
        assert_eq!(code(gate.enter(Term(2)).now_or_never()).unwrap(), "NOT_ACTIVE", "an earlier term");
        assert!(gate.enter(Term(4)).now_or_never().is_none(), "a term that its task has not heard of");
        gate.over(Term(3));
        assert_eq!(code(gate.enter(Term(3)).now_or_never()).unwrap(), "NOT_ACTIVE");
        assert!(gate.enter(Term(4)).now_or_never().is_none());
        gate.failed(Term(4));
        assert_eq!(code(gate.enter(Term(4)).now_or_never()).unwrap(), "UNAVAILABLE");
        drop(inside);
        gate.close();
        assert_eq!(code(gate.enter(Term(9)).now_or_never()).unwrap(), "NOT_ACTIVE");
    }

    #[tokio::test]
    async fn a_group_that_is_used_is_not_idle_and_a_call_wakes_one_that_was() {
        let (gate, after) = (Arc::new(Gate::default()), Duration::from_millis(1));
        gate.open(Term(1));
        let inside = gate.enter(Term(1)).await.unwrap();
        let mut idle = Box::pin(gate.idle(Term(1), after));
        assert!(tokio::time::timeout(after * 20, idle.as_mut()).await.is_err());
        drop(inside);
        idle.await;
        assert!(gate.wanted().now_or_never().is_none());
        assert!(gate.enter(Term(1)).now_or_never().is_none());
        gate.wanted().now_or_never().expect("somebody has called");
    }

    #[tokio::test]
    async fn a_call_of_an_earlier_opening_leaves_the_calls_of_now_alone() {
        let (gate, after) = (Arc::new(Gate::default()), Duration::from_millis(1));
        gate.open(Term(3));
        let earlier = gate.enter(Term(3)).await.unwrap();
        gate.over(Term(3));
        gate.open(Term(4));
        let now = gate.enter(Term(4)).await.unwrap();
        drop(earlier);
        assert!(tokio::time::timeout(after * 20, gate.idle(Term(4), after)).await.is_err(), "it is in use");
        drop(now);
        gate.idle(Term(4), after).await;
    }

    #[tokio::test]
    async fn so_many_wait_and_no_more() {
        let gate = Arc::new(Gate::default());
        let mut waiting: Vec<_> = (0..WAITING_MAX).map(|_| Box::pin(gate.enter(Term(1)))).collect();
        assert!(waiting.iter_mut().all(|waits| waits.as_mut().now_or_never().is_none()));
        assert_eq!(code(gate.enter(Term(1)).now_or_never()).unwrap(), "OVERLOADED");
        drop(waiting.pop());
        assert!(gate.enter(Term(1)).now_or_never().is_none());
    }
}
