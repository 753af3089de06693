//! Which dead letter is meant.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};

/// Names a dead letter for good: its position in the stream of dead letters, and when it was put aside, since a stream
/// that was made anew counts from 1 again. As text `41@2026-11-21T14:05:00.123456Z`; a bare `41` means whichever letter
/// stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LetterId {
    /// Its position.
    pub sequence: u64,
    /// When it was put aside, where that is known.
    pub at: Option<DateTime<Utc>>,
}

/// A text that names no dead letter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "use an id as lists of dead letters show it, for example 41@2026-11-21T14:05:00.123456Z, or a sequence"
)]
pub struct InvalidLetterId;

impl LetterId {
    /// Of the letter that was put aside then.
    #[must_use]
    pub fn new(sequence: u64, at: DateTime<Utc>) -> Self {
        Self { sequence, at: Some(at) }
    }

    /// Whether a letter that was put aside then can be the one that is meant. Times are kept to the microsecond.
    #[must_use]
    pub fn may_be_of(&self, at: DateTime<Utc>) -> bool {
        self.at.is_none_or(|meant| meant.timestamp_micros() == at.timestamp_micros())
    }
}

impl From<u64> for LetterId {
    fn from(sequence: u64) -> Self {
        Self { sequence, at: None }
    }
}

impl fmt::Display for LetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.sequence)?;
        match self.at {
            Some(at) => write!(f, "@{}", at.to_rfc3339_opts(SecondsFormat::Micros, true)),
            None => Ok(()),
        }
    }
}

impl FromStr for LetterId {
    type Err = InvalidLetterId;

    fn from_str(text: &str) -> Result<Self, InvalidLetterId> {
        let (sequence, at) = match text.split_once('@') {
            Some((sequence, at)) => (sequence, Some(at)),
            None => (text, None),
        };
        // Not with a sign, which numbers may have otherwise.
        let digits = sequence.bytes().all(|byte| byte.is_ascii_digit());
        let sequence = sequence.parse().ok().filter(|_| digits).ok_or(InvalidLetterId)?;
        let at = at.map(DateTime::parse_from_rfc3339).transpose().map_err(|_no_time| InvalidLetterId)?;
        Ok(Self { sequence, at: at.map(|at| at.to_utc()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_position_and_a_time_and_reads_back_as_what_it_was() {
        let at = DateTime::from_timestamp_micros(1_800_000_000_123_456).unwrap();
        let id = LetterId::new(41, at);
        assert_eq!(id.to_string(), "41@2027-01-15T08:00:00.123456Z");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("41@2027-01-15T09:00:00.123456+01:00".parse(), Ok(id));
        assert_eq!("41".parse(), Ok(LetterId::from(41)));
        for none in ["", "@", "41@", "x", "-1", "+1", "41@yesterday", "@2027-01-15T08:00:00Z"] {
            assert_eq!(none.parse::<LetterId>(), Err(InvalidLetterId), "{none}");
        }
    }

    #[test]
    fn a_bare_position_means_whichever_letter_stands_there() {
        let at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let later = DateTime::from_timestamp(1_800_000_001, 0).unwrap();
        assert!(LetterId::from(41).may_be_of(at) && LetterId::new(41, at).may_be_of(at));
        assert!(!LetterId::new(41, at).may_be_of(later));
    }
}
