//! Requests to an elector.

use std::fmt;

use aegis_domain::wire::control::Owner;
use aegis_domain::{ErrorCode, GroupName, InstanceName};
use tokio::sync::oneshot;

/// The way an answer goes back.
pub(super) type Answer = oneshot::Sender<Result<Owner, Refusal>>;

/// A request. Its sender may have stopped waiting by the time of the answer.
#[derive(Debug)]
pub enum Request {
    /// Hand every group over, and each that is still given to this member.
    Resign {
        /// Why, for the record.
        reason: String,
        /// Told when no group is held any more, for an instance that stops; none when it may take groups again later.
        done: Option<oneshot::Sender<()>>,
    },
    /// Take groups again: the member becomes eligible.
    TakeGroups,
    /// Hand one group over.
    StepDown {
        /// The group.
        group: GroupName,
        /// To this member; to any when absent.
        to: Option<InstanceName>,
        /// Why, for the record.
        reason: String,
        /// Told who owns the group then.
        answer: Answer,
    },
    /// Give the group an owner if it has none.
    Activate {
        /// The group.
        group: GroupName,
        /// Told who does.
        answer: Answer,
    },
}

/// Why a request was refused; nothing was changed, unless it says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// This instance does not own the group; this one does, as far as it knows.
    NotOwner(Option<Owner>),
    /// The named member, or any, cannot take the group.
    NoMember(Option<InstanceName>),
    /// The service does not take the group.
    NotServed,
    /// There are as many groups as the service takes.
    TooMany,
    /// The lease store does not answer.
    Unavailable,
    /// The session was lost, or the instance ended, in the middle of it: it may or may not have been done.
    Unclear,
}

impl Refusal {
    /// Its stable code.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotOwner(_) => ErrorCode::NotActive,
            Self::NoMember(_) => ErrorCode::MemberNotFound,
            Self::NotServed => ErrorCode::GroupNotServed,
            Self::TooMany => ErrorCode::Overloaded,
            Self::Unavailable => ErrorCode::Unavailable,
            Self::Unclear => ErrorCode::OutcomeUnknown,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOwner(Some(Owner { instance, term })) => {
                write!(f, "this instance does not own the group: {instance} does, in term {term}")
            }
            Self::NotOwner(None) => f.write_str("this instance does not own the group"),
            Self::NoMember(Some(member)) => {
                write!(f, "{member} cannot take the group: it does not run, or does not take groups now")
            }
            Self::NoMember(None) => f.write_str("no other member is there to take the group"),
            Self::NotServed => f.write_str("the service does not take this group"),
            Self::TooMany => f.write_str("the service has as many groups as it takes: raise max_groups"),
            Self::Unavailable => f.write_str("the lease store does not answer now"),
            Self::Unclear => {
                f.write_str("the instance was lost in the middle of it: look who owns the group")
            }
        }
    }
}

/// Who owns a group by this record, if anybody does.
pub(super) fn owner(record: &super::store::OwnerRecord) -> Option<Owner> {
    let holder = record.holder.as_ref()?;
    Some(Owner { instance: holder.instance.clone(), term: record.term })
}
