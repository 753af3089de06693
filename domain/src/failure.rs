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
    /// What is to come of the message. Calls are never tried again by the service.
    pub next: Next,
    /// Apart, since failures are carried where most calls do well.
    more: Option<Box<More>>,
}

/// What few failures have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct More {
    /// What programs are told.
    details: Option<Value>,
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
        Self { code: code.into(), message: message.into(), next: Next::Policy, more: None }
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
    pub fn because(mut self, error: &dyn std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            text = format!("{text}: {error}");
            source = error.source();
        }
        self.more.get_or_insert_default().internal = Some(text.into());
        self
    }

    /// What programs are told beside the code.
    #[must_use]
    pub fn details(&self) -> Option<&Value> {
        self.more.as_ref()?.details.as_ref()
    }

    /// The same failure, with this for the program of the caller. What cannot be written as JSON is left out.
    #[must_use]
    pub fn with_details(mut self, details: impl Serialize) -> Self {
        let details = serde_json::to_value(details).ok().filter(|details| !details.is_null());
        if details.is_some() || self.more.is_some() {
            self.more.get_or_insert_default().details = details;
        }
        self
    }

    /// The same failure for people alone.
    #[must_use]
    pub fn without_details(self) -> Self {
        self.with_details(())
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
    pub fn for_others(mut self, id: &str) -> (Self, Option<Box<str>>) {
        let internal = self.more.as_mut().and_then(|more| more.internal.take());
        let Some(internal) = internal else { return (self, None) };
        let message = match self.message == UNTOLD {
            true => format!("the handler failed; the log of the service says why, under {id}"),
            false => self.message,
        };
        (Self { message, ..self }, Some(internal))
    }
}
