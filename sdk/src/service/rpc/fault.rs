//! Failed calls, as their callers get them.

use aegis_domain::ErrorCode;

/// A failed call, as the caller gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// A stable code: one of [`ErrorCode`], or the service's own.
    pub code: String,
    /// What went wrong, for people. It leaves the process.
    pub message: String,
}

impl Fault {
    /// A failure with a code of the service's own.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }

    pub(crate) fn of(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::new(code.as_str(), message)
    }
}

/// Any error that a handler returns with `?` becomes `HANDLER_FAILED`.
impl<E: std::error::Error> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::of(ErrorCode::HandlerFailed, error.to_string())
    }
}
