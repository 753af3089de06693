//! Sticky single-active leadership: at any time at most one instance of a service acts for a group.
//!
//! Invariants, each with the test that would catch its breach:
//!
//! 1. *Mutual exclusion*: an owner acts only while `now < send time of its last acknowledged renewal +
//!    lease - margin` on its own monotonic clock, and no member fences a session before its revision has
//!    stood still for a whole lease since it was seen. A revision is seen after it was sent, so the
//!    owner has stopped by then. (`observer`: a session is silent only after a whole lease; `guard`:
//!    nothing is admitted after the deadline; `tests/suite/service.rs`: an owner that is cut off.)
//! 2. *Terms grow*: a claim is a compare-and-set on the owner key, with the term of the record before
//!    plus one. (The trading example's `tests/suite/failover.rs`, over kill, stop and suspension.)
//! 3. *A fenced session is dead for good*: fencing deletes the session key at the very revision that
//!    stood still; session ids are never used twice. (`guard`: a lost session takes everything with it;
//!    `tests/suite/connect.rs`: a deletion at a revision that has moved on fails.)
//! 4. *Nothing is decided by a cached read alone*: a write expects the revision that it was decided on,
//!    and a session counts as dead only when its end was seen, which is for good, or read from the
//!    authority. (`observer`: a late word of a deletion; a holder that was never seen.)
//!
//! 5. *An owner that hands over stops first*: no call is admitted from before the successor is written until it is
//!    certain what became of that write. The owner serves its old term again only if nothing of it can
//!    still be under way. (`guard`: a leaving owner; the model's «resumes at once».)
//! 6. *A pause only holds back*: while automatic failover is paused, a member claims no group that another one has lost or
//!    left. A pause grants nothing, so whatever happens to its record, no two members own a group; and it ends by itself. (`pauses`,
//!    and the observer's tests of it; `tests/suite/pause.rs`.)
//! 7. *No term begins twice*: a member starts above the terms of the log, and only on a bucket that has not
//!    forgotten any. (`tests/suite/lease_bucket.rs`.)
//!
//! A model of these rules is explored state by state in `tests/model/`; see `docs/leadership-model.md`.
//!
//! What is outside of them: a host that is suspended as a whole stops the monotonic clock on Linux, so its
//! owner may act past its lease when it wakes up, until it hears from the store. There only the term
//! helps, checked by the sink that the owner writes to.

pub mod guard;
pub mod history;
pub mod kv;
pub mod memory;
pub mod overview;
pub mod pause;
pub mod policy;
mod session;
#[cfg(test)]
mod simulation;
pub mod store;

mod audit;
pub mod bucket;
mod election;
mod elector;
mod health;
mod keeper;
mod lenient;
mod request;
mod roster;

pub use audit::AuditMode;
pub use guard::Guard;
pub use policy::{InvalidLease, Policy};

pub use audit::Audit;
pub use elector::Elector;
pub use guard::{Permit, Tenure};
pub use keeper::Keeper;
pub use request::{Refusal, Request};
pub use roster::{Accept, Roster};
