//! The policies that a definition may name.

use std::fmt;

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The shortest lease, in milliseconds. A shorter one would be lost to the delays of an ordinary scheduler
/// and disk.
pub const LEASE_MS_MIN: u64 = 150;
/// The longest lease, in milliseconds. With a longer one nothing is left of a failover.
pub const LEASE_MS_MAX: u64 = 60_000;

/// How fast a lost owner of a group is to be replaced, against how much delay an owner may suffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FailoverPolicy {
    /// A lease of 300 ms: the fastest, for quiet networks and machines.
    Aggressive,
    /// A lease of 1 s.
    Balanced,
    /// A lease of 4 s: for machines that pause or networks that stall.
    Conservative,
    /// A lease of one's own.
    Custom {
        /// Its length in milliseconds, from [`LEASE_MS_MIN`] to [`LEASE_MS_MAX`].
        lease_ms: u64,
    },
}

impl FailoverPolicy {
    /// The lease that it means, in milliseconds.
    #[must_use]
    pub fn lease_ms(self) -> u64 {
        match self {
            Self::Aggressive => 300,
            Self::Balanced => 1_000,
            Self::Conservative => 4_000,
            Self::Custom { lease_ms } => lease_ms,
        }
    }

    /// The word for it: `aggressive`, `balanced`, `conservative` or `custom`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aggressive => "aggressive",
            Self::Balanced => "balanced",
            Self::Conservative => "conservative",
            Self::Custom { .. } => "custom",
        }
    }

    /// Whether its lease is within the bounds.
    #[must_use]
    pub fn is_possible(self) -> bool {
        (LEASE_MS_MIN..=LEASE_MS_MAX).contains(&self.lease_ms())
    }
}

/// A share in percent, from 0 to 100 in hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
pub struct Percent(#[schemars(with = "f64", range(min = 0.0, max = 100.0))] u16);

/// The number is no share.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{0} is no share: use 0 to 100 percent, with two decimals at most")]
pub struct InvalidPercent(f64);

impl Percent {
    /// A share of so many percent.
    ///
    /// # Errors
    /// When it is not from 0 to 100, or has more than two decimals.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "looked at before")]
    pub fn new(percent: f64) -> Result<Self, InvalidPercent> {
        let hundredths = (percent * 100.0).round();
        let is_exact = (hundredths / 100.0 - percent).abs() < 1e-9;
        let is_share = (0.0..=10_000.0).contains(&hundredths) && is_exact;
        if is_share { Ok(Self(hundredths as u16)) } else { Err(InvalidPercent(percent)) }
    }

    /// As a number.
    #[must_use]
    pub fn get(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.get())
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(f64::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// What becomes of an instance of the service that starts while its definition is not in use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationPolicy {
    /// It starts.
    Open,
    /// It starts, and is flagged. The default.
    #[default]
    Warn,
    /// It is refused.
    Enforce,
}

impl RegistrationPolicy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Warn, Self::Enforce];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Warn => "warn",
            Self::Enforce => "enforce",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
