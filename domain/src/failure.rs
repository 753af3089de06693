//! Failures of handlers: what their callers are told, what the log is told, and whether a message is tried again.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::ErrorCode;

/// The most bytes of a text that a caller is told in a header.
pub const TEXT_MAX: usize = 1024;
/// The most bytes of a code that a caller is told in a header.
pub const CODE_MAX: usize = 128;

/// What is told of an error whose text is for the log alone.
const UNTOLD: &str = "the handler failed";

/// Why a handler did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// A stable code: one of [`ErrorCode`], or the service's own.
    pub code: String,
    /// What went wrong, for people. It leaves the process; in a header, as far as 1,024 bytes.
    pub message: String,
    /// The same for programs, if the handler says more than a code.
    pub details: Option<Box<Value>>,
    /// What is to come of the message. Calls are never tried again by the service.
    pub next: Next,
    /// What is logged here and told to nobody else.
    internal: Option<Box<str>>,
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
    /// A failure with a code of the service's own, tried again by the policy.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), details: None, next: Next::Policy, internal: None }
    }

    /// A failure with a code of the catalogue, tried again by the policy.
    pub fn of(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::new(code.as_str(), message)
    }

    /// `HANDLER_FAILED` of an error whose text, which may name files, hosts and queries, is for the log alone.
    #[must_use]
    pub fn internal(error: &dyn std::error::Error) -> Self {
        Self::of(ErrorCode::HandlerFailed, UNTOLD).because(error)
    }

    /// The same failure, whose cause the log names with all of its sources.
    #[must_use]
    pub fn because(self, error: &dyn std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            text = format!("{text}: {error}");
            source = error.source();
        }
        Self { internal: Some(text.into()), ..self }
    }

    /// The same failure, with this for the program of the caller. What cannot be written as JSON is left out.
    #[must_use]
    pub fn with_details(self, details: impl Serialize) -> Self {
        let details = serde_json::to_value(details).ok().filter(|details| !details.is_null());
        Self { details: details.map(Box::new), ..self }
    }

    /// The same failure, without another try.
    #[must_use]
    pub fn for_good(self) -> Self {
        Self { next: Next::Never, ..self }
    }

    /// The same failure, tried again after this delay, as long as the policy has tries left.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self { next: Next::After(delay), ..self }
    }

    /// As others get it, and what is for the log alone. Who is told no more than that the handler failed is told the id under which
    /// the log says why.
    #[must_use]
    pub fn for_others(self, id: &str) -> (Self, Option<Box<str>>) {
        let Some(internal) = self.internal else { return (self, None) };
        let message = match self.message == UNTOLD {
            true => format!("the handler failed; the log of the service says why, under {id}"),
            false => self.message,
        };
        (Self { message, internal: None, ..self }, Some(internal))
    }
}
