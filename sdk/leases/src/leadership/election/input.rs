//! The inputs of an election step.

use aegis_domain::wire::control::Owner;
use aegis_domain::{GroupName, InstanceName, SessionId};
use aegis_nats::bucket::CasError;

use crate::leadership::request::Refusal;
use crate::leadership::store::{Change, OwnerRecord, SessionRecord, StoreError, Versioned};

/// An operation that the election has begun and waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::leadership) struct OpId(pub(super) u64);

/// Somebody who waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::leadership) struct Ticket(pub(in crate::leadership) u64);

/// One thing that has happened.
#[derive(Debug)]
pub(in crate::leadership) enum Input {
    /// This member has another session than before, or none.
    Session(Option<SessionId>),
    /// A watch on the store begins: it says nothing of what ended before it.
    WatchBegan,
    /// The watch told of a change.
    Changed(Change),
    /// The watch told of an owner record that cannot be read, at this revision.
    Unreadable(GroupName, u64),
    /// Somebody asks for something.
    Asked(Ask),
    /// The store has answered.
    Replied(OpId, Reply),
    /// No new call is taken for a group and those that ran have ended, or the time for it is over; false when the group
    /// was not held.
    Drained(OpId, bool),
    /// A pause is over.
    Waited(OpId),
}

/// A request, as [`crate::leadership::Request`], with the ticket of its answer.
#[derive(Debug)]
pub(in crate::leadership) enum Ask {
    Resign { reason: String, done: Option<Ticket> },
    TakeGroups,
    StepDown { group: GroupName, to: Option<InstanceName>, reason: String, answer: Ticket },
    Activate { group: GroupName, answer: Ticket },
}

/// What the store answers to one call.
#[derive(Debug)]
pub(in crate::leadership) enum Reply {
    Session(Result<Versioned<SessionRecord>, StoreError>),
    SessionEnded(Result<(), CasError>),
    Owner(Result<Versioned<OwnerRecord>, StoreError>),
    OwnerWritten(Result<u64, CasError>),
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::leadership) enum Answer {
    Owned(Owner),
    Refused(Refusal),
    /// Refused, because this member does not own the group: with the owner, if one is known.
    NotOwner(GroupName),
    /// Nothing is held any more.
    Left,
}

impl From<Result<Owner, Refusal>> for Answer {
    fn from(result: Result<Owner, Refusal>) -> Self {
        result.map_or_else(Self::Refused, Self::Owned)
    }
}
