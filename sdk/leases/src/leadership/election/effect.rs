//! The effects of an election step: what its driver has to do.

use std::time::{Duration, Instant};

use aegis_domain::aggregate::leadership::Tenure;
use aegis_domain::wire::control::Owner;
use aegis_domain::{GroupName, InstanceName, SessionId, Term};

use super::input::{Answer, OpId, Ticket};
use crate::leadership::store::OwnerRecord;

/// One thing to do. Those of one step are begun in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::leadership) enum Effect {
    /// Change the guard.
    Guard(GuardChange),
    /// Call the store, and say what it answered.
    Call(OpId, StoreCall),
    /// Say when the pause is over.
    Wait(OpId, Wait),
    /// Take no new call for the group, and say when those that run have ended, or the time for it is over.
    Drain(OpId, GroupName, Term),
    /// Write this to the history of terms.
    Record(GroupName, Record),
    /// The history of terms has to wait, or may go on: there is, or is not, more urgent work for the store.
    HoldHistory(bool),
    /// Answer the request with this ticket.
    Answer(Ticket, Answer),
}

/// A change of what this member may act for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::leadership) enum GuardChange {
    /// These groups are owned under this session, if it still is in force.
    Grant(SessionId, Vec<(GroupName, Term)>),
    /// The group is not owned under this term any more.
    Release(GroupName, Term),
    /// The group is served as before: its hand-over came to nothing.
    Stay(GroupName, Term),
    /// Another member owns the group, or no owner is known.
    Hear(GroupName, Option<Owner>),
    /// Whether this member takes groups.
    Eligible(bool),
}

/// A call of the lease store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::leadership) enum StoreCall {
    Session(InstanceName),
    EndSession(InstanceName, u64),
    Owner(GroupName),
    PutOwner(GroupName, Box<OwnerRecord>, u64),
}

/// How long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::leadership) enum Wait {
    /// Before this try: the pause between tries, and no more than the bound.
    Retry {
        attempt: usize,
        at_most: Duration,
    },
    Until(Instant),
}

/// An entry of the history of terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::leadership) enum Record {
    Elected { tenure: Tenure, predecessors: Vec<Tenure>, vacancy: Option<Duration> },
    Resigned { term: Term, reason: String },
}

/// The effects of a step: the guard is changed first, once for all groups that were won together.
#[derive(Debug, Default)]
pub(super) struct Effects {
    guard: Vec<GuardChange>,
    others: Vec<Effect>,
}

impl Effects {
    pub(super) fn guard(&mut self, change: GuardChange) {
        if let GuardChange::Grant(session, groups) = &change
            && let Some(GuardChange::Grant(last, before)) = self.guard.last_mut()
            && last == session
        {
            return before.extend(groups.iter().cloned());
        }
        self.guard.push(change);
    }

    pub(super) fn push(&mut self, effect: Effect) {
        self.others.push(effect);
    }

    pub(super) fn answer(&mut self, ticket: Ticket, answer: impl Into<Answer>) {
        self.push(Effect::Answer(ticket, answer.into()));
    }

    pub(super) fn take(&mut self) -> Vec<Effect> {
        let Self { guard, others } = std::mem::take(self);
        guard.into_iter().map(Effect::Guard).chain(others).collect()
    }
}
