//! What happens around the calls of a service: what it does at the turns of its life, how it is, and whether it may
//! start at all.

pub(super) mod admission;
pub(super) mod checks;
pub(super) mod closing;
pub(super) mod condition;
pub(super) mod hooks;
pub(super) mod illness;

pub use admission::NotAdmitted;
pub use hooks::{HookError, Stage, Turn};
