//! The port to verifications of the log.

use aegis_domain::Sequence;
use chrono::{DateTime, Utc};

use super::Principal;

/// A verification of the log, under way or done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Who asked for it.
    pub by: String,
    /// When it began.
    pub begun: DateTime<Utc>,
    /// When it ended; none while it goes on.
    pub ended: Option<DateTime<Utc>>,
    /// The last message that was looked at.
    pub position: Sequence,
    /// What it came to; none while it goes on.
    pub outcome: Option<Verdict>,
}

/// What a verification came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It could not be carried out, and says nothing of the log.
    Failed {
        /// Why; it may leave the process.
        message: String,
    },
    /// All was looked at.
    Done {
        /// Messages.
        messages: u64,
        /// Events among them.
        events: u64,
        /// Chains.
        aggregates: u64,
        /// The digest of all chain heads.
        digest: String,
        /// How many findings there are.
        count: u64,
        /// The first of them.
        findings: Vec<VerificationFinding>,
    },
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationFinding {
    /// What kind it is, stable.
    pub code: String,
    /// What it is.
    pub detail: String,
    /// Whether writing the projections anew mends it.
    pub repairable: bool,
}

/// Verifies the log.
pub trait Verifier: Send + Sync {
    /// The one that is under way, or the last one since this replica started.
    fn verification(&self) -> Option<Verification>;
    /// Begins one, unless one is under way; answers the one that is.
    fn verify(&self, by: &Principal) -> Verification;
}
