//! What is looked at in the text of a document before anybody parses it: parsers descend as deep as brackets nest, and
//! take a while for each token.

use std::fmt;

/// The most tokens of a document.
const TOKENS: usize = 4_000;
/// How deep brackets of all kinds may nest. Selections alone are bounded more narrowly, later.
const NESTING: usize = 64;
/// The longest name or number, in bytes.
const WORD: usize = 200;
/// The most comment, white space and commas, in bytes: a parser may pass over them several times.
const IGNORED: usize = 32 << 10;

/// Why a document is not parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Excess {
    Tokens,
    Nesting,
    Word,
    Ignored,
    /// A string does not end: a parser looks for its end several times.
    Unended,
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tokens => {
                write!(
                    f,
                    "the document has more than {TOKENS} tokens: ask in several queries, and use variables"
                )
            }
            Self::Nesting => write!(f, "brackets of the document nest more than {NESTING} levels deep"),
            Self::Word => write!(f, "a name or number of the document is longer than {WORD} bytes"),
            Self::Unended => f.write_str("a string of the document does not end"),
            Self::Ignored => {
                write!(
                    f,
                    "the document has more than {IGNORED} bytes of comments and white space: leave them out"
                )
            }
        }
    }
}

/// Reads the text once. It need not be GraphQL: what it is not, the parser says.
pub(super) fn check(text: &str) -> Result<(), Excess> {
    let bytes = text.as_bytes();
    let (mut at, mut tokens, mut depth, mut ignored) = (0, 0_usize, 0_usize, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        let length = match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b',' => 1,
            b'#' => rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len()),
            b'"' => string(rest).ok_or(Excess::Unended)?,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'0'..=b'9' | b'-' => word(rest),
            _ => 1,
        };
        at += length;
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b',' | b'#' => {
                ignored += length;
                if ignored > IGNORED {
                    return Err(Excess::Ignored);
                }
                continue;
            }
            b'{' | b'[' | b'(' => {
                depth += 1;
                if depth > NESTING {
                    return Err(Excess::Nesting);
                }
            }
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            b'"' => {}
            _ if length > WORD => return Err(Excess::Word),
            _ => {}
        }
        tokens += 1;
        if tokens > TOKENS {
            return Err(Excess::Tokens);
        }
    }
    Ok(())
}

/// The length of the name or number that the bytes begin with.
fn word(bytes: &[u8]) -> usize {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'.');
    // A spread after a name is three tokens of its own.
    let end = bytes.iter().position(|byte| !is_part(byte)).unwrap_or(bytes.len());
    let spread = bytes[..end].windows(3).position(|three| three == b"...").unwrap_or(end);
    spread.max(1)
}

/// The length of the string that the bytes begin with; none if it does not end.
fn string(bytes: &[u8]) -> Option<usize> {
    if bytes.starts_with(b"\"\"\"") {
        let mut at = 3;
        while at < bytes.len() {
            match &bytes[at..] {
                [b'\\', b'"', b'"', b'"', ..] => at += 4,
                [b'"', b'"', b'"', ..] => return Some(at + 3),
                _ => at += 1,
            }
        }
        return None;
    }
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return Some(at + 1),
            b'\n' | b'\r' => return None,
            _ => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_within_the_bounds_pass_whatever_stands_in_their_strings() {
        let brackets = "{[(".repeat(1_000);
        for text in [
            String::new(),
            format!("{{ a(b: \"{brackets}\\\"{brackets}\") }}"),
            format!("{{ a(b: \"\"\"{brackets}\\\"\"\"{brackets}\"\"\") }}"),
            format!("# {brackets}\n{{ a }}"),
            format!("{}a{}", "{a".repeat(NESTING), "}".repeat(NESTING)),
            "…{é}".to_owned(),
        ] {
            assert_eq!(check(&text), Ok(()), "{text}");
        }
    }

    #[test]
    fn each_excess_is_found_wherever_it_hides() {
        for (text, excess) in [
            ("{".repeat(NESTING + 1), Excess::Nesting),
            ("{ a(b: \"\")".to_owned() + &"[".repeat(NESTING + 1), Excess::Nesting),
            ("a ".repeat(TOKENS + 1), Excess::Tokens),
            ("a...".repeat(TOKENS / 4 + 1), Excess::Tokens),
            ("...".repeat(TOKENS), Excess::Tokens),
            ("\"\" ".repeat(TOKENS + 1), Excess::Tokens),
            ("x".repeat(WORD + 1), Excess::Word),
            (" ".repeat(IGNORED + 1), Excess::Ignored),
            ("#".repeat(IGNORED + 1), Excess::Ignored),
            ("#\n".repeat(IGNORED), Excess::Ignored),
            ("{ a(b: \"".to_owned() + &"x".repeat(20), Excess::Unended),
            ("{ a(b: \"ends on another line\n\") }".to_owned(), Excess::Unended),
            ("{ a(b: \"ends in an escape\\".to_owned(), Excess::Unended),
            ("\"\"\" ends in an escape \\\"\"\"".to_owned(), Excess::Unended),
        ] {
            assert_eq!(check(&text), Err(excess), "{}", &text[..20]);
        }
    }
}
