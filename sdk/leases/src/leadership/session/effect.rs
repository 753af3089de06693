//! The effects of a session step: what its driver has to do.

use std::time::{Duration, Instant};

use aegis_domain::SessionId;

use crate::leadership::store::SessionRecord;

/// One thing to do. Calls and pauses take the place of the pause before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::leadership) enum Effect {
    /// Change the guard.
    Guard(GuardChange),
    /// Call the store, and say what it answered, or that it took longer than this.
    Call(StoreCall, Option<Duration>),
    /// Say when the pause before this try is over; it is no longer than the bound.
    Retry { attempt: usize, at_most: Duration },
    /// Say when it is so late.
    Until(Instant),
}

/// A change of what the member may act for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::leadership) enum GuardChange {
    /// A new session begins.
    Begin(SessionId),
    /// The session is lost.
    Revoke,
    /// The member may act until then.
    Extend(Instant),
    /// A renewal of this lease was acknowledged.
    Renewed(Duration),
}

/// A call of the lease store, for the session key of this member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::leadership) enum StoreCall {
    Read,
    Put(SessionRecord, u64),
    End(u64),
}
