//! Texts of people that the record keeps and that others print: one line each, which steers no terminal and forges no other
//! line.

use std::fmt;

/// The longest reason, in characters.
pub const REASON_MAX: usize = 500;

/// Whether a character does something other than being seen: controls, separators of lines, blanks of no width, and what
/// turns the direction of writing.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Why a text is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidLine {
    max: usize,
}

impl fmt::Display for InvalidLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { max } = self;
        write!(f, "1 to {max} characters on one line, not only blanks, and none that cannot be seen")
    }
}

impl std::error::Error for InvalidLine {}

/// Takes a text of 1 to `max` characters on one line.
///
/// # Errors
/// See [`InvalidLine`].
pub fn check_line(text: &str, max: usize) -> Result<(), InvalidLine> {
    let fits = !text.trim().is_empty() && text.chars().count() <= max && !text.contains(is_hidden);
    if fits { Ok(()) } else { Err(InvalidLine { max }) }
}

/// Takes a reason that somebody gives for the record.
///
/// # Errors
/// See [`InvalidLine`].
pub fn check_reason(reason: &str) -> Result<(), InvalidLine> {
    check_line(reason, REASON_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_can_be_seen_and_no_more() {
        for good in ["a", "Zürich ✓", "日本語", "a\u{301}", "👩‍🚀".split('\u{200d}').next().unwrap()]
        {
            assert_eq!(check_line(good, 20), Ok(()), "{good}");
        }
        for bad in [
            "",
            "  ",
            "a\nb",
            "a\r",
            "\u{1b}[2J",
            "a\0",
            "\u{202e}a",
            "a\u{2028}b",
            "a\u{200b}",
            "\u{85}",
            "\u{e0041}",
        ] {
            assert!(check_line(bad, 20).is_err(), "{bad:?}");
        }
        assert!(check_line("four", 3).is_err() && check_line("äöü", 3).is_ok());
    }
}
