//! The policies that a definition may name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
