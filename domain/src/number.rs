//! Counters, kept apart by type so that a term is never taken for a sequence.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

macro_rules! number {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema,
        )]
        #[serde(transparent)]
        pub struct $type(pub u64);

        impl $type {
            /// Before the first one.
            pub const ZERO: Self = Self(0);
            /// The highest that is read. Nothing that counts one by one comes there, so whatever says more was not
            /// counted; it is refused, because nothing could follow it.
            pub const MAX: Self = Self(i64::MAX as u64);

            /// The number as an integer.
            #[must_use]
            pub fn get(self) -> u64 {
                self.0
            }

            /// The one after this.
            #[must_use]
            pub fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let number = u64::deserialize(deserializer)?;
                if number > Self::MAX.0 {
                    let refusal = format!("{number} is more than can have been counted");
                    return Err(serde::de::Error::custom(refusal));
                }
                Ok(Self(number))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// The fencing token of a group: grows by one at each change of owner; the first owner has 1.
    ///
    /// # Examples
    /// ```
    /// use aegis_domain::Term;
    ///
    /// let (before, now) = (Term(3), Term(4));
    /// assert!(before < now && now.get() == 4);
    /// ```
    Term
);
number!(
    /// A position in a JetStream stream; the first message has 1.
    Sequence
);
number!(
    /// How many events an aggregate has; the first event makes it 1.
    AggregateVersion
);

impl Term {
    /// How far a term may lie beyond the one before it. Terms grow by one; with a new lease bucket they go on beyond
    /// all that the old one wrote, and ten thousand writes a second make this many in nine centuries.
    const LEAP: u64 = 1 << 48;

    /// Whether an election may have made this term after that one. A term that no election can have reached is not
    /// believed: one message would otherwise put all later ones beneath it.
    #[must_use]
    pub fn may_follow(self, before: Self) -> bool {
        self > before && self.0 - before.0 <= Self::LEAP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_nothing_could_follow_is_refused() {
        let read = |text| serde_json::from_str::<Term>(text);
        assert_eq!(read("9223372036854775807").unwrap(), Term::MAX);
        for text in ["9223372036854775808", "18446744073709551615", "-1", "1.5"] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(serde_json::from_str::<Sequence>("18446744073709551615").is_err());
    }

    #[test]
    fn a_term_follows_those_below_it_within_a_leap() {
        assert!(Term(1).may_follow(Term::ZERO) && Term(Term::LEAP).may_follow(Term::ZERO));
        assert!(!Term(1).may_follow(Term(1)) && !Term(1).may_follow(Term(2)));
        assert!(!Term(Term::LEAP + 1).may_follow(Term::ZERO) && !Term::MAX.may_follow(Term(7)));
    }
}
