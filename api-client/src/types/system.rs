//! The control plane itself, and the viewer.

use chrono::{DateTime, Utc};
use serde::Deserialize;

/// What a principal may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// Look at what stands.
    Viewer,
    /// Look at the log and the past, too.
    Auditor,
    /// Move groups, drain instances, decide on dead letters, too.
    Operator,
    /// Everything.
    Admin,
    /// A value that this version does not know.
    #[serde(other)]
    #[cfg_attr(test, schemars(skip))]
    Unknown,
}

/// Whoever asks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Viewer {
    /// In whose name changes are recorded.
    pub name: String,
    /// What it may do.
    pub role: Role,
}

/// What keeps a replica from being what it should be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ReplicaProblem {
    /// The part that it is about.
    pub part: String,
    /// Its code.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// So many instances fell silent at once that the fault is thought to be with whoever listens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SelfPreservation {
    /// Since when.
    pub since: DateTime<Utc>,
    /// How many were silent.
    pub silent: u64,
    /// Of how many.
    pub alive: u64,
}

/// What a replica does again and again. Moments are told by the clock of the replica.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BackgroundTask {
    /// What it is called, stable.
    pub name: String,
    /// From the beginning of an activation to that of the next one, in milliseconds.
    pub period_ms: u64,
    /// Activations that have ended since the replica started.
    pub runs: u64,
    /// Those of them that failed, and panics.
    pub failures: u64,
    /// Whether an activation is under way.
    pub running: bool,
    /// When the last activation began; none before the first one.
    pub last_started_at: Option<DateTime<Utc>>,
    /// How long the last activation that has ended took, in milliseconds.
    pub last_duration_ms: Option<f64>,
    /// When an activation last succeeded; none before the first one that did.
    pub last_succeeded_at: Option<DateTime<Utc>>,
    /// Why the last activation failed; none when it succeeded.
    pub last_error: Option<String>,
    /// When the next activation is due at the latest; none while it waits for its first one, and after a panic.
    pub next_due_at: Option<DateTime<Utc>>,
    /// What the last activation that succeeded had to say, for people.
    pub status: Option<String>,
}

/// The replica that answers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct System {
    /// Its version.
    pub version: String,
    /// The installation that it serves.
    pub namespace: String,
    /// The time by the clock of NATS.
    pub time: DateTime<Utc>,
    /// The log that it tells of: the stream, and when it was created.
    pub history: String,
    /// Sequence of the last event that it has applied.
    pub as_of_sequence: u64,
    /// Sequence of the last event in the log.
    pub head_sequence: u64,
    /// How many events it is behind.
    pub projection_lag: u64,
    /// Whether it makes its projection anew.
    pub rebuilding: bool,
    /// How far that has come.
    pub rebuild_sequence: Option<u64>,
    /// How many stretches of the log are lost.
    pub log_gaps: u64,
    /// Whether it is connected to NATS.
    pub nats_connected: bool,
    /// Whether it can read heartbeats.
    pub heartbeats_visible: bool,
    /// Set while it marks no instance down.
    pub self_preservation: Option<SelfPreservation>,
    /// How many dead letters there are.
    pub dead_letters: u64,
    /// Empty when all is well.
    pub problems: Vec<ReplicaProblem>,
    /// What it does again and again, in order of name.
    pub tasks: Vec<BackgroundTask>,
}

/// The projection was rebuilt.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Rebuilt {
    /// Where the new one took the place of the old.
    pub sequence: u64,
}

/// How a verification stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VerificationStatus {
    /// It goes on.
    Running,
    /// Everything was as it was written.
    Clean,
    /// Something was not.
    Findings,
    /// It could not be carried out, and says nothing of the log.
    Failed,
}

/// A verification of the log.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// How it stands.
    pub status: VerificationStatus,
    /// Who asked for it.
    pub by: String,
    /// When it began.
    pub begun_at: DateTime<Utc>,
    /// When it ended; none while it goes on.
    pub ended_at: Option<DateTime<Utc>>,
    /// The last message that was looked at.
    pub position: u64,
    /// Messages that were looked at, once it has ended.
    pub messages: Option<u64>,
    /// Events among them.
    pub events: Option<u64>,
    /// Chains.
    pub aggregates: Option<u64>,
    /// The digest of all chain heads.
    pub digest: Option<String>,
    /// How many findings there are.
    pub finding_count: u64,
    /// The first hundred.
    pub findings: Vec<VerificationFinding>,
    /// Why it failed.
    pub message: Option<String>,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VerificationFinding {
    /// What kind it is, stable.
    pub code: String,
    /// What it is.
    pub detail: String,
    /// Whether writing the projections anew mends it.
    pub repairable: bool,
}
