//! Drives an election: carries its effects out on a lease store and a guard, and feeds the results back as inputs.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use aegis_domain::wire::subject::LeaseKey;
use aegis_domain::{GroupName, InstanceName, Term};
use chrono::Utc;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::election::{
    Answer, Ask, Effect, Election, GuardChange, Initial, Input, Now, OpId, Record, Reply, Settings,
    StoreCall, Ticket, Wait,
};
use super::request::{Refusal, Request};
use super::roster::Roster;
use super::store::{Change, LeaseStore, StoreError};
use super::{Audit, Guard, Policy};
use aegis_domain::SessionId;
use aegis_domain::wire::control::Owner;
use aegis_nats::backoff::backoff;

/// How long a watch may take to begin, or a lease if that is longer.
const WATCH_PATIENCE: Duration = Duration::from_secs(1);

/// What an elector is made of.
pub struct Elector<S> {
    pub store: S,
    pub me: InstanceName,
    pub policy: Policy,
    pub roster: Roster,
    /// The most groups that it takes part in.
    pub max_groups: usize,
    /// How long a hand-over waits for calls in flight.
    pub drain: Duration,
    pub guard: Guard,
    pub audit: Audit,
    /// The highest term known of each group: what the log has, read before the elector starts. No claim goes below it,
    /// whatever becomes of the key.
    pub known: BTreeMap<GroupName, Term>,
}

impl<S> std::fmt::Debug for Elector<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Elector").field("me", &self.me).finish_non_exhaustive()
    }
}

impl<S: LeaseStore> Elector<S> {
    /// Takes part in elections until stopped.
    pub async fn run(self, requests: &mut mpsc::Receiver<Request>, stop: CancellationToken) {
        let mut driver = Driver::new(&self);
        let _stopped = stop.run_until_cancelled(driver.take_part(requests)).await;
    }
}

/// An elector at work.
struct Driver<'a, S> {
    elector: &'a Elector<S>,
    election: Election,
    /// Store calls, pauses and drains under way.
    running: FuturesUnordered<LocalBoxFuture<'a, Input>>,
    waiting: HashMap<Ticket, Waiting>,
    last_ticket: u64,
    sessions: watch::Receiver<Option<SessionId>>,
}

/// Requests that wait for an answer. Their callers may have gone by then.
enum Waiting {
    Owner(oneshot::Sender<Result<Owner, Refusal>>),
    End(oneshot::Sender<()>),
}

impl<'a, S: LeaseStore> Driver<'a, S> {
    fn new(elector: &'a Elector<S>) -> Self {
        let Elector { me, policy, roster, max_groups, guard, .. } = elector;
        let mut sessions = guard.sessions();
        let session = *sessions.borrow_and_update();
        let settings =
            Settings { me: me.clone(), policy: *policy, roster: roster.clone(), max_groups: *max_groups };
        let initial = Initial {
            session,
            held: guard.groups(),
            eligible: *guard.eligible().borrow(),
            terms: elector.known.clone(),
        };
        Self {
            elector,
            election: Election::new(settings, initial, now()),
            running: FuturesUnordered::new(),
            waiting: HashMap::new(),
            last_ticket: 0,
            sessions,
        }
    }

