//! Watches the other members, fences the silent ones and claims what they leave.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aegis_domain::aggregate::leadership::ElectionReason;
use aegis_domain::{GroupName, InstanceName, SessionId, Term};
use chrono::Utc;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::observer::{Candidate, Observer};
use super::store::{Change, Holder, LeaseStore, OwnerRecord, SessionRecord, StoreError, Versioned};
use super::{Audit, Guard, Policy};
use crate::nats::bucket::CasError;
use crate::nats::connection::backoff;

/// How many claims are under way at a time.
const CLAIMS: usize = 256;

/// How a claim ended.
enum Outcome {
    /// The group is ours.
    Won(Versioned<OwnerRecord>),
    /// The owner key is not as it was thought to be; it may even say that we own the group.
    Owned(Versioned<OwnerRecord>),
    /// The owner is alive.
    Alive(InstanceName, Versioned<SessionRecord>),
    /// The store did not answer.
    Unclear,
}

/// A request to give up everything, for this reason; answered when it is done.
#[derive(Debug)]
pub(crate) struct Resign {
    pub(crate) reason: String,
    pub(crate) done: oneshot::Sender<()>,
}

pub(crate) struct Elector<S> {
    pub(crate) store: S,
    pub(crate) me: InstanceName,
    pub(crate) policy: Policy,
    pub(crate) groups: Vec<GroupName>,
    pub(crate) guard: Guard,
    pub(crate) audit: Audit,
    /// The highest term that the log has for each group, read before the elector starts.
    pub(crate) logged: BTreeMap<GroupName, Term>,
}

impl<S: LeaseStore> Elector<S> {
    /// Takes part in elections until stopped or told to resign; it claims nothing after that.
    pub(crate) async fn run(self, mut resign: mpsc::Receiver<Resign>, stop: CancellationToken) {
        let mut observer = Observer::new(self.me.clone(), self.policy, &self.groups, Instant::now());
        let request = tokio::select! {
            () = stop.cancelled() => return,
            request = resign.recv() => request,
            () = self.elect(&mut observer) => None,
        };
        if let Some(request) = request {
            self.resign(&request.reason).await;
            // Whoever asked may have stopped waiting; the groups are given up all the same.
            let _ignored = request.done.send(());
        }
    }

