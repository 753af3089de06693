//! Deliberate breakages: each takes one rule of the protocol away, and the checker must notice. A checker
//! that finds nothing in a broken system says nothing about a whole one.

use aegis_testkit::FaultProxy;
use clap::ValueEnum;

use crate::schedule::Mix;

/// The name of the connection that carries renewals and elections contains this.
pub(crate) const PULSE: &str = "pulse";

/// What is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sabotage {
    /// Writes of leases no longer expect a revision, so claims are no compare-and-set.
    DropExpectedRevision,
    /// Owners believe in a lease that is longer than what everybody else sees: in effect, there is no guard.
    SkipGuard,
    /// The sink does not look at terms.
    OpenSink,
}

impl Sabotage {
    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// The faults under which its absence shows.
    #[must_use]
    pub fn mix(self) -> Mix {
        match self {
            Self::DropExpectedRevision => Mix::CrossedClaims,
            Self::SkipGuard => Mix::PulseCuts,
            Self::OpenSink => Mix::Suspensions,
        }
    }

    /// What is done on the wire, so that the members run as they are shipped.
    pub(crate) fn tamper(self, proxy: &FaultProxy) {
        match self {
            Self::DropExpectedRevision => proxy.rewrite(
                PULSE,
                "Nats-Expected-Last-Subject-Sequence",
                "Nats-Expected-Last-Subject-Xequence",
            ),
            Self::SkipGuard => proxy.rewrite(PULSE, "\"lease_ms\":4000", "\"lease_ms\": 300"),
            Self::OpenSink => {}
        }
    }

    /// What a member is started with.
    pub(crate) fn member_args(self) -> &'static [&'static str] {
        match self {
            Self::DropExpectedRevision => &[],
            Self::SkipGuard => &["--long-lease"],
            Self::OpenSink => &["--open-sink"],
        }
    }
}
