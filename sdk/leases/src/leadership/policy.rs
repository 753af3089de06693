//! How fast a lost owner is replaced, against how much delay an owner may suffer.

use std::fmt;
use std::time::Duration;

use aegis_domain::aggregate::policy::{FailoverPolicy, LEASE_MS_MAX, LEASE_MS_MIN};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The shortest and the longest lease.
const SHORTEST: Duration = Duration::from_millis(LEASE_MS_MIN);
const LONGEST: Duration = Duration::from_millis(LEASE_MS_MAX);

/// A failover policy: everything follows from the lease.
///
/// # Examples
/// ```
/// use aegis_sdk::Policy;
/// use std::time::Duration;
///
/// assert_eq!(Policy::BALANCED.lease(), Duration::from_secs(1));
/// assert_eq!(Policy::custom(Duration::from_millis(500)).map(Policy::lease), Ok(Duration::from_millis(500)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    lease: Duration,
}

/// A lease out of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a lease of {0:?} is not possible: use 150 ms to 60 s")]
pub struct InvalidLease(pub Duration);

impl Policy {
    /// Lease 300 ms: the fastest, for quiet networks and machines.
    pub const AGGRESSIVE: Self = Self { lease: Duration::from_millis(300) };
    /// Lease 1 s; the default.
    pub const BALANCED: Self = Self { lease: Duration::from_secs(1) };
    /// Lease 4 s: for machines that pause or networks that stall.
    pub const CONSERVATIVE: Self = Self { lease: Duration::from_secs(4) };

    /// A lease of one's own, from 150 ms to 60 s.
    ///
    /// # Errors
    /// When it is out of that range.
    pub fn custom(lease: Duration) -> Result<Self, InvalidLease> {
        if (SHORTEST..=LONGEST).contains(&lease) { Ok(Self { lease }) } else { Err(InvalidLease(lease)) }
    }

    /// The policy of this name: `aggressive`, `balanced` or `conservative`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "aggressive" => Some(Self::AGGRESSIVE),
            "balanced" => Some(Self::BALANCED),
            "conservative" => Some(Self::CONSERVATIVE),
            _ => None,
        }
    }

    /// How long a session lives after its last renewal.
    #[must_use]
    pub fn lease(self) -> Duration {
        self.lease
    }

    /// How often the session is renewed.
    #[must_use]
    pub fn renew_every(self) -> Duration {
        self.lease / 3
    }

    /// How much earlier than the end of its lease an owner stops acting: it covers the drift between
    /// two clocks over one lease, and the time from the last check to the effect.
    #[must_use]
    pub fn margin(self) -> Duration {
        self.lease / 20
    }

    /// How much later each further rank claims a vacant group.
    #[must_use]
    pub fn rank_step(self) -> Duration {
        self.lease / 4
    }
}

/// As a definition names it.
impl TryFrom<FailoverPolicy> for Policy {
    type Error = InvalidLease;

    fn try_from(policy: FailoverPolicy) -> Result<Self, InvalidLease> {
        Self::custom(Duration::from_millis(policy.lease_ms()))
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::BALANCED
    }
}

/// As a configuration spells it.
impl Serialize for Policy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let names = ["aggressive", "balanced", "conservative"];
        if let Some(name) = names.into_iter().find(|name| Self::named(name) == Some(*self)) {
            return serializer.serialize_str(name);
        }
        let mut own = serializer.serialize_map(Some(1))?;
        own.serialize_entry("lease_ms", &u64::try_from(self.lease.as_millis()).unwrap_or(u64::MAX))?;
        own.end()
    }
}

/// In a configuration: a name, or `{ lease_ms = 500 }`.
impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PolicyVisitor)
    }
}

struct PolicyVisitor;

impl<'de> Visitor<'de> for PolicyVisitor {
    type Value = Policy;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("aggressive, balanced, conservative, or { lease_ms = 150 to 60000 }")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Policy, E> {
        Policy::named(name).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(name), &self))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut fields: M) -> Result<Policy, M::Error> {
        let mut policy = None;
        while let Some(field) = fields.next_key::<String>()? {
            if field != "lease_ms" {
                return Err(M::Error::unknown_field(&field, &["lease_ms"]));
            }
            let lease = Duration::from_millis(fields.next_value()?);
            policy = Some(Policy::custom(lease).map_err(M::Error::custom)?);
        }
        policy.ok_or_else(|| M::Error::missing_field("lease_ms"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_of_ones_own_stays_within_its_bounds() {
        for (ms, possible) in [(0, false), (149, false), (150, true), (60_000, true), (60_001, false)] {
            assert_eq!(Policy::custom(Duration::from_millis(ms)).is_ok(), possible, "{ms}");
        }
    }

    #[test]
    fn a_definition_and_a_configuration_mean_the_same_by_the_same_word() {
        for policy in [FailoverPolicy::Aggressive, FailoverPolicy::Balanced, FailoverPolicy::Conservative] {
            assert_eq!(Policy::try_from(policy).ok(), Policy::named(policy.as_str()), "{policy:?}");
        }
        for (lease_ms, possible) in [(149, false), (150, true), (60_000, true), (60_001, false)] {
            let policy = FailoverPolicy::Custom { lease_ms };
            assert_eq!((policy.is_possible(), Policy::try_from(policy).is_ok()), (possible, possible));
        }
    }

    #[test]
    fn an_owner_gets_several_renewals_into_a_lease_and_stops_before_its_end() {
        for ms in [150, 300, 1_000, 4_000, 60_000] {
            let policy = Policy::custom(Duration::from_millis(ms)).unwrap();
            assert!(policy.renew_every() * 2 < policy.lease() - policy.margin());
            assert!(!policy.margin().is_zero());
        }
    }
}
