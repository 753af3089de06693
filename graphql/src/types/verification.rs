//! A verification of the log.

use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Utc};

use super::scalar::Long;
use crate::ports::{self, Verdict};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum VerificationStatus {
    Running,
    /// Everything was as it was written.
    Clean,
    /// Something was not.
    Findings,
    /// It could not be carried out, and says nothing of the log.
    Failed,
}

/// A verification of the log by this replica: chains, gaps, settings of the stream, and the KV entries against the log.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct Verification {
    status: VerificationStatus,
    /// Who asked for it.
    by: String,
    begun_at: DateTime<Utc>,
    /// Null while it goes on.
    ended_at: Option<DateTime<Utc>>,
    /// Sequence of the last message that was looked at.
    position: Long,
    messages: Option<Long>,
    events: Option<Long>,
    /// How many chains there are.
    aggregates: Option<Long>,
    /// The digest of all chain heads, as `aegis verify` tells it.
    digest: Option<String>,
    finding_count: Long,
    /// The first hundred.
    findings: Vec<VerificationFinding>,
    /// Why it failed.
    message: Option<String>,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct VerificationFinding {
    code: String,
    detail: String,
    /// Whether writing the projections anew mends it: `aegis verify --repair`.
    repairable: bool,
}

impl From<ports::Verification> for Verification {
    fn from(port: ports::Verification) -> Self {
        let ports::Verification { by, begun, ended, position, outcome } = port;
        let mut told = Self {
            status: VerificationStatus::Running,
            by,
            begun_at: begun,
            ended_at: ended,
            position: position.into(),
            messages: None,
            events: None,
            aggregates: None,
            digest: None,
            finding_count: Long(0),
            findings: vec![],
            message: None,
        };
        match outcome {
            None => {}
            Some(Verdict::Failed { message }) => {
                (told.status, told.message) = (VerificationStatus::Failed, Some(message));
            }
            Some(Verdict::Done { messages, events, aggregates, digest, count, findings }) => {
                told.status =
                    if count == 0 { VerificationStatus::Clean } else { VerificationStatus::Findings };
                told.messages = Some(messages.into());
                told.events = Some(events.into());
                told.aggregates = Some(aggregates.into());
                told.digest = Some(digest);
                told.finding_count = count.into();
                told.findings = findings.into_iter().map(Into::into).collect();
            }
        }
        told
    }
}

impl From<ports::VerificationFinding> for VerificationFinding {
    fn from(finding: ports::VerificationFinding) -> Self {
        let ports::VerificationFinding { code, detail, repairable } = finding;
        Self { code, detail, repairable }
    }
}
