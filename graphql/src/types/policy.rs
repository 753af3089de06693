//! The policies of a definition.

use aegis_domain::aggregate::policy;
use async_graphql::{Enum, InputObject, SimpleObject};

use super::rejected::{Rejected, invalid};
use super::scalar::Long;

/// What becomes of an instance of the service that starts while its definition is not in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "policy::RegistrationPolicy")]
pub(crate) enum RegistrationPolicy {
    /// It starts.
    Open,
    /// It starts, and is flagged.
    Warn,
    /// It is refused.
    Enforce,
}

/// How fast a lost owner is replaced, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum FailoverPolicy {
    /// A lease of 300 ms.
    Aggressive,
    /// A lease of 1 s.
    Balanced,
    /// A lease of 4 s.
    Conservative,
    /// A lease of one's own.
    Custom,
}

/// How fast a lost owner of a group is to be replaced.
#[derive(Debug, Clone, Copy, SimpleObject)]
pub(crate) struct Failover {
    policy: FailoverPolicy,
    lease_ms: Long,
}

#[derive(Debug, Clone, Copy, InputObject)]
pub(crate) struct FailoverInput {
    policy: FailoverPolicy,
    /// With `CUSTOM`, and only with it: 150 to 60000.
    lease_ms: Option<Long>,
}

impl FailoverInput {
    pub(super) fn read(self) -> Result<policy::FailoverPolicy, Rejected> {
        use policy::FailoverPolicy as Policy;
        match (self.policy, self.lease_ms) {
            (FailoverPolicy::Aggressive, None) => Ok(Policy::Aggressive),
            (FailoverPolicy::Balanced, None) => Ok(Policy::Balanced),
            (FailoverPolicy::Conservative, None) => Ok(Policy::Conservative),
            (FailoverPolicy::Custom, Some(lease_ms)) => Ok(Policy::Custom { lease_ms: lease_ms.0 }),
            (FailoverPolicy::Custom, None) => {
                Err(invalid("failover", "give leaseMs with CUSTOM: 150 to 60000".to_owned()))
            }
            (
                FailoverPolicy::Aggressive | FailoverPolicy::Balanced | FailoverPolicy::Conservative,
                Some(_),
            ) => Err(invalid("failover", "leaseMs goes with CUSTOM alone".to_owned())),
        }
    }
}

impl From<policy::FailoverPolicy> for Failover {
    fn from(policy: policy::FailoverPolicy) -> Self {
        let name = match policy {
            policy::FailoverPolicy::Aggressive => FailoverPolicy::Aggressive,
            policy::FailoverPolicy::Balanced => FailoverPolicy::Balanced,
            policy::FailoverPolicy::Conservative => FailoverPolicy::Conservative,
            policy::FailoverPolicy::Custom { .. } => FailoverPolicy::Custom,
        };
        Self { policy: name, lease_ms: policy.lease_ms().into() }
    }
}
