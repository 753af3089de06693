//! Failed calls, as their callers get them.

use std::fmt;

use aegis_domain::ErrorCode;

/// The most bytes of a text, and of a code, that a caller is told in a header.
pub(crate) const TEXT_MAX: usize = 1024;
pub(crate) const CODE_MAX: usize = 128;

/// A failed call, as the caller gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// A stable code: one of [`ErrorCode`], or the service's own.
    pub code: String,
    /// What went wrong, for people. It leaves the process; in a header, as far as 1,024 bytes.
    pub message: String,
    /// What is logged here and told to nobody.
    internal: Option<Box<str>>,
}

impl Fault {
    /// A failure with a code of the service's own.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), internal: None }
    }

    /// `HANDLER_FAILED` with the text of this error, for the caller to read: `.map_err(Fault::tell)?`. An error that
    /// is returned with `?` alone says nothing of itself.
    pub fn tell(error: impl fmt::Display) -> Self {
        Self::of(ErrorCode::HandlerFailed, error.to_string())
    }

    pub(crate) fn of(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::new(code.as_str(), message)
    }

    /// As the caller gets it. What is internal goes to the log, where it is found by the id.
    pub(crate) fn for_caller(self, what: &str, request_id: &str) -> Self {
        let Some(internal) = self.internal else { return self };
        tracing::error!(what, request_id, error = %internal, "a handler failed");
        let message = format!("the handler failed; the log of the service says why, under {request_id}");
        Self { code: self.code, message, internal: None }
    }
}

/// Any error that a handler returns with `?` becomes `HANDLER_FAILED`. Its text, which may name files, hosts and
/// queries, goes to the log of the service; the caller gets the id under which it stands there.
impl<E: std::error::Error> From<E> for Fault {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            text = format!("{text}: {error}");
            source = error.source();
        }
        Self { internal: Some(text.into()), ..Self::of(ErrorCode::HandlerFailed, "the handler failed") }
    }
}
