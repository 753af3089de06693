//! What people read on the terminal; logs go through `tracing`.

use std::io::Write as _;

/// A line on standard output. A closed pipe is no error: nobody reads any more.
pub(crate) fn say(line: &str) {
    let _closed = writeln!(std::io::stdout(), "{line}");
}

/// A line on standard error.
pub(crate) fn complain(line: &str) {
    let _closed = writeln!(std::io::stderr(), "{line}");
}
