//! The loop of an elector: hear, fence, claim, and bring the guard in line.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aegis_domain::aggregate::leadership::ElectionReason;
use aegis_domain::{GroupName, SessionId, Term};
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use tokio::sync::{Semaphore, mpsc};

use super::Elector;
use super::claim::Outcome;
use super::duty::{Done, Leaving};
use super::handover::{AT_ONCE, HandOver};
use super::observer::{Candidate, Observer};
use super::request::{Answer, Request, owner};
use super::store::{Change, LeaseStore, OwnerRecord, StoreError, Versioned};
use crate::nats::connection::backoff;

/// How many claims are under way at a time.
const CLAIMS: usize = 256;

/// An elector at work.
pub(super) struct Election<'a, S> {
    pub(super) elector: &'a Elector<S>,
    pub(super) observer: Observer,
    pub(super) tasks: FuturesUnordered<LocalBoxFuture<'a, Done>>,
    /// Bounds the hand-overs under way.
    pub(super) slots: Arc<Semaphore>,
    /// Members that start together find each other within a lease; groups are spread after that.
    pub(super) settled: Instant,
    /// Who waits for which group to be activated.
    pub(super) activating: BTreeMap<GroupName, Vec<Answer>>,
    /// How many hand-overs of a group are under way.
    pub(super) passing: BTreeMap<GroupName, usize>,
    pub(super) leaving: Option<Leaving>,
}

/// Why the watch has to be begun anew.
struct Stalled;

impl<'a, S: LeaseStore> Election<'a, S> {
    pub(super) fn new(elector: &'a Elector<S>) -> Self {
        let now = Instant::now();
        let (me, roster) = (elector.me.clone(), elector.roster.clone());
        Self {
            elector,
            observer: Observer::new(me, elector.policy, roster, now),
            tasks: FuturesUnordered::new(),
            slots: Arc::new(Semaphore::new(AT_ONCE)),
            settled: now + elector.policy.lease(),
            activating: BTreeMap::new(),
            passing: BTreeMap::new(),
            leaving: None,
        }
    }

