//! Drives the session of this instance: keeps it alive on a lease store, and tells the guard.

use std::time::Instant;

use aegis_domain::{InstanceName, SessionId};
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::session::{Effect, GuardChange, Input, Session, StoreCall};
use super::store::LeaseStore;
use super::{Guard, Policy};
use aegis_nats::backoff::backoff;

pub struct Keeper<S> {
    pub store: S,
    pub me: InstanceName,
    pub policy: Policy,
    pub guard: Guard,
    /// The session of this process that ended with a panic: no handler acts under it any more.
    pub former: Option<SessionId>,
    /// Whether the instance serves. While it does not, it has no session.
    pub serving: watch::Receiver<bool>,
}

impl<S> std::fmt::Debug for Keeper<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper").field("me", &self.me).finish_non_exhaustive()
    }
}

impl<S: LeaseStore> Keeper<S> {
    /// Renews until stopped, then ends the session, so that other members need not wait until it expires.
    pub async fn run(self, stop: CancellationToken) {
        let mut session = Session::new(self.policy, self.former, *self.guard.eligible().borrow());
        let _stopped = stop.run_until_cancelled(self.keep(&mut session)).await;
        self.guard.revoke();
        if let Some(revision) = session.revision() {
            let ended = self.store.end_session(&self.me, revision).await;
            tracing::debug!(?ended, "session ended");
        }
    }

    async fn keep(&self, session: &mut Session) {
        let (mut eligible, mut serving) = (self.guard.eligible(), self.serving.clone());
        eligible.mark_changed();
        serving.mark_changed();
        let mut under_way: LocalBoxFuture<'_, Input> = std::future::pending().boxed_local();
        loop {
            let input = tokio::select! {
                biased;
                input = &mut under_way => {
                    under_way = std::future::pending().boxed_local();
                    input
                }
                // The guard keeps the other end.
                _ = eligible.changed() => Input::Eligible(*eligible.borrow_and_update()),
                // Whoever looks whether it serves has ended with it.
                Ok(()) = serving.changed() => Input::Serving(*serving.borrow_and_update()),
            };
            for effect in session.step(input, Instant::now(), SessionId::from_uuid(Uuid::new_v4())) {
                match effect {
                    Effect::Guard(change) => self.change_guard(change),
                    Effect::Call(call, None) => under_way = self.call(call),
                    Effect::Call(call, Some(patience)) => {
                        let call = tokio::time::timeout(patience, self.call(call));
                        under_way = call.map(|answer| answer.unwrap_or(Input::TimedOut)).boxed_local();
                    }
                    Effect::Retry { attempt, at_most } => {
                        under_way = waited(Instant::now() + backoff(attempt).min(at_most));
                    }
                    Effect::Until(until) => under_way = waited(until),
                }
            }
        }
    }

    fn change_guard(&self, change: GuardChange) {
        match change {
            GuardChange::Begin(session) => self.guard.begin(session),
            GuardChange::Revoke => self.guard.revoke(),
            GuardChange::Extend(until) => self.guard.extend(until),
            GuardChange::Renewed(lease) => self.guard.renewed(lease),
        }
    }

    fn call(&self, call: StoreCall) -> LocalBoxFuture<'_, Input> {
        async move {
            match call {
                StoreCall::Read => Input::Read(self.store.session(&self.me).await),
                StoreCall::Put(record, expected) => {
                    Input::Written(self.store.put_session(&self.me, &record, expected).await)
                }
                StoreCall::End(revision) => {
                    let ended = self.store.end_session(&self.me, revision).await;
                    tracing::debug!(instance = %self.me, ?ended, "session ended");
                    Input::Ended
                }
            }
        }
        .boxed_local()
    }
}

fn waited<'a>(until: Instant) -> LocalBoxFuture<'a, Input> {
    tokio::time::sleep_until(until.into()).map(|()| Input::Waited).boxed_local()
}
