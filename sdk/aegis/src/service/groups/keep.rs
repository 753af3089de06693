//! Keeps the state of one group: loads it, lets it go, in the order of the terms.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aegis_domain::{GroupName, Term};
use aegis_leases::leadership::{Guard, Permit, Request, Tenure};
use aegis_nats::supervise;
use futures_util::FutureExt as _;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use super::hooks::{GroupHooks, Hook, Owned, Released};
use crate::service::rpc::Handle;
use crate::service::rpc::gates::Gate;

/// So many states are loaded at once.
pub(super) const LOADS: usize = 64;
/// After so many failures in a row the group is offered to another instance, and again after as many more.
const OFFER_AFTER: usize = 3;
/// How long the state of one group may take.
const LOAD_MAX: Duration = Duration::from_secs(60);
/// The first pause after a failed load; it doubles up to the longest.
const PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// What the tasks of all groups share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) hooks: GroupHooks,
    pub(super) guard: Guard,
    pub(super) handle: Arc<Handle>,
    pub(super) requests: mpsc::Sender<Request>,
    /// How long a hook may take that lets a state go.
    pub(super) drain: Duration,
    pub(super) loads: Semaphore,
    /// As many states of lost groups are let go of at once; those that are given up are waited for, and do not wait for others.
    pub(super) losses: Semaphore,
    /// When a group was last offered to another instance.
    pub(super) offered: Mutex<Option<Instant>>,
}

/// One group.
pub(super) struct Keep {
    pub(super) shared: Arc<Shared>,
    pub(super) group: GroupName,
    pub(super) gate: Arc<Gate>,
    pub(super) held: watch::Receiver<Option<Tenure>>,
}

impl Keep {
    /// Until the group is not held any more, and its state is let go of.
    pub(super) async fn run(mut self) {
        loop {
            let Some(held) = *self.held.borrow_and_update() else { return };
            if held.leaving {
                // Calls that wait for its state are told that it passes on, and hold nobody up.
                self.gate.over(held.term);
                self.changed().await;
                continue;
            }
            let Some(permit) = self.permit(held).await else { continue };
            self.gate.shut();
            if !self.load(held).await {
                self.gate.over(held.term);
                continue;
            }
            self.gate.open(held.term);
            self.keep(held, permit).await;
        }
    }

    /// Leave to act for the group, which keeps it here while its state is let go of. None when it is held otherwise by now.
    async fn permit(&mut self, held: Tenure) -> Option<Permit> {
        let mut changes = self.shared.guard.changes();
        loop {
            changes.mark_unchanged();
            if let Some(permit) = self.shared.guard.enter(&self.group) {
                if permit.term() == held.term {
                    return Some(permit);
                }
                // What the guard has said since is on its way to this task.
                drop(permit);
                self.changed().await;
                return None;
            }
            tokio::select! {
                () = self.changed() => return None,
                _ = changes.changed() => {}
            }
        }
    }

