//! The fencing token as it travels: group and term in a message's headers.

use aegis_domain::wire::header;
use aegis_domain::{ErrorCode, GroupName, InvalidName, Term};
use async_nats::HeaderMap;

/// Who an effect claims to be made by: the owner of this group in this term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The group.
    pub group: GroupName,
    /// The term.
    pub term: Term,
}

/// A message that carries no fencing token. A fenced sink must not act on it: its sender was not
/// asked for its term.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// A header is missing.
    #[error("the message has no header {0}")]
    Missing(&'static str),
    /// The group breaks the rule for names.
    #[error("the header {name} names no group", name = header::GROUP)]
    Group(#[source] InvalidName),
    /// The term is no number that elections can have counted to.
    #[error("the header {name} is {value:?}, which is no term that an election can have made", name = header::TERM)]
    Term {
        /// What stands there.
        value: String,
    },
}

impl TokenError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        ErrorCode::InvalidInput
    }
}

impl Token {
    /// Reads the token of a message, of one that a [`FencedLog`](super::FencedLog) wrote or of a reply.
    ///
    /// # Errors
    /// What is missing or wrong.
    pub fn of(headers: Option<&HeaderMap>) -> Result<Self, TokenError> {
        let text = |name| {
            headers.and_then(|all| all.get(name)).map(|value| value.as_str()).ok_or(TokenError::Missing(name))
        };
        let group = GroupName::new(text(header::GROUP)?).map_err(TokenError::Group)?;
        let term = text(header::TERM)?;
        let term = term.parse().map_err(|_no_number| TokenError::Term { value: term.to_owned() })?;
        Ok(Self { group, term: Term(term) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[(&'static str, &str)]) -> Result<Token, TokenError> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.insert(*name, *value);
        }
        Token::of(Some(&headers))
    }

    #[test]
    fn a_token_is_read_from_its_two_headers() {
        let token = read(&[("Aegis-Group", "ACC-1"), ("Aegis-Term", "7")]).unwrap();
        assert_eq!(token, Token { group: GroupName::new("ACC-1").unwrap(), term: Term(7) });
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for (headers, error) in [
            (&[][..], "the message has no header Aegis-Group"),
            (&[("Aegis-Group", "ACC-1")], "the message has no header Aegis-Term"),
            (&[("Aegis-Group", "A.B"), ("Aegis-Term", "7")], "the header Aegis-Group names no group"),
            (
                &[("Aegis-Group", "ACC-1"), ("Aegis-Term", "-7")],
                "the header Aegis-Term is \"-7\", which is no term that an election can have made",
            ),
        ] {
            let refused = read(headers).unwrap_err();
            assert_eq!((refused.code(), refused.to_string().as_str()), (ErrorCode::InvalidInput, error));
        }
        assert_eq!(Token::of(None).unwrap_err(), TokenError::Missing("Aegis-Group"));
    }
}
