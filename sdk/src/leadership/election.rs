//! The loop of an elector: hear, fence, claim, and bring the guard in line.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
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
use super::duty::{Done, Leaving};
use super::handover::{AT_ONCE, HandOver};
use super::observer::Observer;
use super::request::{Answer, Request, owner};
use super::store::{Change, LeaseStore, OwnerRecord, StoreError, Versioned};
use crate::nats::connection::backoff;

/// The history of terms waits while a group is vacant, unless it has been so for longer: nobody may be able to take it.
const HISTORY_WAITS: Duration = Duration::from_secs(2);
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
    /// The groups of which a claim is under way, and those to be claimed next.
    pub(super) claiming: BTreeSet<GroupName>,
    pub(super) to_claim: VecDeque<GroupName>,
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
            claiming: BTreeSet::new(),
            to_claim: VecDeque::new(),
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
        self.observer.doubt_pauses(begun);
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
        // While claims are under way, what follows is looked at when one of them has ended.
        let claims = self.candidacy().is_some() && self.claiming.is_empty();
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
                // Claims that have ended are dealt with together: the guard is changed once for all of them.
                let mut claimed = Vec::new();
                let mut done = Some(done);
                while let Some(next) = done {
                    claimed.extend(self.proceed(next));
                    done = self.tasks.next().now_or_never().flatten();
                }
                self.conclude(claimed);
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
            Change::Pause(group, found) => self.observer.see_pause(group, &found, now),
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
        let claimed = self.claiming.contains(group) && self.is_mine(&found);
        // Of a claim under way it is dealt with when that ends: it knows how long the group was vacant.
        if !claimed {
            self.note_owner(group, &found);
        }
        if found.record.is_some() {
            self.coming.remove(group);
        }
        self.observer.see_owner(group, found, Instant::now());
    }

    /// Does what is to be done now. Owners for ten thousand groups come before their history, also where it is another
    /// member's turn to claim them: all write to one server.
    async fn act(&mut self) {
        self.fence().await;
        self.claim();
        let urgent =
            !self.claiming.is_empty() || self.observer.is_vacant_within(HISTORY_WAITS, Instant::now());
        self.elector.audit.hold_back(urgent);
    }

    async fn fence(&mut self) {
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
    }

    /// These groups are ours.
    pub(super) fn own(&mut self, session: SessionId, groups: impl IntoIterator<Item = (GroupName, Term)>) {
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
    pub(super) fn record(&self, group: &GroupName, record: &OwnerRecord, vacancy: Option<Duration>) {
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

    /// Whether the session of this member owns the group, by this record.
    fn is_mine(&self, found: &Versioned<OwnerRecord>) -> bool {
        let holder = found.record.as_ref().and_then(|record| record.holder.as_ref());
        holder.is_some_and(|holder| self.elector.guard.session() == Some(holder.session))
    }

    /// Brings the guard in line with what the owner key says.
    fn note_owner(&mut self, group: &GroupName, found: &Versioned<OwnerRecord>) {
        let guard = &self.elector.guard;
        let Some(record) = &found.record else { return self.note_loss(group, found.revision) };
        self.elector.learn(group, record.term);
        let Some(session) = guard.session() else { return };
        let mine = self.is_mine(found);
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
