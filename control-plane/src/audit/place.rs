//! A place in the log, as it is given on the command line: a sequence, or a time.

use std::str::FromStr;

use aegis_domain::Sequence;
use aegis_journal::Start;
use aegis_projections::store::At;
use chrono::{DateTime, Utc};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Sequence(Sequence),
    Time(DateTime<Utc>),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(sequence) = text.parse() {
            return Ok(Self::Sequence(Sequence(sequence)));
        }
        let time = DateTime::parse_from_rfc3339(text);
        time.map(|time| Self::Time(time.to_utc())).map_err(|_neither| {
            "use a sequence, or a time with its offset, for example 2026-11-21T14:05:00Z".to_owned()
        })
    }
}

impl From<Place> for At {
    fn from(place: Place) -> Self {
        match place {
            Place::Sequence(sequence) => Self::Sequence(sequence),
            Place::Time(time) => Self::Time(time),
        }
    }
}

impl From<Place> for Start {
    fn from(place: Place) -> Self {
        match place {
            Place::Sequence(sequence) => Self::Sequence(sequence),
            Place::Time(time) => Self::Time(time),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_sequence_or_a_time_with_its_offset() {
        assert_eq!("17".parse(), Ok(Place::Sequence(Sequence(17))));
        let time = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        assert_eq!("2027-01-15T09:00:00+01:00".parse(), Ok(Place::Time(time)));
        for junk in ["", "-1", "yesterday", "2027-01-15", "2027-01-15T09:00:00"] {
            assert!(junk.parse::<Place>().is_err_and(|e| e.contains("2026-11-21T14:05:00Z")), "{junk}");
        }
    }
}