    /// Whether the state is there. It is tried until then, or until the group is held otherwise.
    async fn load(&mut self, held: Tenure) -> bool {
        let (shared, owned, gate) =
            (Arc::clone(&self.shared), self.owned(held.term, None), Arc::clone(&self.gate));
        let loading = async {
            let (mut failures, mut pause) = (0, PAUSE);
            loop {
                let loaded = {
                    let _one_of_so_many = shared.loads.acquire().await;
                    let loading =
                        tokio::time::timeout(LOAD_MAX, load_all(&shared.hooks.acquired, &owned)).await;
                    loading.unwrap_or_else(|_elapsed| Err(format!("it took longer than {LOAD_MAX:?}")))
                };
                let Err(error) = loaded else { return };
                failures += 1;
                tracing::warn!(group = %owned.group, term = %owned.term, failures, %error, "the state of a group cannot be loaded");
                gate.failed(held.term);
                if failures % OFFER_AFTER == 0 {
                    offer(&shared, &owned.group).await;
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
                gate.shut();
            }
        };
        tokio::select! {
            () = loading => true,
            () = self.differs(held) => false,
        }
    }

    /// Until the state is let go of.
    async fn keep(&mut self, held: Tenure, permit: Permit) {
        let gate = Arc::clone(&self.gate);
        let after = self.shared.hooks.idle;
        loop {
            let idle = async {
                match after {
                    Some(after) => gate.idle(held.term, after).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.differs(held) => {}
                () = idle => {
                    self.release(held.term, Released::Idle).await;
                    // It is handed over without this task, which has nothing to let go of.
                    drop(permit);
                    return self.sleep(held).await;
                }
            }
            let leaving = Tenure { leaving: true, ..held };
            if *self.held.borrow() == Some(leaving) {
                // Calls that were admitted before go on; no others are.
                tokio::select! {
                    () = self.differs(leaving) => {}
                    () = permit.alone() => {
                        gate.shut();
                        return self.release(held.term, Released::GivenUp).await;
                    }
                }
            }
            // The group may stay after all.
            if *self.held.borrow() != Some(held) {
                gate.over(held.term);
                return self.release(held.term, Released::Lost).await;
            }
        }
    }

    /// Until the group is called, or held otherwise.
    async fn sleep(&mut self, held: Tenure) {
        let gate = Arc::clone(&self.gate);
        tokio::select! {
            () = self.differs(held) => gate.over(held.term),
            () = gate.wanted() => gate.shut(),
        }
    }

    async fn release(&self, term: Term, why: Released) {
        let owned = self.owned(term, Some(why));
        let _one_of_so_many = match why {
            Released::Lost => self.shared.losses.acquire().await.ok(),
            Released::GivenUp | Released::Idle => None,
        };
        let letting_go = let_go_of_all(&self.shared.hooks.released, &owned);
        let released = tokio::time::timeout(self.shared.drain, letting_go).await;
        let error = match released {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error,
            Err(_elapsed) => format!("it took longer than {:?}", self.shared.drain),
        };
        tracing::warn!(group = %self.group, %term, ?why, %error, "the state of a group was not let go of as it should");
    }

    fn owned(&self, term: Term, released: Option<Released>) -> Owned {
        Owned { group: self.group.clone(), term, released, handle: Arc::clone(&self.shared.handle) }
    }

    async fn changed(&mut self) {
        if self.held.changed().await.is_err() {
            // Whoever tells has ended, and so does this task.
            std::future::pending::<()>().await;
        }
    }

    /// Waits until the group is held otherwise.
    async fn differs(&mut self, held: Tenure) {
        if self.held.wait_for(|now| *now != Some(held)).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// One after the other, as far as they end well.
async fn load_all(hooks: &[Hook], owned: &Owned) -> Result<(), String> {
    for hook in hooks {
        run(hook, owned).await?;
    }
    Ok(())
}

/// All of them, whatever becomes of the others.
async fn let_go_of_all(hooks: &[Hook], owned: &Owned) -> Result<(), String> {
    let mut errors = Vec::new();
    for hook in hooks {
        errors.extend(run(hook, owned).await.err());
    }
    if errors.is_empty() { Ok(()) } else { Err(errors.join("; ")) }
}

async fn run(hook: &Hook, owned: &Owned) -> Result<(), String> {
    let work = AssertUnwindSafe(async { hook(owned.clone()).await }).catch_unwind();
    work.await.unwrap_or_else(|panic| {
        supervise::note("a hook of a group", &*panic);
        Err("it panicked".to_owned())
    })
}

/// Another instance may be able to load what this one is not. Where none is, groups do not go round: one is offered at a time, and the next a
/// while later.
async fn offer(shared: &Shared, group: &GroupName) {
    {
        let mut offered = shared.offered.lock().unwrap_or_else(PoisonError::into_inner);
        if offered.is_some_and(|at| at.elapsed() < PAUSE_MAX) {
            return;
        }
        *offered = Some(Instant::now());
    }
    let (answer, answered) = oneshot::channel();
    let reason = "the state of the group cannot be loaded here".to_owned();
    let request = Request::StepDown { group: group.clone(), to: None, reason, answer };
    if shared.requests.send(request).await.is_ok()
        && let Ok(Err(refusal)) = answered.await
    {
        tracing::warn!(%group, %refusal, "the group stays here: its state is tried again");
    }
}
