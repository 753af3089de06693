//! Failures of handlers of messages: the reason, and whether the message is retried.

use std::time::Duration;

use crate::{ErrorCode, Fault};

/// Why a message was not handled, and what is to come of it. Any error that a handler returns with `?` becomes
/// one that is tried again by the policy; its text goes to the log and nowhere else. [`Failure::tell`] tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The code and the text.
    pub fault: Fault,
    /// What is to come of the message.
    pub next: Next,
}

/// What is to come of a message that was not handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// What the policy says.
    Policy,
    /// Another try after this delay, as long as the policy has tries left.
    After(Duration),
    /// No other try: it becomes a dead letter.
    Never,
}

impl Failure {
    /// It is tried again after this delay, as long as the policy has tries left.
    #[must_use]
    pub fn later(delay: Duration, reason: impl Into<String>) -> Self {
        Self { next: Next::After(delay), ..Self::of(ErrorCode::HandlerFailed, reason) }
    }

    /// It becomes a dead letter: another try would fail as well.
    #[must_use]
    pub fn never(reason: impl Into<String>) -> Self {
        Self { next: Next::Never, ..Self::of(ErrorCode::HandlerFailed, reason) }
    }

    /// With the text of this error, for the reader of the dead letter and the caller that waits for the result: `.map_err(Failure::tell)?`.
    /// It is tried again by the policy.
    pub fn tell(error: impl std::fmt::Display) -> Self {
        Fault::tell(error).into()
    }

    /// As others get it, and what is for the log alone: see [`Fault::for_caller`].
    #[must_use]
    pub fn for_others(self, id: &str) -> (Self, Option<Box<str>>) {
        let (fault, internal) = self.fault.for_caller(id);
        (Self { fault, ..self }, internal)
    }

    /// The same failure, without another try.
    #[must_use]
    pub fn for_good(self) -> Self {
        Self { next: Next::Never, ..self }
    }

    /// A failure with a code of the catalogue, tried again by the policy.
    pub fn of(code: ErrorCode, reason: impl Into<String>) -> Self {
        Fault::of(code, reason).into()
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Fault::from(error).into()
    }
}

impl From<Fault> for Failure {
    /// Tried again by the policy, under the fault's own code.
    fn from(fault: Fault) -> Self {
        Self { fault, next: Next::Policy }
    }
}
