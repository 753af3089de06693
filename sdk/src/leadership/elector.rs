//! Watches the other members, fences the silent ones and claims what they leave.

use std::time::{Duration, Instant};

use aegis_domain::aggregate::leadership::ElectionReason;
use aegis_domain::{GroupName, InstanceName, Term};
use chrono::Utc;
use futures_util::StreamExt as _;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::observer::Observer;
use super::store::{Change, Holder, LeaseStore, OwnerRecord, Versioned};
use super::{Audit, Guard, Policy};
use crate::nats::bucket::CasError;
use crate::nats::connection::backoff;

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
    pub(crate) logged: Vec<(GroupName, Term)>,
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
            for group in &self.groups {
                self.look_at_owner(observer, group).await;
            }
            let mut changes = match self.store.watch().await {
                Ok(changes) => Box::pin(changes),
                Err(error) => {
                    tracing::warn!(%error, "leases cannot be watched now; reading them directly");
                    self.act(observer).await;
                    continue;
                }
            };
            loop {
                let deadline =
                    observer.next_deadline().unwrap_or_else(|| Instant::now() + self.policy.lease());
                tokio::select! {
                    change = changes.next() => match change {
                        Some(Ok(change)) => { attempt = 0; self.see(observer, change) }
                        Some(Err(error)) => { tracing::warn!(%error, "the watch on leases broke"); break }
                        None => break,
                    },
                    () = tokio::time::sleep_until(deadline.into()) => {}
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
        for group in observer.due(Instant::now()) {
            self.claim(observer, &group).await;
        }
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
    async fn claim(&self, observer: &mut Observer, group: &GroupName) {
        let vacancy = observer.vacancy(group, Instant::now());
        let Some(session) = self.guard.session() else {
            return observer.hold_off(group, Instant::now());
        };
        let Some(before) = self.look_at_owner(observer, group).await else {
            return observer.hold_off(group, Instant::now());
        };
        if let Some(holder) = before.record.as_ref().and_then(|record| record.holder.as_ref()) {
            match self.store.session(&holder.instance).await {
                Ok(found) => {
                    let alive = found.record.as_ref().is_some_and(|record| record.session == holder.session);
                    observer.see_session(&holder.instance, &found, Instant::now());
                    if alive {
                        return observer.hold_off(group, Instant::now());
                    }
                }
                Err(error) => {
                    tracing::warn!(%group, %error, "the owner's session cannot be read");
                    return observer.hold_off(group, Instant::now());
                }
            }
        }
        let record = self.successor(group, before.record.as_ref(), session);
        match self.store.put_owner(group, &record, before.revision).await {
            Ok(revision) => {
                let found = Versioned { revision, record: Some(record.clone()) };
                observer.see_owner(group, found, Instant::now());
                self.won(group, &record, vacancy);
            }
            Err(CasError::Conflict) => {
                self.look_at_owner(observer, group).await;
            }
            Err(error) => {
                tracing::warn!(%group, %error, "a claim has no certain outcome; looking again");
                // If it was applied after all, the key carries our session and `note_owner` adopts it.
                self.look_at_owner(observer, group).await;
                observer.hold_off(group, Instant::now());
            }
        }
    }

    fn successor(
        &self,
        group: &GroupName,
        before: Option<&OwnerRecord>,
        session: aegis_domain::SessionId,
    ) -> OwnerRecord {
        let logged = self.logged.iter().find(|(name, _)| name == group).map_or(Term::ZERO, |(_, term)| *term);
        let term = before.map_or(Term::ZERO, |record| record.term).max(logged).next();
        let reason = match before {
            None if logged == Term::ZERO => ElectionReason::First,
            Some(record) if record.holder.is_none() => ElectionReason::OwnerResigned,
            None | Some(_) => ElectionReason::OwnerLost,
        };
        let holder = Holder { instance: self.me.clone(), session };
        OwnerRecord::succeeded_by(before, term, holder, reason, Utc::now())
    }

    fn won(&self, group: &GroupName, record: &OwnerRecord, vacancy: Option<Duration>) {
        let (Some(holder), Some(tenure)) = (&record.holder, record.tenure()) else { return };
        self.guard.grant(holder.session, group.clone(), record.term);
        tracing::info!(%group, term = %record.term, reason = record.reason.as_str(), "leads the group");
        let vacancy = vacancy.filter(|_| record.reason != ElectionReason::First);
        self.audit.elected(group, tenure, record.predecessors.clone(), vacancy);
    }

    async fn look_at_owner(
        &self,
        observer: &mut Observer,
        group: &GroupName,
    ) -> Option<Versioned<OwnerRecord>> {
        match self.store.owner(group).await {
            Ok(found) => {
                self.note_owner(group, &found);
                observer.see_owner(group, found.clone(), Instant::now());
                Some(found)
            }
            Err(error) => {
                tracing::warn!(%group, %error, "an owner cannot be read");
                None
            }
        }
    }

    /// Brings the guard in line with what the owner key says.
    fn note_owner(&self, group: &GroupName, found: &Versioned<OwnerRecord>) {
        let Some(record) = &found.record else { return };
        let session = self.guard.session();
        let mine = session.is_some() && record.holder.as_ref().map(|holder| holder.session) == session;
        let held = self.guard.groups().into_iter().find(|(name, _)| name == group).map(|(_, term)| term);
        match (mine, held) {
            (true, Some(term)) if term == record.term => {}
            // A claim of ours whose acknowledgement was lost.
            (true, _) => self.won(group, record, None),
            // The watch may still be telling of a record before ours.
            (false, Some(term)) if term < record.term || record.holder.is_none() => self.guard.release(group),
            (false, _) => {}
        }
    }

    /// Gives up every group: the successor claims at once instead of waiting for a lease.
    async fn resign(&self, reason: &str) {
        for (group, term) in self.guard.groups() {
            self.guard.release(&group);
            let found = match self.store.owner(&group).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::warn!(%group, %error, "a group was not given up; its lease runs out");
                    continue;
                }
            };
            let Some(record) = found.record.filter(|record| record.term == term && record.holder.is_some())
            else {
                continue;
            };
            let mut predecessors = record.predecessors.clone();
            predecessors.extend(record.tenure());
            let excess = predecessors.len().saturating_sub(OwnerRecord::PREDECESSORS);
            predecessors.drain(..excess);
            let vacant = OwnerRecord { holder: None, predecessors, ..record };
            match self.store.put_owner(&group, &vacant, found.revision).await {
                Ok(_) => self.audit.resigned(&group, term, reason.to_owned()),
                Err(error) => tracing::warn!(%group, %error, "a group was not given up; its lease runs out"),
            }
        }
    }
}
