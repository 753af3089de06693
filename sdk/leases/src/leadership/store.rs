//! The port to the store of sessions and ownerships.

use std::future::Future;

use aegis_domain::aggregate::leadership::{ElectionReason, Tenure};
use aegis_domain::{GroupName, InstanceName, SessionId, Term};
use chrono::{DateTime, Utc};
use futures_util::Stream;
use serde::{Deserialize, Serialize};

use super::lenient;
use aegis_nats::bucket::CasError;

/// The session of an instance: one renewal keeps every group it owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// Its id, never used twice.
    pub session: SessionId,
    /// How long it lives without a renewal, in milliseconds. No policy has another than 150 ms to 60 s, and none is read.
    #[serde(deserialize_with = "lenient::lease")]
    pub lease_ms: u64,
    /// Whether the instance takes groups: not while it drains, or calls itself unhealthy.
    /// Stored as `standing`.
    #[serde(rename = "standing", default = "eligible")]
    pub eligible: bool,
}

fn eligible() -> bool {
    true
}

/// Who owns a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerRecord {
    /// The term: the fencing token.
    pub term: Term,
    /// The owner; none after it gave the group up.
    pub holder: Option<Holder>,
    /// When the term began, by the owner's clock; for people only. 1970 when it cannot be read.
    #[serde(deserialize_with = "lenient::since")]
    pub since: DateTime<Utc>,
    /// Why it began. A reason that this program does not know counts as a loss.
    #[serde(deserialize_with = "lenient::reason")]
    pub reason: ElectionReason,
    /// Why the last owner that gave the group up did so: the one of this record when it has no holder,
    /// otherwise the one before, if that was how its term ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resignation: Option<String>,
    /// The terms before it, oldest first, so that a later writer of the log can close a gap that a crash
    /// between claim and append has left.
    /// Those that cannot be read are left out: the log says what it is sure of.
    #[serde(default, deserialize_with = "lenient::predecessors")]
    pub predecessors: Vec<Tenure>,
}

/// The owner of a group, and the session that it owns it under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The instance.
    pub instance: InstanceName,
    /// Its session. The ownership ends with it.
    pub session: SessionId,
}

impl OwnerRecord {
    /// The most predecessors that a record carries.
    pub const PREDECESSORS: usize = 4;

    /// This record as a line of history, if it has a holder.
    #[must_use]
    pub fn tenure(&self) -> Option<Tenure> {
        let holder = self.holder.clone()?;
        Some(Tenure {
            term: self.term,
            instance: holder.instance,
            session: holder.session,
            reason: self.reason.clone(),
            resignation: self.resignation.clone(),
        })
    }

    /// The record after its holder gave the group up and no member could take it.
    #[must_use]
    pub fn vacated(&self, why: &str) -> Self {
        let (predecessors, resignation) = (self.history(), Some(why.to_owned()));
        Self { holder: None, predecessors, resignation, ..self.clone() }
    }

    /// The record after its holder handed the group over.
    #[must_use]
    pub fn handed_over(&self, to: Holder, why: &str, since: DateTime<Utc>) -> Self {
        Self {
            term: self.term.next(),
            holder: Some(to),
            since,
            reason: ElectionReason::OwnerResigned,
            resignation: Some(why.to_owned()),
            predecessors: self.history(),
        }
    }

    /// The record of a claim to a vacant group. `known` is the highest term that is known of it
    /// otherwise, from the log above all.
    #[must_use]
    pub fn claimed(before: Option<&Self>, known: Term, holder: Holder, since: DateTime<Utc>) -> Self {
        let term = before.map_or(Term::ZERO, |record| record.term).max(known).next();
        let vacated = before.filter(|record| record.holder.is_none());
        let reason = match before {
            None if known == Term::ZERO => ElectionReason::First,
            Some(_) if vacated.is_some() => ElectionReason::OwnerResigned,
            None | Some(_) => ElectionReason::OwnerLost,
        };
        let resignation = vacated.and_then(|record| record.resignation.clone());
        let predecessors = before.map(Self::history).unwrap_or_default();
        Self { term, holder: Some(holder), since, reason, resignation, predecessors }
    }

    /// The last terms up to this one.
    fn history(&self) -> Vec<Tenure> {
        let mut history = self.predecessors.clone();
        history.extend(self.tenure());
        let excess = history.len().saturating_sub(Self::PREDECESSORS);
        history.drain(..excess);
        history
    }
}

/// While it is there, no other member takes over a group that its owner has lost. The server removes it
/// at its end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseRecord {
    /// How long it was to last when it was written, in milliseconds: for members that do not see its end.
    pub remaining_ms: u64,
    /// When it ends, by the server's clock; for people only.
    pub until: DateTime<Utc>,
    /// Why; for people only.
    pub reason: String,
}

/// The value of a key, and its revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The revision to expect in the next write.
    pub revision: u64,
    /// The record, if there is one.
    pub record: Option<T>,
}

/// A change that a watch has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Of a session.
    Session(InstanceName, Versioned<SessionRecord>),
    /// Of an owner.
    Owner(GroupName, Versioned<OwnerRecord>),
    /// Of a pause of automatic failover: of this group, or of all.
    Pause(Option<GroupName>, Versioned<PauseRecord>),
}

/// A read that failed. Reads are safe to repeat.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store does not answer.
    #[error("the lease store cannot be read now")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The record is not one of ours: nothing is decided on it. Look at the key and correct it; a claimer replaces that of
    /// an owner, and an instance that of its own session.
    #[error("the lease record under {key} cannot be read as one")]
    Corrupt {
        /// The key.
        key: String,
        /// The revision at which it stands.
        revision: u64,
        /// Why.
        source: serde_json::Error,
    },
}

/// The sessions and ownerships of one service. All writes are compare-and-set; all reads come from the
/// authority, never from a replica that may be behind.
pub trait LeaseStore: Clone + Send + Sync + 'static {
    /// Reads a session. A record that cannot be read counts as no session at its revision.
    fn session(
        &self,
        instance: &InstanceName,
    ) -> impl Future<Output = Result<Versioned<SessionRecord>, StoreError>> + Send;

    /// Creates or renews a session; answers its new revision.
    fn put_session(
        &self,
        instance: &InstanceName,
        record: &SessionRecord,
        expected: u64,
    ) -> impl Future<Output = Result<u64, CasError>> + Send;

    /// Ends a session for good, if it still is at this revision.
    fn end_session(
        &self,
        instance: &InstanceName,
        expected: u64,
    ) -> impl Future<Output = Result<(), CasError>> + Send;

    /// Reads an owner.
    fn owner(
        &self,
        group: &GroupName,
    ) -> impl Future<Output = Result<Versioned<OwnerRecord>, StoreError>> + Send;

    /// Writes an owner; answers its new revision.
    fn put_owner(
        &self,
        group: &GroupName,
        record: &OwnerRecord,
        expected: u64,
    ) -> impl Future<Output = Result<u64, CasError>> + Send;

    /// The whole content, then every change. It may fall silent: it only says when to look.
    fn watch(
        &self,
    ) -> impl Future<Output = Result<impl Stream<Item = Result<Change, StoreError>> + Send, StoreError>> + Send;
}
