//! Names, each a newtype that can only hold a valid value.
//!
//! The grammar is that of the wire: every name is one token of a NATS subject, so none holds a dot, a
//! space or a wildcard.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a name was refused. The text says what a valid one looks like.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {value:?} is not valid: use {rule}")]
pub struct InvalidName {
    /// What kind of name it is, for example `service name`.
    pub kind: &'static str,
    /// The refused text, cut to 80 characters.
    pub value: String,
    /// What a valid name looks like.
    pub rule: &'static str,
}

impl InvalidName {
    fn new(kind: &'static str, value: &str, rule: &'static str) -> Self {
        Self { kind, value: value.chars().take(80).collect(), rule }
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $kind:literal, $rule:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// Checks the text and wraps it.
            ///
            /// # Errors
            /// [`InvalidName`] with the rule that a valid name follows; show it to whoever gave the name.
            pub fn new(value: impl Into<String>) -> Result<Self, InvalidName> {
                let value = value.into();
                let check: fn(&str) -> bool = $check;
                if check(&value) { Ok(Self(value)) } else { Err(InvalidName::new($kind, &value, $rule)) }
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidName;
            fn try_from(value: String) -> Result<Self, InvalidName> {
                Self::new(value)
            }
        }

        impl std::str::FromStr for $type {
            type Err = InvalidName;
            fn from_str(value: &str) -> Result<Self, InvalidName> {
                Self::new(value)
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> String {
                value.0
            }
        }

        impl From<&$type> for String {
            fn from(value: &$type) -> String {
                value.0.clone()
            }
        }
    };
}

name!(
    /// A service, for example `trading-service`.
    ServiceName, "service name",
    "a letter, then letters, digits, '-' or '_', 64 characters at most",
    |v| token(v, 64, |c| c.is_ascii_alphabetic(), true)
);
name!(
    /// One running instance of a service, for example `trading-service-1`.
    InstanceName, "instance name",
    "a letter or digit, then letters, digits, '-' or '_', 128 characters at most",
    |v| token(v, 128, |c| c.is_ascii_alphanumeric(), true)
);
name!(
    /// A group that one instance at a time owns, for example a trading account.
    GroupName, "group name",
    "a letter or digit, then letters, digits, '-' or '_', 128 characters at most",
    |v| token(v, 128, |c| c.is_ascii_alphanumeric(), true)
);
name!(
    /// A method that a service serves, for example `send_order`.
    MethodName, "method name",
    "a letter, then letters, digits or '_', 64 characters at most",
    |v| token(v, 64, |c| c.is_ascii_alphabetic(), false)
);
name!(
    /// A stream of an application, or one of its readers, for example `prices`.
    StreamName, "stream name",
    "a letter, then letters, digits, '-' or '_', 64 characters at most",
    |v| token(v, 64, |c| c.is_ascii_alphabetic(), true)
);
name!(
    /// A version of a service, `major.minor.patch`.
    Version, "version",
    "three numbers joined by dots, for example 1.0.0",
    |v| v.len() <= 32
        && v.split('.').count() == 3
        && v.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
);

impl ServiceName {
    /// Whether the name may be given a definition: these are stricter, so that every definition name
    /// is also a valid host name.
    #[must_use]
    pub fn is_definable(&self) -> bool {
        let v = self.0.as_bytes();
        let lower_or_digit = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        v.len() >= 3
            && v[0].is_ascii_lowercase()
            && v.last().copied().is_some_and(lower_or_digit)
            && v.iter().all(|b| lower_or_digit(*b) || *b == b'-')
            && !self.0.contains("--")
    }
}

fn token(value: &str, max: usize, first: fn(char) -> bool, dash: bool) -> bool {
    value.len() <= max
        && value.chars().next().is_some_and(first)
        && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || (dash && c == '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_break_a_subject_are_refused() {
        for bad in ["", "a.b", "a b", "a*", ">", "ä", "1abc", "-a", &"x".repeat(65)] {
            assert!(ServiceName::new(bad).is_err(), "{bad:?} was accepted");
        }
        for bad in ["", "a.b", "_a", "-a", &"x".repeat(129)] {
            assert!(InstanceName::new(bad).is_err(), "{bad:?} was accepted");
        }
        for bad in ["send-order", "1st", ""] {
            assert!(MethodName::new(bad).is_err(), "{bad:?} was accepted");
        }
        for bad in ["1", "1.0", "1.0.0-rc", "1..0", "a.b.c", "1.0.0.0"] {
            assert!(Version::new(bad).is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn the_refusal_says_what_to_use_instead() {
        let error = ServiceName::new("my service").unwrap_err().to_string();
        assert!(error.contains("\"my service\"") && error.contains("64 characters"), "{error}");
    }

    #[test]
    fn only_host_like_names_may_be_defined() {
        for good in ["trading-service", "a1b", "abc"] {
            assert!(ServiceName::new(good).unwrap().is_definable(), "{good}");
        }
        for bad in ["Trading", "ab", "a--b", "abc-", "a_b"] {
            assert!(!ServiceName::new(bad).unwrap().is_definable(), "{bad}");
        }
    }

    #[test]
    fn json_goes_through_the_same_check() {
        assert!(serde_json::from_str::<GroupName>("\"a.b\"").is_err());
        assert_eq!(serde_json::from_str::<GroupName>("\"ACC-7\"").unwrap().as_str(), "ACC-7");
    }
}
