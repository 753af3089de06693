//! What a service keeps of a group in memory while it owns it: loaded before the first call, let go of when the group passes on.
//!
//! # What holds
//!
//! - No exclusive call of a group is begun before its `on_acquired` has ended well in this term, nor after its `on_released` has begun.
//! - Of one group, hooks run one after the other, in the order of the terms.
//! - A group that is given up stays with this instance until `on_released` has ended, for as long as a hand-over waits for calls.

mod hooks;
mod keep;
mod manager;

pub use hooks::{GroupHook, Owned, Released};
pub(in crate::service) use hooks::{GroupHooks, erased};
pub(in crate::service) use manager::Manager;
