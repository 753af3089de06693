//! What a verification finds, each in words that name the place.

use std::fmt;

use aegis_domain::{Sequence, Term};

/// What the place of a finding begins with that is of a replica's file.
pub(super) const FILE: &str = "file ";

/// One thing that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The stream has a setting with which events can be lost.
    Setting {
        /// Which one, and what it must be.
        setting: &'static str,
    },
    /// Messages are missing.
    Gap {
        /// The first missing one.
        first: Sequence,
        /// The last missing one.
        last: Sequence,
    },
    /// A message is no event, or cannot be read as one.
    Unreadable {
        /// Its position.
        sequence: Sequence,
        /// Its subject.
        subject: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An event does not follow the one before it on its subject.
    Chain {
        /// Its position.
        sequence: Sequence,
        /// Its aggregate.
        aggregate: String,
        /// The position of the event before it, as the log has it.
        before: Option<Sequence>,
        /// What does not fit.
        what: ChainFault,
    },
    /// A term does not come after the one before it.
    Term {
        /// The position of the election.
        sequence: Sequence,
        /// The group's aggregate.
        aggregate: String,
        /// The term before it.
        before: Term,
        /// Its term.
        term: Term,
    },
    /// An id stands at two places of one aggregate.
    Repeated {
        /// The second place.
        sequence: Sequence,
        /// The aggregate.
        aggregate: String,
        /// The id.
        id: String,
    },
    /// The log is not the one that the exported heads are of, or has been changed since.
    Head {
        /// What they say, and what stands there.
        detail: String,
    },
    /// A KV entry or a table does not say what the log says.
    Projection {
        /// Where: a bucket or a file.
        place: String,
        /// Which key, row or view.
        key: String,
        /// What is there, and what should be.
        detail: String,
    },
}

/// What does not fit between two events of an aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainFault {
    /// The event before it is not the one that its writer has seen: one of the two was changed, or one between
    /// them removed.
    Hash,
    /// Its version is not the next one.
    Version {
        /// Which one it would be.
        expected: u64,
        /// Which one it has.
        found: u64,
    },
}

impl Finding {
    /// Its short name, for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Setting { .. } => "setting",
            Self::Gap { .. } => "gap",
            Self::Unreadable { .. } => "unreadable",
            Self::Chain { .. } => "chain",
            Self::Term { .. } => "term",
            Self::Repeated { .. } => "repeated",
            Self::Head { .. } => "head",
            Self::Projection { .. } => "projection",
        }
    }

    /// Whether it is a message that is no event: copied to the dead letters, where operators see it.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        matches!(self, Self::Unreadable { .. })
    }

    /// Whether a repair mends it. The log is never repaired.
    #[must_use]
    pub fn is_repairable(&self) -> bool {
        match self {
            Self::Projection { .. } => true,
            Self::Setting { .. }
            | Self::Gap { .. }
            | Self::Unreadable { .. }
            | Self::Chain { .. }
            | Self::Term { .. }
            | Self::Repeated { .. }
            | Self::Head { .. } => false,
        }
    }
}

impl Finding {
    /// Whether it is of a replica's file.
    #[must_use]
    pub fn is_of_a_file(&self) -> bool {
        matches!(self, Self::Projection { place, .. } if place.starts_with(FILE))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting { setting } => write!(f, "the events stream can lose events: {setting}"),
            Self::Gap { first, last } if first == last => write!(f, "message {first} of the log is missing"),
            Self::Gap { first, last } => write!(f, "messages {first} to {last} of the log are missing"),
            Self::Unreadable { sequence, subject, reason } => {
                write!(f, "message {sequence} on {subject} is no readable event: {reason}")
            }
            Self::Chain { sequence, aggregate, before, what: ChainFault::Hash } => match before {
                Some(before) => write!(
                    f,
                    "event {sequence} of {aggregate} was not written after event {before} as it stands now: event {before} was changed, or one between the two removed"
                ),
                None => write!(
                    f,
                    "event {sequence} of {aggregate} is the first one that is left, and was not written as the first"
                ),
            },
            Self::Chain { sequence, aggregate, what: ChainFault::Version { expected, found }, .. } => {
                write!(
                    f,
                    "event {sequence} of {aggregate} has version {found}, and version {expected} would be next"
                )
            }
            Self::Term { sequence, aggregate, before, term } => {
                write!(f, "event {sequence} of {aggregate} elects for term {term} after term {before}")
            }
            Self::Repeated { sequence, aggregate, id } => {
                write!(f, "event {sequence} of {aggregate} has the id {id} of the event before it")
            }
            Self::Head { detail } => f.write_str(detail),
            Self::Projection { place, key, detail } => write!(f, "{place}: {key}: {detail}"),
        }
    }
}
