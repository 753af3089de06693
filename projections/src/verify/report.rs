//! The outcome of a verification.

use aegis_domain::Sequence;

use super::{Finding, Heads};
use crate::State;

/// The outcome of a verification.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The stream.
    pub stream: String,
    /// The last message of the log.
    pub last: Sequence,
    /// Messages read.
    pub messages: u64,
    /// Events among them.
    pub events: u64,
    /// Aggregates that they belong to.
    pub aggregates: u64,
    /// What is wrong, in the order of the log, then of the projections.
    pub findings: Vec<Finding>,
    /// The heads of the chains, for a later verification.
    pub heads: Heads,
    /// The registry by the log.
    pub state: State,
}

impl Report {
    /// Whether everything is as it must be.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}
