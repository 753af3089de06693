//! The loop of an elector: hear, fence, claim, and bring the guard in line.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aegis_domain::aggregate::leadership::ElectionReason;
use aegis_domain::wire::subject::LeaseKey;
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
/// How long a watch may take to begin, or a lease if that is longer.
const WATCH_PATIENCE: Duration = Duration::from_secs(1);

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
    /// Those of them that nobody ever owned: they count from now on.
    pub(super) coming: BTreeSet<GroupName>,
    /// How many hand-overs of a group are under way.
    pub(super) passing: BTreeMap<GroupName, usize>,
    pub(super) leaving: Option<Leaving>,
}

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
            coming: BTreeSet::new(),
            passing: BTreeMap::new(),
            leaving: None,
        }
    }

    /// Takes part for ever.
    pub(super) async fn hold(&mut self, requests: &mut mpsc::Receiver<Request>) {
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
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = self.stir(requests) => {}
            }
            self.act().await;
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
        let mut heard_at = begun;
        loop {
            tokio::select! {
                biased;
                change = changes.next() => {
                    // All that is there already, before anything is decided.
                    let mut change = Some(change);
                    while let Some(next) = change {
                        match next {
                            Some(Ok(next)) => self.see(next),
                            // Nothing is decided on it; the others have nothing to do with it.
                            Some(Err(error @ StoreError::Corrupt { .. })) => self.see_unreadable(&error),
                            Some(Err(error @ StoreError::Unavailable(_))) => {
                                tracing::warn!(%error, "the watch on leases broke");
                                return begun.elapsed() >= lease;
                            }
                            None => return begun.elapsed() >= lease,
                        }
                        heard_at = Instant::now();
                        change = changes.next().now_or_never();
                    }
                }
                () = self.stir(requests) => {}
                () = tokio::time::sleep_until((heard_at + lease).into()) => {
                    // This member's own renewals are among the changes: while they are acknowledged and
                    // none of them is heard, the watch has stalled.
                    let now = Instant::now();
                    if self.elector.guard.deadline() > now {
                        tracing::warn!("the watch on leases has fallen silent; beginning another");
                        return begun.elapsed() >= lease;
                    }
                    heard_at = now;
                }
            }
            self.act().await;
        }
    }

    /// Waits for requests, for tasks that end, or for the next deadline, and takes all that is there: what
    /// follows from it is looked for once.
    ///
    /// # Cancel safety
    /// Cancel-safe: whatever is taken is dealt with.
    async fn stir(&mut self, requests: &mut mpsc::Receiver<Request>) {
        let lease = self.elector.policy.lease();
        let claims = self.candidacy().is_some();
        let deadline = self.observer.next_deadline(claims).unwrap_or_else(|| Instant::now() + lease);
        tokio::select! {
            biased;
            Some(request) = requests.recv() => {
                self.take(request);
                while let Ok(request) = requests.try_recv() {
                    self.take(request);
                }
            }
            Some(done) = self.tasks.next() => {
                self.proceed(done);
                while let Some(Some(done)) = self.tasks.next().now_or_never() {
                    self.proceed(done);
                }
            }
            () = tokio::time::sleep_until(deadline.into()) => {}
        }
    }

    /// The session under which this member may claim groups now. One that is leaving takes nothing new: it
    /// could not serve it. Nor does one whose session is over: the group would be vacant again at once, and be
    /// claimed again, term after term.
    pub(super) fn candidacy(&self) -> Option<SessionId> {
        let guard = &self.elector.guard;
        let standing = *guard.standing().borrow();
        guard.session().filter(|session| standing && !self.observer.is_over(*session))
    }

    fn see(&mut self, change: Change) {
        let now = Instant::now();
        match change {
            Change::Session(instance, found) => self.observer.see_session(&instance, &found, now),
            Change::Owner(group, found) => self.see_owner(&group, found),
        }
    }

    /// A record that is none. A group whose owner cannot be told is vacant; a session is left to its time to live.
    fn see_unreadable(&mut self, error: &StoreError) {
        tracing::error!(%error, "left out");
        if let StoreError::Corrupt { key, revision, .. } = error
            && let Some(LeaseKey::Owner(_, group)) = LeaseKey::parse(key)
        {
            self.see_owner(&group, Versioned { revision: *revision, record: None });
        }
    }

    pub(super) fn see_owner(&mut self, group: &GroupName, found: Versioned<OwnerRecord>) {
        let found = self.elector.plausible(group, found);
        self.note_owner(group, &found);
        if found.record.is_some() {
            self.coming.remove(group);
        }
        self.observer.see_owner(group, found, Instant::now());
    }

    async fn act(&mut self) {
        let elector = self.elector;
        let silent = self.observer.silent(Instant::now());
        let examined = silent.iter().map(|(instance, revision)| elector.examine(instance, *revision));
        let found = futures_util::future::join_all(examined).await;
        for ((instance, _), found) in silent.iter().zip(found) {
            // Whatever was found: the next look at this very revision is a little later.
            self.observer.retry_session(instance, Instant::now());
            if let Some(found) = found {
                self.observer.see_session(instance, &found, Instant::now());
            }
        }
        let Some(session) = self.candidacy() else { return };
        let due = self.observer.due(Instant::now());
        if due.is_empty() {
            return;
        }
        elector.audit.hold_back(true);
        let claims = due.into_iter().map(|candidate| elector.claim(candidate, session));
        let mut claims = futures_util::stream::iter(claims).buffer_unordered(CLAIMS).ready_chunks(CLAIMS);
        while let Some(outcomes) = claims.next().await {
            self.conclude(session, outcomes);
        }
        elector.audit.hold_back(false);
    }

    fn conclude(&mut self, session: SessionId, outcomes: Vec<(Candidate, Outcome)>) {
        let now = Instant::now();
        let mut won = Vec::new();
        for (candidate, outcome) in outcomes {
            let group = &candidate.group;
            match outcome {
                Outcome::Won(found) => {
                    if let Some(record) = &found.record {
                        self.elector.learn(group, record.term);
                        won.push((group.clone(), record.term, candidate.vacancy, record.clone()));
                    }
                    self.observer.see_owner(group, found, now);
                }
                Outcome::Owned(found) => {
                    // Neither written nor written by another: it was refused, and would be again.
                    let refused = found.revision <= candidate.before.revision;
                    self.see_owner(group, found);
                    if refused {
                        self.observer.hold_off(group, now);
                    }
                }
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

    /// The owner key is gone, with or without a trace: somebody has removed it, and anybody may claim it now.
    fn note_loss(&self, group: &GroupName, revision: u64) {
        let known = self.observer.owner(group).map_or(0, |known| known.revision);
        if let Some(term) = self.elector.guard.held_term(group)
            && (revision == 0 || revision > known)
        {
            tracing::warn!(%group, %term, "the owner key was removed by somebody: letting go");
            self.elector.guard.release(group, term);
        }
    }

    /// Brings the guard in line with what the owner key says.
    fn note_owner(&mut self, group: &GroupName, found: &Versioned<OwnerRecord>) {
        let guard = &self.elector.guard;
        let Some(record) = &found.record else { return self.note_loss(group, found.revision) };
        self.elector.learn(group, record.term);
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
