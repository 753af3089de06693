//! Failed calls, as their callers get them.

use std::fmt;

use crate::ErrorCode;

/// The most bytes of a text that a caller is told in a header.
pub const TEXT_MAX: usize = 1024;
/// The most bytes of a code that a caller is told in a header.
pub const CODE_MAX: usize = 128;

/// A failed call, as the caller gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// A stable code: one of [`ErrorCode`], or the service's own.
    pub code: String,
    /// What went wrong, for people. It leaves the process; in a header, as far as 1,024 bytes.
    pub message: String,
    /// What is logged here and sent to no caller.
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

    /// A failure with a code of the catalogue.
    pub fn of(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::new(code.as_str(), message)
    }

    /// As the caller gets it, and what is for the log alone. The caller is told the id under which it stands there.
    #[must_use]
    pub fn for_caller(self, request_id: &str) -> (Self, Option<Box<str>>) {
        let Some(internal) = self.internal else { return (self, None) };
        let message = format!("the handler failed; the log of the service says why, under {request_id}");
        (Self { code: self.code, message, internal: None }, Some(internal))
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