    /// Takes part for ever.
    pub(super) async fn hold(&mut self, requests: &mut mpsc::Receiver<Request>) {
        let mut attempt = 0;
        loop {
            attempt += 1;
            // Requests are answered while the watch is away, too.
            let retry = Instant::now() + backoff(attempt);
            let nothing = futures_util::stream::pending();
            let _until = self.watch(nothing, requests, Some(retry)).await;
            let watched = tokio::time::timeout(self.elector.policy.lease(), self.elector.store.watch()).await;
            match watched {
                Ok(Ok(changes)) => {
                    let heard = self.watch(Box::pin(changes), requests, None).await;
                    attempt = if heard.is_ok() { 0 } else { attempt };
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, "leases cannot be watched now; reading them directly");
                    self.act().await;
                }
                Err(_elapsed) => {
                    tracing::warn!("leases cannot be watched now; reading them directly");
                    self.act().await;
                }
            }
        }
    }

    /// Follows the changes until that breaks, stalls, or until then. `Ok` when anything was heard.
    async fn watch(
        &mut self,
        mut changes: impl Stream<Item = Result<Change, StoreError>> + Unpin,
        requests: &mut mpsc::Receiver<Request>,
        until: Option<Instant>,
    ) -> Result<(), Stalled> {
        let lease = self.elector.policy.lease();
        let mut heard_at = Instant::now();
        let mut any = Err(Stalled);
        loop {
            let deadline = self.observer.next_deadline().unwrap_or_else(|| Instant::now() + lease);
            let deadline = until.map_or(deadline.min(heard_at + lease), |until| deadline.min(until));
            tokio::select! {
                biased;
                Some(request) = requests.recv() => self.take(request),
                Some(done) = self.tasks.next() => self.proceed(done),
                change = changes.next() => {
                    // All that is there already, before anything is decided.
                    let mut change = Some(change);
                    while let Some(next) = change {
                        match next {
                            Some(Ok(next)) => self.see(next),
                            Some(Err(error)) => {
                                tracing::warn!(%error, "the watch on leases broke");
                                return any;
                            }
                            None => return any,
                        }
                        (heard_at, any) = (Instant::now(), Ok(()));
                        change = changes.next().now_or_never();
                    }
                }
                () = tokio::time::sleep_until(deadline.into()) => {
                    let now = Instant::now();
                    if until.is_some_and(|until| now >= until) {
                        return any;
                    }
                    if now >= heard_at + lease {
                        // This member's own renewals are among the changes: while they are acknowledged and
                        // none of them is heard, the watch has stalled.
                        if until.is_none() && self.elector.guard.deadline() > now {
                            tracing::warn!("the watch on leases has fallen silent; beginning another");
                            return any;
                        }
                        heard_at = now;
                    }
                }
            }
            self.act().await;
        }
    }

    fn see(&mut self, change: Change) {
        let now = Instant::now();
        match change {
            Change::Session(instance, found) => self.observer.see_session(&instance, &found, now),
            Change::Owner(group, found) => self.see_owner(&group, found),
        }
    }

    pub(super) fn see_owner(&mut self, group: &GroupName, found: Versioned<OwnerRecord>) {
        self.note_owner(group, &found);
        self.observer.see_owner(group, found, Instant::now());
    }

    async fn act(&mut self) {
        let elector = self.elector;
        for (instance, revision) in self.observer.silent(Instant::now()) {
            elector.examine(&mut self.observer, &instance, revision).await;
        }
        let due = self.observer.due(Instant::now());
        if due.is_empty() {
            return;
        }
        let Some(session) = self.fit_session() else {
            for candidate in due {
                self.observer.hold_off(&candidate.group, Instant::now());
            }
            return;
        };
        elector.audit.hold_back(true);
        let claims = due.into_iter().map(|candidate| elector.claim(candidate, session));
        let mut claims = futures_util::stream::iter(claims).buffer_unordered(CLAIMS).ready_chunks(CLAIMS);
        while let Some(outcomes) = claims.next().await {
            self.conclude(session, outcomes);
        }
        elector.audit.hold_back(false);
    }

    /// The session that groups may be taken under. One that is leaving takes nothing new: it could not serve
    /// it. Nor does one whose session is over: the group would be vacant again at once, and be claimed again,
    /// term after term.
    pub(super) fn fit_session(&self) -> Option<SessionId> {
        let guard = &self.elector.guard;
        let standing = *guard.standing().borrow();
        guard.session().filter(|session| standing && !self.observer.is_over(*session))
    }

    fn conclude(&mut self, session: SessionId, outcomes: Vec<(Candidate, Outcome)>) {
        let now = Instant::now();
        let mut won = Vec::new();
        for (candidate, outcome) in outcomes {
            let group = &candidate.group;
            match outcome {
                Outcome::Won(found) => {
                    if let Some(record) = &found.record {
                        won.push((group.clone(), record.term, candidate.vacancy, record.clone()));
                    }
                    self.observer.see_owner(group, found, now);
                }
                Outcome::Owned(found) => self.see_owner(group, found),
                Outcome::Alive(instance, found) => {
                    self.observer.see_session(&instance, &found, now);
                    self.observer.hold_off(group, now);
                }
                Outcome::Unclear => self.observer.hold_off(group, now),
            }
        }
        self.own(session, won.iter().map(|(group, term, ..)| (group.clone(), *term)));
        for (group, _, vacancy, record) in won {
            self.record(&group, &record, Some(vacancy));
        }
    }

    /// These groups are ours.
    fn own(&mut self, session: SessionId, groups: impl IntoIterator<Item = (GroupName, Term)>) {
        let groups: Vec<_> = groups.into_iter().collect();
        let guard = &self.elector.guard;
        guard.grant(session, groups.iter().cloned(), !self.elector.audit.is_strict());
        for (group, _) in &groups {
            guard.hear(group, None);
        }
        if let Some(leaving) = &self.leaving {
            let reason = leaving.reason.clone();
            for (group, term) in groups {
                self.hand_over(HandOver::resignation(group, term, &reason));
            }
        }
    }

    /// Says that a term of ours has begun.
    fn record(&self, group: &GroupName, record: &OwnerRecord, vacancy: Option<Duration>) {
        let Some(tenure) = record.tenure() else { return };
        tracing::info!(%group, term = %record.term, reason = record.reason.as_str(), "leads the group");
        let vacancy = vacancy.filter(|_| record.reason != ElectionReason::First);
        self.elector.audit.elected(group, tenure, record.predecessors.clone(), vacancy);
    }

    /// Brings the guard in line with what the owner key says.
    fn note_owner(&mut self, group: &GroupName, found: &Versioned<OwnerRecord>) {
        let guard = &self.elector.guard;
        let Some(record) = &found.record else { return };
        let Some(session) = guard.session() else { return };
        let mine = record.holder.as_ref().is_some_and(|holder| holder.session == session);
        match (mine, guard.held_term(group)) {
            // Also while it is being handed over: a word of our own record is no leave to go on.
            (true, Some(term)) if term >= record.term => {}
            (true, _) if !self.observer.takes(group) => {
                let (elector, group, found) = (self.elector, group.clone(), found.clone());
                let disown = async move {
                    elector.disown(&group, found).await;
                    Done::Disowned
                };
                self.tasks.push(disown.boxed_local());
            }
            // The watch may still be telling of a record that we have handed over meanwhile.
            (true, _) if self.observer.owner(group).is_some_and(|known| found.revision < known.revision) => {}
            // Appointed by another member, or a claim of ours whose acknowledgement was lost.
            (true, _) => {
                self.own(session, [(group.clone(), record.term)]);
                self.record(group, record, None);
            }
            // The watch may still be telling of a record before ours.
            (false, Some(term)) if term < record.term => guard.release(group, term),
            (false, Some(term)) if term == record.term && record.holder.is_none() => {
                guard.release(group, term);
            }
            (false, Some(_)) => return,
            (false, None) => {}
        }
        if !mine {
            self.elector.guard.hear(group, owner(record));
        }
    }
}
