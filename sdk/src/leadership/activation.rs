//! Activation: a group that nobody owns gets an owner when it is first called.

use aegis_domain::wire::control::Owner;
use aegis_domain::{GroupName, InstanceName};

use super::Elector;
use super::claim::Outcome;
use super::request::{Refusal, owner};
use super::store::{Holder, LeaseStore, OwnerRecord, SessionRecord, StoreError, Versioned};

/// What an activation has found out.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) owner: Option<Versioned<OwnerRecord>>,
    pub(super) session: Option<(InstanceName, Versioned<SessionRecord>)>,
}

impl<S: LeaseStore> Elector<S> {
    /// Makes this holder the owner, unless somebody is who lives. Of many who try, one succeeds, and all
    /// answer the same owner.
    pub(super) async fn activate(
        &self,
        group: &GroupName,
        holder: Holder,
    ) -> (Found, Result<Owner, Refusal>) {
        let mut found = Found::default();
        let outcome = async {
            let before = self.owner(group).await?;
            found.owner = Some(before.clone());
            self.appoint(group, before, false, holder).await
        };
        let outcome: Result<Outcome, StoreError> = outcome.await;
        match outcome {
            Ok(Outcome::Won(now) | Outcome::Owned(now)) => found.owner = Some(now),
            Ok(Outcome::Alive(instance, session)) => found.session = Some((instance, session)),
            Ok(Outcome::Unclear) => {}
            Err(error) => {
                tracing::warn!(%group, %error, "a group cannot be activated now");
                return (found, Err(Refusal::Unavailable));
            }
        }
        let record = found.owner.as_ref().and_then(|found| found.record.as_ref());
        let answer = record.and_then(owner).ok_or(Refusal::Unavailable);
        (found, answer)
    }
}