    async fn elect(&self, observer: &mut Observer) {
        let mut attempt = 0;
        loop {
            attempt += 1;
            tokio::time::sleep(backoff(attempt)).await;
            let mut changes = match self.store.watch().await {
                Ok(changes) => Box::pin(changes),
                Err(error) => {
                    tracing::warn!(%error, "leases cannot be watched now; reading them directly");
                    self.act(observer).await;
                    continue;
                }
            };
            'watching: loop {
                let deadline =
                    observer.next_deadline().unwrap_or_else(|| Instant::now() + self.policy.lease());
                let mut heard = tokio::select! {
                    change = changes.next() => Some(change),
                    () = tokio::time::sleep_until(deadline.into()) => None,
                };
                // All that is there already, before anything is decided.
                while let Some(change) = heard {
                    match change {
                        Some(Ok(change)) => self.see(observer, change),
                        Some(Err(error)) => {
                            tracing::warn!(%error, "the watch on leases broke");
                            break 'watching;
                        }
                        None => break 'watching,
                    }
                    attempt = 0;
                    heard = changes.next().now_or_never();
                }
                self.act(observer).await;
            }
        }
    }

    fn see(&self, observer: &mut Observer, change: Change) {
        let now = Instant::now();
        match change {
            Change::Session(instance, found) => observer.see_session(&instance, &found, now),
            Change::Owner(group, found) => {
                self.note_owner(&group, &found);
                observer.see_owner(&group, found, now);
            }
        }
    }

    async fn act(&self, observer: &mut Observer) {
        for (instance, revision) in observer.silent(Instant::now()) {
            self.examine(observer, &instance, revision).await;
        }
        let due = observer.due(Instant::now());
        // One that is stopping takes nothing new: it could not serve it.
        let Some(session) = self.guard.session().filter(|_| !self.guard.is_draining()) else {
            for candidate in due {
                observer.hold_off(&candidate.group, Instant::now());
            }
            return;
        };
        let claims = due.into_iter().map(|candidate| self.claim(candidate, session));
        let mut claims = futures_util::stream::iter(claims).buffer_unordered(CLAIMS).ready_chunks(CLAIMS);
        while let Some(outcomes) = claims.next().await {
            self.conclude(observer, session, outcomes);
        }
    }

    fn conclude(&self, observer: &mut Observer, session: SessionId, outcomes: Vec<(Candidate, Outcome)>) {
        let now = Instant::now();
        let mut won = Vec::new();
        for (candidate, outcome) in outcomes {
            let group = &candidate.group;
            match outcome {
                Outcome::Won(found) => {
                    if let Some(record) = &found.record {
                        won.push((group.clone(), record.term));
                        self.record(group, record, Some(candidate.vacancy));
                    }
                    observer.see_owner(group, found, now);
                }
                Outcome::Owned(found) => {
                    self.note_owner(group, &found);
                    observer.see_owner(group, found, now);
                }
                Outcome::Alive(instance, found) => {
                    observer.see_session(&instance, &found, now);
                    observer.hold_off(group, now);
                }
                Outcome::Unclear => observer.hold_off(group, now),
            }
        }
        self.guard.grant(session, won);
    }

    /// A session looks silent: the watch may have stalled, so look at it directly, and fence it only if
    /// it really stands at the revision that has been still for a whole lease.
    async fn examine(&self, observer: &mut Observer, instance: &InstanceName, revision: u64) {
        match self.store.session(instance).await {
            Ok(found) if found.record.is_some() && found.revision == revision => {
                match self.store.end_session(instance, revision).await {
                    Ok(()) => tracing::info!(%instance, "fenced a silent session"),
                    Err(error) => tracing::debug!(%instance, %error, "a silent session was not fenced"),
                }
                match self.store.session(instance).await {
                    Ok(found) if found.record.is_none() || found.revision != revision => {
                        observer.see_session(instance, &found, Instant::now());
                    }
                    Ok(_) | Err(_) => observer.retry_session(instance, Instant::now()),
                }
            }
            Ok(found) => observer.see_session(instance, &found, Instant::now()),
            Err(error) => {
                tracing::warn!(%instance, %error, "a silent session cannot be examined");
                observer.retry_session(instance, Instant::now());
            }
        }
    }

    /// Claims a group, if it really is vacant.
    async fn claim(&self, candidate: Candidate, session: SessionId) -> (Candidate, Outcome) {
        let outcome = self.try_claim(&candidate, session).await.unwrap_or_else(|error| {
            tracing::warn!(group = %candidate.group, %error, "a group cannot be claimed now");
            Outcome::Unclear
        });
        (candidate, outcome)
    }

    async fn try_claim(&self, candidate: &Candidate, session: SessionId) -> Result<Outcome, StoreError> {
        let Candidate { group, before, proven, .. } = candidate;
        if let Some(holder) = before.record.as_ref().and_then(|record| record.holder.as_ref())
            && !proven
        {
            let found = self.store.session(&holder.instance).await?;
            if found.record.as_ref().is_some_and(|record| record.session == holder.session) {
                return Ok(Outcome::Alive(holder.instance.clone(), found));
            }
        }
        let record = self.successor(group, before.record.as_ref(), session);
        match self.store.put_owner(group, &record, before.revision).await {
            Ok(revision) => Ok(Outcome::Won(Versioned { revision, record: Some(record) })),
            Err(CasError::Conflict) => Ok(Outcome::Owned(self.store.owner(group).await?)),
            Err(error) => {
                tracing::warn!(%group, %error, "a claim has no certain outcome; looking again");
                // If it was applied after all, the key carries our session and `note_owner` adopts it.
                Ok(Outcome::Owned(self.store.owner(group).await?))
            }
        }
    }

    fn successor(&self, group: &GroupName, before: Option<&OwnerRecord>, session: SessionId) -> OwnerRecord {
        let logged = self.logged.get(group).copied().unwrap_or(Term::ZERO);
        let term = before.map_or(Term::ZERO, |record| record.term).max(logged).next();
        let reason = match before {
            None if logged == Term::ZERO => ElectionReason::First,
            Some(record) if record.holder.is_none() => ElectionReason::OwnerResigned,
            None | Some(_) => ElectionReason::OwnerLost,
        };
        let holder = Holder { instance: self.me.clone(), session };
        OwnerRecord::succeeded_by(before, term, holder, reason, Utc::now())
    }

    /// Says that a term of ours has begun.
    fn record(&self, group: &GroupName, record: &OwnerRecord, vacancy: Option<Duration>) {
        let Some(tenure) = record.tenure() else { return };
        tracing::info!(%group, term = %record.term, reason = record.reason.as_str(), "leads the group");
        let vacancy = vacancy.filter(|_| record.reason != ElectionReason::First);
        self.audit.elected(group, tenure, record.predecessors.clone(), vacancy);
    }

    /// Brings the guard in line with what the owner key says.
    fn note_owner(&self, group: &GroupName, found: &Versioned<OwnerRecord>) {
        let Some(record) = &found.record else { return };
        let Some(session) = self.guard.session() else { return };
        let mine = record.holder.as_ref().is_some_and(|holder| holder.session == session);
        match (mine, self.guard.held_term(group)) {
            (true, Some(term)) if term == record.term => {}
            // A claim of ours whose acknowledgement was lost, or has not been looked at yet.
            (true, _) => {
                self.guard.grant(session, [(group.clone(), record.term)]);
                self.record(group, record, None);
            }
            // The watch may still be telling of a record before ours.
            (false, Some(term)) if term < record.term => self.guard.release(group),
            (false, Some(term)) if term == record.term && record.holder.is_none() => {
                self.guard.release(group)
            }
            (false, _) => {}
        }
    }

    /// Gives up every group: the successor claims at once instead of waiting for a lease.
    async fn resign(&self, reason: &str) {
        let groups = self.guard.groups();
        let resignations = groups.into_iter().map(|(group, term)| self.resign_one(group, term, reason));
        futures_util::stream::iter(resignations).buffer_unordered(CLAIMS).for_each(std::future::ready).await;
    }

    async fn resign_one(&self, group: GroupName, term: Term, reason: &str) {
        self.guard.release(&group);
        let found = match self.store.owner(&group).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%group, %error, "a group was not given up; its lease runs out");
                return;
            }
        };
        let ours = found.record.filter(|record| record.term == term && record.holder.is_some());
        let Some(record) = ours else { return };
        match self.store.put_owner(&group, &record.vacated(), found.revision).await {
            Ok(_) => self.audit.resigned(&group, term, reason.to_owned()),
            Err(error) => tracing::warn!(%group, %error, "a group was not given up; its lease runs out"),
        }
    }
}
