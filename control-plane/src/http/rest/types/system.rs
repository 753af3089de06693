//! The control plane itself, and whoever asks it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::http::rest) enum Role {
    Viewer,
    Auditor,
    Operator,
    Admin,
}

/// Whoever asks.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub(in crate::http::rest) struct Viewer {
    name: String,
    role: Role,
}

/// What keeps a replica from being what it should be.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub(in crate::http::rest) struct ReplicaProblem {
    part: String,
    code: String,
    message: String,
    since: DateTime<Utc>,
}

/// So many instances fell silent at once that the fault is thought to be with whoever listens.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub(in crate::http::rest) struct SelfPreservation {
    since: DateTime<Utc>,
    silent: u64,
    alive: u64,
}

/// What a replica does again and again. Moments are told by the clock of the replica.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::rest) struct BackgroundTask {
    /// What it is called, stable: also the label `task` of the metrics.
    name: String,
    /// From the beginning of an activation to that of the next one, in milliseconds.
    period_ms: u64,
    /// Activations that have ended since the replica started.
    runs: u64,
    /// Those of them that failed, and panics.
    failures: u64,
    /// Whether an activation is under way.
    running: bool,
    /// When the last activation began; null before the first one.
    last_started_at: Option<DateTime<Utc>>,
    /// How long the last activation that has ended took, in milliseconds.
    last_duration_ms: Option<f64>,
    /// When an activation last succeeded; null before the first one that did.
    last_succeeded_at: Option<DateTime<Utc>>,
    /// Why the last activation failed; null when it succeeded.
    last_error: Option<String>,
    /// When the next activation is due at the latest; null while it waits for its first one, and after a panic.
    next_due_at: Option<DateTime<Utc>>,
    /// What the last activation that succeeded had to say, for people.
    status: Option<String>,
}

/// The replica that answers.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::rest) struct System {
    version: String,
    namespace: String,
    /// The time by the clock of NATS.
    time: DateTime<Utc>,
    /// The log that it tells of: the stream, and when it was created.
    history: String,
    /// Sequence of the last event that it has applied.
    as_of_sequence: u64,
    /// Sequence of the last event in the log.
    head_sequence: u64,
    projection_lag: u64,
    rebuilding: bool,
    rebuild_sequence: Option<u64>,
    log_gaps: u64,
    nats_connected: bool,
    heartbeats_visible: bool,
    self_preservation: Option<SelfPreservation>,
    dead_letters: u64,
    /// Empty when all is well.
    problems: Vec<ReplicaProblem>,
    /// What it does again and again, in order of name.
    tasks: Vec<BackgroundTask>,
}

/// The projection was rebuilt.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub(in crate::http::rest) struct Rebuilt {
    /// Where the new one took the place of the old.
    pub(in crate::http::rest) sequence: u64,
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::http::rest) enum VerificationStatus {
    Running,
    /// Everything was as it was written.
    Clean,
    /// Something was not.
    Findings,
    /// It could not be carried out, and says nothing of the log.
    Failed,
}

/// A verification of the log.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::rest) struct Verification {
    status: VerificationStatus,
    /// Who asked for it.
    by: String,
    begun_at: DateTime<Utc>,
    /// Null while it goes on.
    ended_at: Option<DateTime<Utc>>,
    /// Sequence of the last message that was looked at.
    position: u64,
    messages: Option<u64>,
    events: Option<u64>,
    aggregates: Option<u64>,
    /// The digest of all chain heads.
    digest: Option<String>,
    finding_count: u64,
    /// The first hundred.
    findings: Vec<VerificationFinding>,
    /// Why it failed.
    message: Option<String>,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub(in crate::http::rest) struct VerificationFinding {
    code: String,
    detail: String,
    repairable: bool,
}

macro_rules! verification_fields {
    () => {
        " status by begunAt endedAt position messages events aggregates digest findingCount
          findings { code detail repairable } message "
    };
}
macro_rules! system_fields {
    () => {
        " version namespace time history asOfSequence headSequence projectionLag rebuilding rebuildSequence logGaps
          natsConnected heartbeatsVisible selfPreservation { since silent alive } deadLetters
          problems { part code message since }
          tasks { name periodMs runs failures running lastStartedAt lastDurationMs lastSucceededAt lastError nextDueAt status } "
    };
}
pub(in crate::http::rest) use {system_fields, verification_fields};