    /// Takes part for ever.
    async fn take_part(&mut self, requests: &mut mpsc::Receiver<Request>) {
        let elector = self.elector;
        let mut attempt = 0;
        loop {
            attempt += 1;
            self.meanwhile(tokio::time::sleep(backoff(attempt)), requests).await;
            let patience = elector.policy.lease().max(WATCH_PATIENCE);
            let begun = tokio::time::timeout(patience, elector.store.watch());
            match self.meanwhile(begun, requests).await {
                // One that breaks at once is not begun again without a pause.
                Ok(Ok(changes)) => {
                    if self.watch(Box::pin(changes), requests).await {
                        attempt = 0;
                    }
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, "leases cannot be watched now; reading them directly");
                }
                Err(_elapsed) => tracing::warn!("leases cannot be watched now; reading them directly"),
            }
        }
    }

    /// Does everything that needs no watch until this has come to its end.
    async fn meanwhile<T>(
        &mut self,
        work: impl Future<Output = T>,
        requests: &mut mpsc::Receiver<Request>,
    ) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            let inputs = tokio::select! {
                biased;
                done = &mut work => return done,
                inputs = self.next_inputs(requests) => inputs,
            };
            self.step(inputs);
        }
    }

    /// Follows the changes until that breaks or stalls. True when it went well for a while.
    async fn watch(
        &mut self,
        mut changes: impl Stream<Item = Result<Change, StoreError>> + Unpin,
        requests: &mut mpsc::Receiver<Request>,
    ) -> bool {
        let lease = self.elector.policy.lease();
        let begun = Instant::now();
        self.step(vec![Input::WatchBegan]);
        let mut heard_at = begun;
        loop {
            let inputs = tokio::select! {
                biased;
                change = changes.next() => {
                    // All that is there already, before anything is decided.
                    let mut inputs = Vec::new();
                    let mut change = Some(change);
                    while let Some(next) = change {
                        match next {
                            Some(Ok(next)) => inputs.push(Input::Changed(next)),
                            // Nothing is decided on it; the others have nothing to do with it.
                            Some(Err(error @ StoreError::Corrupt { .. })) => inputs.extend(unreadable(&error)),
                            Some(Err(error @ StoreError::Unavailable(_))) => {
                                tracing::warn!(%error, "the watch on leases broke");
                                self.step(inputs);
                                return begun.elapsed() >= lease;
                            }
                            None => {
                                self.step(inputs);
                                return begun.elapsed() >= lease;
                            }
                        }
                        heard_at = Instant::now();
                        change = changes.next().now_or_never();
                    }
                    inputs
                }
                inputs = self.next_inputs(requests) => inputs,
                () = tokio::time::sleep_until((heard_at + lease).into()) => {
                    // This member's own renewals are among the changes: while they are acknowledged and
                    // none of them is heard, the watch has stalled.
                    let now = Instant::now();
                    if self.elector.guard.deadline() > now {
                        tracing::warn!("the watch on leases has fallen silent; beginning another");
                        return begun.elapsed() >= lease;
                    }
                    heard_at = now;
                    Vec::new()
                }
            };
            self.step(inputs);
        }
    }

    /// Waits for requests, for what is under way, or for the next deadline, and takes all that is there.
    ///
    /// # Cancel safety
    /// Cancel-safe: whatever is taken is answered.
    async fn next_inputs(&mut self, requests: &mut mpsc::Receiver<Request>) -> Vec<Input> {
        let deadline = self.election.next_step();
        let mut inputs = Vec::new();
        tokio::select! {
            biased;
            Some(request) = requests.recv() => {
                inputs.push(Input::Asked(self.ask(request)));
                while let Ok(request) = requests.try_recv() {
                    inputs.push(Input::Asked(self.ask(request)));
                }
            }
            Some(done) = self.running.next() => {
                // Claims that have ended are dealt with together: the guard is changed once for all of them.
                let mut done = Some(done);
                while let Some(next) = done {
                    inputs.push(next);
                    done = self.running.next().now_or_never().flatten();
                }
            }
            // The guard keeps the other end. What it says is looked at before the step.
            _ = self.sessions.changed() => {}
            () = tokio::time::sleep_until(deadline.into()) => {}
        }
        inputs
    }

    /// One step, and all that follows from it.
    fn step(&mut self, inputs: Vec<Input>) {
        let session = *self.sessions.borrow_and_update();
        let changed = (session != self.election.session()).then_some(Input::Session(session));
        for effect in self.election.step(changed.into_iter().chain(inputs), now()) {
            self.perform(effect);
        }
    }

    fn perform(&mut self, effect: Effect) {
        let audit = &self.elector.audit;
        match effect {
            Effect::Guard(change) => self.change_guard(change),
            Effect::Call(id, call) => self.running.push(self.call(id, call)),
            Effect::Wait(id, wait) => {
                let until = match wait {
                    Wait::Retry { attempt, at_most } => Instant::now() + backoff(attempt).min(at_most),
                    Wait::Until(until) => until,
                };
                let pause = tokio::time::sleep_until(until.into());
                self.running.push(pause.map(move |()| Input::Waited(id)).boxed_local());
            }
            Effect::Drain(id, group, term) => self.drain(id, group, term),
            Effect::Record(group, Record::Elected { tenure, predecessors, vacancy }) => {
                audit.elected(&group, tenure, predecessors, vacancy);
            }
            Effect::Record(group, Record::Resigned { term, reason }) => audit.resigned(&group, term, reason),
            Effect::HoldHistory(hold) => audit.hold_back(hold),
            Effect::Answer(ticket, answer) => self.answer(ticket, answer),
        }
    }

    fn change_guard(&self, change: GuardChange) {
        let Elector { guard, audit, .. } = self.elector;
        match change {
            GuardChange::Grant(session, groups) => guard.grant(session, groups, !audit.is_strict()),
            GuardChange::Release(group, term) => guard.release(&group, term),
            GuardChange::Stay(group, term) => guard.stay(&group, term),
            GuardChange::Hear(group, owner) => guard.hear(&group, owner),
            GuardChange::Eligible(eligible) => guard.set_eligible(eligible),
        }
    }

    fn call(&self, id: OpId, call: StoreCall) -> LocalBoxFuture<'a, Input> {
        let store = &self.elector.store;
        async move {
            let reply = match call {
                StoreCall::Session(instance) => Reply::Session(store.session(&instance).await),
                StoreCall::EndSession(instance, revision) => {
                    Reply::SessionEnded(store.end_session(&instance, revision).await)
                }
                StoreCall::Owner(group) => Reply::Owner(store.owner(&group).await),
                StoreCall::PutOwner(group, record, revision) => {
                    Reply::OwnerWritten(store.put_owner(&group, &record, revision).await)
                }
            };
            Input::Replied(id, reply)
        }
        .boxed_local()
    }

    /// Takes no new call for the group and waits until those that run have ended, for the drain time at
    /// most. What runs after that is left to the fencing token.
    fn drain(&self, id: OpId, group: GroupName, term: Term) {
        let Some(mut calls) = self.elector.guard.leave(&group, term) else {
            return self.running.push(std::future::ready(Input::Drained(id, false)).boxed_local());
        };
        let patience = self.elector.drain;
        let drained = async move {
            let ended = calls.wait_for(|calls| *calls == 0);
            if tokio::time::timeout(patience, ended).await.is_err() {
                tracing::warn!(%group, "a group is handed over although calls are in flight");
            }
            Input::Drained(id, true)
        };
        self.running.push(drained.boxed_local());
    }

    /// A request, with tickets for those who wait for the answer.
    fn ask(&mut self, request: Request) -> Ask {
        match request {
            Request::Resign { reason, done } => {
                Ask::Resign { reason, done: done.map(|done| self.ticket(Waiting::End(done))) }
            }
            Request::TakeGroups => Ask::TakeGroups,
            Request::StepDown { group, to, reason, answer } => {
                Ask::StepDown { group, to, reason, answer: self.ticket(Waiting::Owner(answer)) }
            }
            Request::Activate { group, answer } => {
                Ask::Activate { group, answer: self.ticket(Waiting::Owner(answer)) }
            }
        }
    }

    fn ticket(&mut self, waiting: Waiting) -> Ticket {
        self.last_ticket += 1;
        let ticket = Ticket(self.last_ticket);
        self.waiting.insert(ticket, waiting);
        ticket
    }

    fn answer(&mut self, ticket: Ticket, answer: Answer) {
        let result = match answer {
            Answer::Owned(owner) => Ok(owner),
            Answer::Refused(refusal) => Err(refusal),
            Answer::NotOwner(group) => Err(Refusal::NotOwner(self.elector.guard.owner_of(&group))),
            Answer::Left => {
                if let Some(Waiting::End(done)) = self.waiting.remove(&ticket) {
                    let _gone = done.send(());
                }
                return;
            }
        };
        if let Some(Waiting::Owner(waiting)) = self.waiting.remove(&ticket) {
            let _gone = waiting.send(result);
        }
    }
}

fn now() -> Now {
    Now { instant: Instant::now(), wall: Utc::now() }
}

/// A record that cannot be read: of an owner, its group is vacant; a session is left to its time to live.
fn unreadable(error: &StoreError) -> Option<Input> {
    tracing::error!(%error, "left out");
    let StoreError::Corrupt { key, revision, .. } = error else { return None };
    match LeaseKey::parse(key)? {
        LeaseKey::Owner(_, group) => Some(Input::Unreadable(group, *revision)),
        LeaseKey::Session(..) | LeaseKey::Pause(..) => None,
    }
}
