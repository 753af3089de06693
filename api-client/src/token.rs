//! The credential.

use std::fmt;

use hyper::header::HeaderValue;

use crate::Error;

/// A bearer token. It is never printed.
#[derive(Clone)]
pub struct Token(HeaderValue);

impl Token {
    /// The token in this text, without the white space around it.
    ///
    /// # Errors
    /// When there is none, or a character that cannot be part of one.
    pub fn new(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Error::Settings("the token is empty".to_owned()));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            let detail = "the token has a character that no token has: give one line of letters and digits";
            return Err(Error::Settings(detail.to_owned()));
        }
        let mut value = HeaderValue::try_from(format!("Bearer {text}"))
            .map_err(|_invalid| Error::Settings("the token cannot be sent in a header".to_owned()))?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_word_and_never_printed() {
        let token = Token::new(" s3cret\n").unwrap();
        assert_eq!(token.header(), "Bearer s3cret");
        assert!(!format!("{token:?} {:?}", token.header()).contains("s3cret"));
        for none in ["", " \n", "two words", "a\nb", "ä"] {
            let refused = Token::new(none).unwrap_err().to_string();
            assert!(none.trim().is_empty() || !refused.contains(none.trim()), "{refused}");
        }
    }
}
