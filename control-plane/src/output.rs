//! What people and scripts read from a command; logs go through `tracing`.
//!
//! Everything on standard output goes through here, so that no loss passes for success: the first failure is kept, and
//! [`finish`] turns it into that of the command. A closed pipe is no failure: its reader has ended.

use std::fmt::Write as _;
use std::io::{ErrorKind, Stdout, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;

/// The state of standard output.
enum State {
    Open,
    /// The reader has closed the pipe.
    Closed,
    Failed(std::io::Error),
}

static STATE: Mutex<State> = Mutex::new(State::Open);

/// A line, or several, on standard output. What others have written in it cannot steer the terminal.
pub(crate) fn say(text: &str) {
    let _kept = put(|out| writeln!(out, "{}", escaped(text, &['\n', '\t'])));
}

/// A line on standard error. When that fails, it is lost.
pub(crate) fn print_error(text: &str) {
    let _lost = writeln!(std::io::stderr(), "{}", escaped(text, &['\n', '\t']));
}

/// A question, without an end of the line.
pub(crate) fn ask(text: &str) {
    let _kept = put(|out| write!(out, "{text}").and_then(|()| out.flush()));
}

/// A table with its columns aligned; each row is one line, whatever its cells hold.
pub(crate) fn table<const N: usize>(header: [&str; N], rows: &[[String; N]]) {
    let rows: Vec<[String; N]> = rows.iter().map(|row| row.each_ref().map(|cell| one_line(cell))).collect();
    let header = header.map(str::to_owned);
    let width = |n: usize| rows.iter().chain([&header]).map(|row| row[n].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    for row in [&header].into_iter().chain(&rows) {
        let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        say(cells.join("  ").trim_end());
    }
}

/// A text of others as a part of one line.
pub(crate) fn one_line(text: &str) -> String {
    escaped(text, &[])
}

/// Standard output for bytes that are written as they are.
#[derive(Debug)]
pub(crate) struct Raw;

impl Write for Raw {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        put(|out| out.write_all(bytes)).map(|()| bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        put(Stdout::flush)
    }
}

/// Whether the output still has a reader. Commands that print without end check it.
pub(crate) fn is_read() -> bool {
    matches!(*state(), State::Open)
}

/// Everything printed so far is where it was meant to be; in a file, it is on the disk.
///
/// # Errors
/// When a part was lost. It says what happened once, also when asked again.
pub(crate) fn finish() -> anyhow::Result<()> {
    let _kept = put(|out| {
        out.flush()?;
        let out = std::io::stdout();
        let is_file = rustix::fs::fstat(&out)
            .is_ok_and(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file());
        if is_file { rustix::fs::fsync(&out).map_err(Into::into) } else { Ok(()) }
    });
    match &*state() {
        State::Open | State::Closed => Ok(()),
        State::Failed(error) => Err(again(error)).context(
            "the output is lost or not whole: standard output cannot be written; give it a place with room, and run the command again",
        ),
    }
}

/// Prints, unless something has failed before.
fn put(print: impl FnOnce(&mut Stdout) -> std::io::Result<()>) -> std::io::Result<()> {
    let mut state = state();
    match &*state {
        State::Open => {}
        State::Closed => return Ok(()),
        State::Failed(error) => return Err(again(error)),
    }
    match print(&mut std::io::stdout()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
            *state = State::Closed;
            Ok(())
        }
        Err(error) => {
            let told = again(&error);
            *state = State::Failed(error);
            Err(told)
        }
    }
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn again(error: &std::io::Error) -> std::io::Error {
    error.raw_os_error().map_or_else(|| error.kind().into(), std::io::Error::from_raw_os_error)
}

/// The text without what a terminal takes for a command: control characters, but `kept` ones, and what turns the
/// direction of writing. The escapes are also those of JSON, so an object stays what it was.
fn escaped(text: &str, kept: &[char]) -> String {
    let steers = |c: char| {
        (c.is_control() && !kept.contains(&c))
            || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    if !text.contains(steers) {
        return text.to_owned();
    }
    text.chars().fold(String::with_capacity(text.len() + 16), |mut line, c| {
        if steers(c) {
            // Writing to a String cannot fail.
            let _infallible = write!(line, "\\u{:04x}", u32::from(c));
        } else {
            line.push(c);
        }
        line
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_shown_and_not_obeyed() {
        assert_eq!(one_line("a\u{1b}[2Jb\nc\td"), "a\\u001b[2Jb\\u000ac\\u0009d");
        assert_eq!(one_line("\u{9b}31m\u{7f}\u{202e}x"), "\\u009b31m\\u007f\\u202ex");
        assert_eq!(escaped("two\nlines\t\r", &['\n', '\t']), "two\nlines\t\\u000d");
        assert_eq!(one_line("Zürich 🏦 ‹ok›"), "Zürich 🏦 ‹ok›");
    }

    #[test]
    fn an_escaped_object_is_the_same_object() {
        let object = serde_json::json!({ "a\u{7f}": "\u{1b}\u{9b}\u{2028}\n" });
        let shown = escaped(&object.to_string(), &[]);
        assert!(!shown.contains(|c: char| c.is_control()), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), object);
    }
}
