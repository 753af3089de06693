//! What handlers of calls, events and commands, and hooks, end with when they do not do what they were asked for.
//!
//! A handler returns `Result<_, Fault>`, or an error of its own that derives [`Fault`](macro@crate::Fault):
//!
//! ```
//! use aegis_sdk::{CallError, Fault, IntoFault};
//!
//! #[derive(Debug, thiserror::Error, Fault)]
//! enum Refused {
//!     /// Its callers are told this code, the text, and the fields as details.
//!     #[error("over the limit of {limit}")]
//!     #[fault(code = "LIMIT_EXCEEDED", details)]
//!     Limit { limit: u64 },
//!     /// The code and the text of the inner call travel on.
//!     #[error(transparent)]
//!     #[fault(nested)]
//!     Risk(#[from] CallError),
//!     /// `HANDLER_FAILED`; the text is for the log alone.
//!     #[error("the book cannot be written")]
//!     #[fault(internal)]
//!     Book(#[from] std::io::Error),
//! }
//!
//! let fault = Refused::Limit { limit: 5 }.into_fault();
//! assert_eq!((fault.code(), fault.message()), ("LIMIT_EXCEEDED", "over the limit of 5"));
//! assert_eq!(fault.details().unwrap()["limit"], 5);
//! ```

mod known;

use std::fmt;
use std::time::Duration;

use aegis_domain::{ErrorCode, Failure};
use serde::Serialize;
use serde_json::Value;

/// Why a handler did not do what it was asked for: a code, a text for its caller, and what is to come of the message.
///
/// Any error becomes one with `?`. Those of the SDK keep their codes, wherever they stand in the chain of sources:
/// [`CallError`](crate::CallError), [`FenceError`](crate::fencing::FenceError),
/// [`ExecuteError`](crate::journal::ExecuteError), [`EventError`](crate::EventError),
/// [`CommandError`](crate::CommandError). All others become `HANDLER_FAILED`: their text, which may name files, hosts and
/// queries, goes to the log of the service, and the caller gets the id under which it stands there.
///
/// # What becomes of it
/// The caller of a call gets code, text and details ([`CallError::Failed`](crate::CallError::Failed)). An event or a
/// command is tried again by its policy, unless the fault says otherwise, and becomes a dead letter at last.
///
/// ```
/// use aegis_sdk::Fault;
///
/// fn parse(amount: &str) -> Result<u64, Fault> {
///     let amount: u64 = amount.parse()?; // HANDLER_FAILED, without the text
///     match amount {
///         0 => Err(Fault::new("NOTHING_ORDERED", "order one share at least")),
///         amount => Ok(amount),
///     }
/// }
/// assert_eq!(parse("0").unwrap_err().code(), "NOTHING_ORDERED");
/// assert_eq!(parse("x").unwrap_err().code(), "HANDLER_FAILED");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Fault(Box<Failure>);

impl Fault {
    /// With a code of the service's own (`LIMIT_EXCEEDED`), and a text that callers may read.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::of_failure(Failure::new(code, message))
    }

    /// With a code of the catalogue.
    pub fn of(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::of_failure(Failure::of(code, message))
    }

    /// `HANDLER_FAILED` with the text of this error, for the caller to read: `.map_err(Fault::tell)?`. An error that
    /// is returned with `?` alone says nothing of itself.
    pub fn tell(error: impl fmt::Display) -> Self {
        Self::of(ErrorCode::HandlerFailed, error.to_string())
    }

    /// `HANDLER_FAILED` for good: the event or command becomes a dead letter, since another try would fail as well.
    pub fn never(reason: impl Into<String>) -> Self {
        Self::of(ErrorCode::HandlerFailed, reason).for_good()
    }

    /// `HANDLER_FAILED` for now: the event or command is tried again after this delay, as long as the policy has tries
    /// left.
    pub fn later(delay: Duration, reason: impl Into<String>) -> Self {
        Self::of(ErrorCode::HandlerFailed, reason).after(delay)
    }

    /// `HANDLER_FAILED`, with the text of this error and its sources for the log of the service alone: what `?` makes of it.
    pub fn internal(error: &dyn std::error::Error) -> Self {
        Self::of_failure(Failure::internal(error))
    }

    /// The same, without another try of the event or command.
    #[must_use]
    pub fn for_good(self) -> Self {
        Self::of_failure(self.0.for_good())
    }

    /// The same, with another try of the event or command after this delay, as long as the policy has tries left.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self::of_failure(self.0.after(delay))
    }

    /// The same, with this for the program of the caller, as JSON: 16 KiB at most, more is left out.
    #[must_use]
    pub fn with_details(self, details: impl Serialize) -> Self {
        Self::of_failure(self.0.with_details(details))
    }

    /// The same, with this error and its sources for the log of the service.
    #[must_use]
    pub fn because(self, error: &dyn std::error::Error) -> Self {
        Self::of_failure(self.0.because(error))
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// What callers are told.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What their programs are told.
    #[must_use]
    pub fn details(&self) -> Option<&Value> {
        self.0.details()
    }

    /// NOTE: no `From`: by the rules of coherence, [`Failure`] might be an error one day.
    pub(crate) fn of_failure(failure: Failure) -> Self {
        Self(Box::new(failure))
    }

    /// For whoever runs the service: with what callers are not told.
    pub(crate) fn for_operators(self) -> String {
        let (failure, internal) = self.0.for_others("");
        internal.map_or(failure.message, String::from)
    }
}

/// An error that a handler may return: [`Fault`] itself, what derives [`Fault`](macro@crate::Fault), and the errors of the
/// SDK.
///
/// In a function that returns `Result<_, Fault>`, say `.map_err(IntoFault::into_fault)?` of an error that derives it: by `?` alone it is
/// an error like any other, and its code stays behind.
#[diagnostic::on_unimplemented(
    message = "handlers do not return `{Self}` as their error",
    label = "this handler's error is `{Self}`",
    note = "return `aegis_sdk::Fault`, which any error becomes with `?`",
    note = "or derive `aegis_sdk::Fault` for an error of your own, and give each variant a code"
)]
pub trait IntoFault: 'static {
    /// What the handler's caller gets.
    fn into_fault(self) -> Fault;
}

impl IntoFault for Fault {
    fn into_fault(self) -> Self {
        self
    }
}

impl<E: std::error::Error + 'static> From<E> for Fault {
    fn from(error: E) -> Self {
        known::of(&error).unwrap_or_else(|| Self::internal(&error))
    }
}

/// For `main` and tests, whose error is any. Its text is the code and the message.
impl From<Fault> for Box<dyn std::error::Error + Send + Sync> {
    fn from(fault: Fault) -> Self {
        fault.to_string().into()
    }
}

impl From<Fault> for Box<dyn std::error::Error> {
    fn from(fault: Fault) -> Self {
        fault.to_string().into()
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        *fault.0
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.message())
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a handler's error is to those who answer for it.
pub(crate) fn failure(error: impl IntoFault) -> Failure {
    error.into_fault().into()
}

/// What the derive macro writes the fields of an error with.
#[doc(hidden)]
pub fn detail(field: &impl Serialize) -> Value {
    serde_json::to_value(field).unwrap_or_default()
}

#[doc(hidden)]
pub fn details<const N: usize>(fields: [(&str, Value); N]) -> Value {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
