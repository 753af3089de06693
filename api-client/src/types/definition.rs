//! Definitions, and what changes them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Whether a definition is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DefinitionStatus {
    /// It is.
    Active,
    /// It was taken out of use.
    Retired,
    /// A value that this version does not know.
    #[serde(other)]
    #[cfg_attr(test, schemars(skip))]
    Unknown,
}

/// What becomes of an instance that starts while the definition is not in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RegistrationPolicy {
    /// It starts.
    Open,
    /// It starts, and is flagged.
    Warn,
    /// It is refused.
    Enforce,
    /// A value that this version does not know. A replica refuses it.
    #[serde(other)]
    #[cfg_attr(test, schemars(skip))]
    Unknown,
}

/// How fast a lost owner of a group is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FailoverPolicy {
    /// A lease of 300 ms.
    Aggressive,
    /// A lease of 1 s.
    Balanced,
    /// A lease of 4 s.
    Conservative,
    /// A lease of one's own.
    Custom,
    /// A value that this version does not know. A replica refuses it.
    #[serde(other)]
    #[cfg_attr(test, schemars(skip))]
    Unknown,
}

/// A failover policy with the lease that it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Failover {
    /// The policy.
    pub policy: FailoverPolicy,
    /// Its lease in milliseconds.
    pub lease_ms: u64,
}

/// A failover policy as it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FailoverInput {
    /// The policy.
    pub policy: FailoverPolicy,
    /// With [`FailoverPolicy::Custom`], and only with it: 150 to 60,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_ms: Option<u64>,
}

/// The definition of a service.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Definition {
    /// The service.
    pub service: String,
    /// Who answers for it.
    pub owner: String,
    /// What it does.
    pub description: String,
    /// The version that should run.
    pub version: String,
    /// Whether it is in use.
    pub status: DefinitionStatus,
    /// The fewest instances that should run.
    pub min_instances: Option<u64>,
    /// The most instances that should run.
    pub max_instances: Option<u64>,
    /// The 99th percentile of latency that is still well, in milliseconds, over a minute.
    pub p99_limit_ms: Option<u64>,
    /// The share of calls that may fail, in percent, over a minute.
    pub error_limit_percent: Option<f64>,
    /// None where each instance's own setting holds.
    pub failover: Option<Failover>,
    /// What becomes of instances while it is not in use.
    pub registration: RegistrationPolicy,
    /// Free labels.
    pub labels: BTreeMap<String, String>,
    /// What a change is based on: the number in the `ETag`.
    pub revision: u64,
    /// When the service was first defined.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Who changed it last.
    pub updated_by: String,
    /// Sequence of the last event that changed it.
    pub as_of_sequence: u64,
}

/// What was done to a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DefinitionAction {
    /// It was made.
    Defined,
    /// It was changed.
    Amended,
    /// It was taken out of use.
    Retired,
    /// It was brought back.
    Reinstated,
    /// A value that this version does not know.
    #[serde(other)]
    #[cfg_attr(test, schemars(skip))]
    Unknown,
}

/// One field that is different; a side without a value is none.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FieldChange {
    /// The field; a label is `labels.<key>`.
    pub field: String,
    /// Its value before.
    pub before: Option<String>,
    /// Its value after.
    pub after: Option<String>,
}

/// One version of a definition.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DefinitionRevision {
    /// Its number.
    pub revision: u64,
    /// The event that made it.
    pub sequence: u64,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: String,
    /// What was done.
    pub action: DefinitionAction,
    /// Why, where somebody said so.
    pub reason: Option<String>,
    /// What is different from the version before.
    pub changes: Vec<FieldChange>,
}

/// What a definition says. A field that is absent has no value, or the usual one.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// Who answers for the service.
    pub owner: String,
    /// What it does.
    pub description: String,
    /// The version that should run.
    pub version: String,
    /// The fewest instances that should run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_instances: Option<u64>,
    /// The most instances that should run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_instances: Option<u64>,
    /// The 99th percentile of latency that is still well, in milliseconds, over a minute: 1 to 60 000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99_limit_ms: Option<u64>,
    /// The share of calls that may fail, in percent with two decimals at most, over a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_limit_percent: Option<f64>,
    /// How fast a lost owner of a group is replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failover: Option<FailoverInput>,
    /// `WARN` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration: Option<RegistrationPolicy>,
    /// None when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// Why, for the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The first version of a definition.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct New {
    /// The service.
    pub service: String,
    /// What its definition says.
    #[serde(flatten)]
    pub content: Content,
}

/// A change was recorded at `sequence`: answers contain it once their `as_of_sequence` is at least that.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Change {
    /// The service.
    pub service: String,
    /// The revision that it led to.
    pub revision: u64,
    /// The event that records it.
    pub sequence: u64,
}
