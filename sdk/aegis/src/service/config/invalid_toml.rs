//! Errors of TOML that repeat no value of it: a configuration holds passwords and tokens, and errors end in logs.

use std::fmt;

use serde::de::DeserializeOwned;

/// Why a text is not the TOML that was asked for: where, and what belongs there.
///
/// Neither `Display` nor `Debug` shows a value of the text, but for a name or version that breaks its rule; names of fields and sections
/// are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidToml {
    /// Line and column, both from 1 on; none of what did not come from a text.
    pub at: Option<(usize, usize)>,
    /// What is wrong there.
    pub detail: String,
}

impl InvalidToml {
    /// Of an error of the reader, in this text.
    pub(crate) fn new(error: &toml::de::Error, text: &str) -> Self {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map(|before| before.rsplit('\n').next().unwrap_or_default());
        let at = before
            .zip(line)
            .map(|(before, line)| (before.matches('\n').count() + 1, line.chars().count() + 1));
        // In a text that is no TOML, what looks like a field may be the inside of a value.
        let field = line.and_then(field_before).filter(|_| text.parse::<toml::Table>().is_ok());
        let detail = without_values(error.message());
        Self { at, detail: field.map_or(detail.clone(), |field| format!("{field}: {detail}")) }
    }

    /// Reads a text.
    ///
    /// # Errors
    /// Where it is not TOML, or not of this type.
    pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Self> {
        toml::from_str(text).map_err(|error| Self::new(&error, text))
    }
}

impl fmt::Display for InvalidToml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some((line, column)) => write!(f, "line {line}, column {column}: {}", self.detail),
            None => f.write_str(&self.detail),
        }
    }
}

impl std::error::Error for InvalidToml {}

/// The name of the field whose value begins at the end of a line's beginning, or within whose list it does.
fn field_before(line: &str) -> Option<&str> {
    let (before, between) = line.rsplit_once('=')?;
    let is_outside =
        |quote| before.matches(quote).count() % 2 == 0 && between.matches(quote).count() % 2 == 0;
    let name =
        before.trim_end().rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).next()?;
    (is_outside('"') && is_outside('\'') && !name.is_empty()).then_some(name)
}

/// The message of an error of serde without the value that it quotes.
pub(super) fn without_values(message: &str) -> String {
    const QUOTING: [&str; 4] = ["invalid type", "invalid value", "invalid length", "unknown variant"];
    let Some(kind) = QUOTING.into_iter().find(|kind| message.starts_with(kind)) else {
        return message.to_owned();
    };
    // The last one: the value may say «expected», too.
    match message.rsplit_once(", expected ") {
        Some((_value, expected)) => format!("{kind}, expected {expected}"),
        None => kind.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::ServiceConfig;

    #[test]
    fn no_error_of_a_file_or_of_the_environment_shows_a_value() {
        const HEAD: &str = "service = \"desk\"\nversion = \"1.0.0\"\n";
        for (text, told) in [
            (
                "credentials = { token = \"s3cret\" }\nheartbeat = 5\n",
                "line 4, column 1: unknown field `heartbeat`",
            ),
            ("credentials = \"s3cret\"\n", "unknown variant, expected one of `user_password`, `token`"),
            (
                "credentials = { tokn = \"s3cret\" }\n",
                "unknown variant, expected one of `user_password`, `token`",
            ),
            ("credentials = { token = [\"s3cret\"] }\n", "invalid type, expected a string"),
            ("credentials = { token = \"s3cret\", more = 1 }\n", "line 3, column 15: "),
            (
                "[credentials.user_password]\nuser = \"a\"\npassword = \"s3cret\"\npasword = \"s3cret\"\n",
                "line 6, column 1: unexpected keys in table: pasword",
            ),
            (
                "heartbeat_ms = \"s3cret, expected nothing\"\n",
                "line 3, column 16: heartbeat_ms: invalid type, expected u64",
            ),
            ("labels = { a = \"s3cret\", b = 5 }\n", "line 3, column 30: b: invalid type, expected a string"),
            ("nats_url = \"\"\"\ns3cret=\\q\"\"\"\n", "line 4, column "),
            ("credentials = { token = s3cret }\n", "line 3, column 25: "),
            ("credentials = { token = \"s3cret }\n", "line 3, column 34: "),
            ("credentials = { token = \"s3cret\" }\nheartbeat_ms 500\n", "line 4, column "),
            (
                "credentials = { token = \"s3cret\" }\ncredentials = { token = \"s3cret\" }\n",
                "line 4, column 1: duplicate key",
            ),
            ("audit = \"s3cret\"\n", "unknown variant, expected "),
            ("failover = \"s3cret\"\n", "line 3, column 12: "),
        ] {
            let text = format!("{HEAD}{text}");
            let error = ServiceConfig::from_toml(&text).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(told), "{text}: {shown}");
            assert!(!shown.contains("s3cret"), "{text}: {shown}");
            assert!(
                std::error::Error::source(&error).is_none_or(|it| !format!("{it} {it:?}").contains("s3cret"))
            );
        }
    }
}
