//! Sticky single-active leadership: at any time at most one instance of a service acts for a group.
//!
//! Invariants, each with the test that would catch its breach:
//!
//! 1. *Mutual exclusion*: an owner acts only while `now < send time of its last acknowledged renewal +
//!    lease - margin` on its own monotonic clock, and nobody fences a session before its revision has
//!    stood still for a whole lease since it was seen. A revision is seen after it was sent, so the
//!    owner has stopped by then.
//! 2. *Terms grow*: a claim is a compare-and-set on the owner key, with the term of the record before
//!    plus one.
//! 3. *A fenced session is dead for good*: fencing deletes the session key at the very revision that
//!    stood still; session ids are never used twice.
//! 4. *Nothing is decided from a cached read*: the watch only says when to look.

pub mod guard;
pub mod kv;
pub mod policy;
pub mod store;

mod audit;
mod elector;
mod keeper;
mod observer;
mod rank;

pub use guard::Guard;
pub use policy::Policy;

pub(crate) use audit::Audit;
pub(crate) use elector::{Elector, Resign};
pub(crate) use keeper::Keeper;
