//! The life of a service: hooks, health, and admission at the start.

pub(super) mod admission;
pub(super) mod checks;
pub(super) mod closing;
pub(super) mod condition;
pub(super) mod health_responder;
pub(super) mod hooks;

pub use admission::NotAdmitted;
pub use hooks::{HookContext, HookError, Stage};
