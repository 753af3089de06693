//! Definitions, and what changes them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::http::rest) enum DefinitionStatus {
    Active,
    Retired,
}

/// What becomes of an instance that starts while the definition is not in use.
#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::http::rest) enum RegistrationPolicy {
    /// It starts.
    Open,
    /// It starts, and is flagged.
    #[default]
    Warn,
    /// It is refused.
    Enforce,
}

/// How fast a lost owner of a group is replaced.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::http::rest) enum FailoverPolicy {
    Aggressive,
    Balanced,
    Conservative,
    Custom,
}

#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::rest) struct Failover {
    policy: FailoverPolicy,
    lease_ms: u64,
}

#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http::rest) struct FailoverInput {
    policy: FailoverPolicy,
    /// With `CUSTOM`, and only with it.
    #[schema(minimum = 150, maximum = 60000)]
    lease_ms: Option<u64>,
}

/// The definition of a service.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::rest) struct Definition {
    service: String,
    owner: String,
    description: String,
    version: String,
    status: DefinitionStatus,
    min_instances: Option<u64>,
    max_instances: Option<u64>,
    /// The 99th percentile of latency that is still well, in milliseconds, over a minute.
    p99_limit_ms: Option<u64>,
    /// The share of calls that may fail, in percent, over a minute.
    error_limit_percent: Option<f64>,
    /// Null where each instance's own setting holds.
    failover: Option<Failover>,
    registration: RegistrationPolicy,
    labels: BTreeMap<String, String>,
    /// The number in the `ETag`.
    pub(in crate::http::rest) revision: u64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    updated_by: String,
    as_of_sequence: u64,
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::http::rest) enum DefinitionAction {
    Defined,
    Amended,
    Retired,
    Reinstated,
}

/// One field that is different; a side without a value is null.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub(in crate::http::rest) struct FieldChange {
    /// A label is `labels.<key>`.
    field: String,
    before: Option<String>,
    after: Option<String>,
}

/// One version of a definition.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub(in crate::http::rest) struct DefinitionRevision {
    revision: u64,
    /// The event that made it.
    sequence: u64,
    at: DateTime<Utc>,
    by: String,
    action: DefinitionAction,
    /// Why, where somebody said so.
    reason: Option<String>,
    /// What is different from the version before.
    changes: Vec<FieldChange>,
}

/// What a definition says. A field that is absent has no value, or the usual one.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http::rest) struct Content {
    #[schema(min_length = 1, max_length = 100)]
    pub(in crate::http::rest) owner: String,
    #[schema(min_length = 1, max_length = 500)]
    pub(in crate::http::rest) description: String,
    #[schema(max_length = 32, pattern = r"^[0-9]+\.[0-9]+\.[0-9]+$")]
    pub(in crate::http::rest) version: String,
    pub(in crate::http::rest) min_instances: Option<u64>,
    pub(in crate::http::rest) max_instances: Option<u64>,
    /// In milliseconds.
    #[schema(minimum = 1, maximum = 60000)]
    pub(in crate::http::rest) p99_limit_ms: Option<u64>,
    /// With two decimals at most.
    #[schema(minimum = 0, maximum = 100)]
    pub(in crate::http::rest) error_limit_percent: Option<f64>,
    pub(in crate::http::rest) failover: Option<FailoverInput>,
    /// `WARN` when absent.
    pub(in crate::http::rest) registration: Option<RegistrationPolicy>,
    /// None when absent.
    pub(in crate::http::rest) labels: Option<BTreeMap<String, String>>,
    /// Why, for the record.
    #[schema(min_length = 1, max_length = 500)]
    pub(in crate::http::rest) reason: Option<String>,
}

/// The first version of a definition.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http::rest) struct New {
    #[schema(min_length = 3, max_length = 64, pattern = "^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
    pub(in crate::http::rest) service: String,
    #[schema(min_length = 1, max_length = 100)]
    owner: String,
    #[schema(min_length = 1, max_length = 500)]
    description: String,
    #[schema(max_length = 32, pattern = r"^[0-9]+\.[0-9]+\.[0-9]+$")]
    version: String,
    min_instances: Option<u64>,
    max_instances: Option<u64>,
    /// In milliseconds.
    #[schema(minimum = 1, maximum = 60000)]
    p99_limit_ms: Option<u64>,
    /// With two decimals at most.
    #[schema(minimum = 0, maximum = 100)]
    error_limit_percent: Option<f64>,
    failover: Option<FailoverInput>,
    /// `WARN` when absent.
    registration: Option<RegistrationPolicy>,
    /// None when absent.
    labels: Option<BTreeMap<String, String>>,
    /// Why, for the record.
    #[schema(min_length = 1, max_length = 500)]
    reason: Option<String>,
}

/// The change was recorded at `sequence`: answers contain it once their `asOfSequence` is at least that.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub(in crate::http::rest) struct Change {
    pub(in crate::http::rest) service: String,
    pub(in crate::http::rest) revision: u64,
    sequence: u64,
}

impl New {
    pub(in crate::http::rest) fn of(service: String, content: Content) -> Self {
        let Content { owner, description, version, min_instances, max_instances, .. } = content;
        let Content { p99_limit_ms, error_limit_percent, failover, registration, labels, reason, .. } =
            content;
        Self {
            service,
            owner,
            description,
            version,
            min_instances,
            max_instances,
            p99_limit_ms,
            error_limit_percent,
            failover,
            registration,
            labels,
            reason,
        }
    }
}

macro_rules! definition_fields {
    () => {
        " service owner description version status minInstances maxInstances p99LimitMs errorLimitPercent
          failover { policy leaseMs }
          registration labels revision createdAt updatedAt updatedBy asOfSequence "
    };
}
macro_rules! revision_fields {
    () => {
        " revision sequence at by action reason changes { field before after } "
    };
}
pub(in crate::http::rest) use {definition_fields, revision_fields};
