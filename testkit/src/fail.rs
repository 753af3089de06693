//! The one place where the kit gives up.

use std::fmt::Display;

/// Ends the calling test with `error`.
#[track_caller]
#[expect(clippy::panic, reason = "a test that cannot get its server has failed")]
pub(crate) fn fail(error: impl Display) -> ! {
    panic!("{error}")
}

/// Unwraps `result`, ending the test with the whole error chain.
#[track_caller]
pub(crate) fn or_fail<T>(result: anyhow::Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => fail(format_args!("{error:#}")),
    }
}
