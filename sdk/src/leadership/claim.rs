//! Fencing silent sessions, and claiming what they leave.

use aegis_domain::{GroupName, InstanceName, SessionId};
use chrono::Utc;

use super::Elector;
use super::observer::Candidate;
use super::store::{Holder, LeaseStore, OwnerRecord, SessionRecord, StoreError, Versioned};
use crate::nats::bucket::CasError;

/// How a claim ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The group is ours.
    Won(Versioned<OwnerRecord>),
    /// The owner key is not as it was thought to be; it may even say that we own the group.
    Owned(Versioned<OwnerRecord>),
    /// The owner is alive.
    Alive(InstanceName, Versioned<SessionRecord>),
    /// The store did not answer.
    Unclear,
}

impl<S: LeaseStore> Elector<S> {
    /// A session looks silent: the watch may have stalled, so look at it directly, and fence it only if
    /// it really stands at the revision that has been still for a whole lease. Answers what stands then.
    pub(super) async fn examine(
        &self,
        instance: &InstanceName,
        revision: u64,
    ) -> Option<Versioned<SessionRecord>> {
        let found = self.look(instance).await?;
        if found.record.is_none() || found.revision != revision {
            return Some(found);
        }
        match self.store.end_session(instance, revision).await {
            Ok(()) => tracing::info!(%instance, "fenced a silent session"),
            Err(error) => tracing::debug!(%instance, %error, "a silent session was not fenced"),
        }
        self.look(instance).await
    }

    /// The session of a member, from the authority.
    pub(super) async fn look(&self, instance: &InstanceName) -> Option<Versioned<SessionRecord>> {
        let found = self.store.session(instance).await;
        found.inspect_err(|error| tracing::warn!(%instance, %error, "a session cannot be looked at now")).ok()
    }

    /// Claims a group, if it really is vacant.
    pub(super) async fn claim(&self, candidate: &Candidate, session: SessionId) -> Outcome {
        let Candidate { group, before, proven, .. } = candidate;
        let me = Holder { instance: self.me.clone(), session };
        self.appoint(group, before.clone(), *proven, me).await.unwrap_or_else(|error| {
            tracing::warn!(%group, %error, "a group cannot be claimed now");
            Outcome::Unclear
        })
    }

    /// Makes this holder the owner of the group, if the record before it leaves it vacant: it has no
    /// holder, or one whose session has ended, which is `proven` or looked up.
    pub(super) async fn appoint(
        &self,
        group: &GroupName,
        before: Versioned<OwnerRecord>,
        proven: bool,
        holder: Holder,
    ) -> Result<Outcome, StoreError> {
        if let Some(last) = before.record.as_ref().and_then(|record| record.holder.as_ref())
            && !proven
        {
            let found = self.store.session(&last.instance).await?;
            if found.record.as_ref().is_some_and(|record| record.session == last.session) {
                return Ok(Outcome::Alive(last.instance.clone(), found));
            }
        }
        let record = OwnerRecord::claimed(before.record.as_ref(), self.highest(group), holder, Utc::now());
        match self.store.put_owner(group, &record, before.revision).await {
            Ok(revision) => Ok(Outcome::Won(Versioned { revision, record: Some(record) })),
            Err(CasError::Conflict) => Ok(Outcome::Owned(self.owner(group).await?)),
            Err(error) => {
                tracing::warn!(%group, %error, "a claim has no certain outcome; looking again");
                // If it was applied after all, whoever it names adopts it when it hears of it.
                Ok(Outcome::Owned(self.owner(group).await?))
            }
        }
    }
}
