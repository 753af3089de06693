//! Answers of bounded size.

use std::io::{self, Write};

use axum::body::Bytes;
use serde::Serialize;

/// The largest answer, in bytes.
pub(super) const ANSWER_MAX: usize = 16 << 20;

/// An answer has more bytes than [`ANSWER_MAX`].
#[derive(Debug, thiserror::Error)]
#[error("the answer has more than {ANSWER_MAX} bytes: ask for fewer fields or shorter pages")]
pub(super) struct TooLarge;

struct Bounded {
    bytes: Vec<u8>,
    most: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The answer as JSON, if it is not too large. Values of answers have no other reason to fail.
pub(super) fn bounded_json(answer: &impl Serialize) -> Result<Bytes, TooLarge> {
    json_within(answer, ANSWER_MAX)
}

fn json_within(answer: &impl Serialize, most: usize) -> Result<Bytes, TooLarge> {
    let mut bounded = Bounded { bytes: vec![], most };
    serde_json::to_writer(&mut bounded, answer).map_err(|_full| TooLarge)?;
    Ok(bounded.bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_too_large_is_given_up_before_it_is_whole() {
        assert_eq!(json_within(&["a"; 3], 13).unwrap(), r#"["a","a","a"]"#.as_bytes());
        assert!(json_within(&["a"; 3], 12).is_err());
    }
}
