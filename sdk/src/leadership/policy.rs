//! How fast a lost owner is replaced, against how much delay an owner may suffer.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A failover policy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// Lease 300 ms: the fastest, for quiet networks and machines.
    Aggressive,
    /// Lease 1 s.
    #[default]
    Balanced,
    /// Lease 4 s: for machines that pause or networks that stall.
    Conservative,
}

impl Policy {
    /// How long a session lives after its last renewal.
    #[must_use]
    pub fn lease(self) -> Duration {
        match self {
            Self::Aggressive => Duration::from_millis(300),
            Self::Balanced => Duration::from_secs(1),
            Self::Conservative => Duration::from_secs(4),
        }
    }

    /// How often the session is renewed.
    #[must_use]
    pub fn renew_every(self) -> Duration {
        self.lease() / 3
    }

    /// How much earlier than the end of its lease an owner stops acting: it covers the drift between
    /// two clocks over one lease, and the time from the last check to the effect.
    #[must_use]
    pub fn margin(self) -> Duration {
        self.lease() / 20
    }

    /// How much later each further rank claims a vacant group.
    #[must_use]
    pub fn rank_step(self) -> Duration {
        self.lease() / 4
    }
}
