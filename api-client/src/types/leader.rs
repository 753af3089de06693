//! Who leads which group.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The owner of a group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Leader {
    /// `<service>/<group>`
    pub id: String,
    /// The service.
    pub service: String,
    /// The group.
    pub group: String,
    /// The fencing token: grows by one at each change of owner.
    pub term: u64,
    /// None while nobody leads.
    pub instance: Option<String>,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Why the term began.
    pub reason: String,
    /// How long the group had no owner before this term, in milliseconds, where known.
    pub vacancy_ms: Option<u64>,
    /// Sequence of the last event that changed it.
    pub as_of_sequence: u64,
}

/// Who is to have a group, and why.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StepDown {
    /// The member that is to have it; whichever comes first when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Why, for the record.
    pub reason: String,
}

/// A group has a new owner.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HandedOver {
    /// The service.
    pub service: String,
    /// The group.
    pub group: String,
    /// The new owner.
    pub instance: String,
    /// Its term.
    pub term: u64,
    /// Sequence of the request in the log.
    pub sequence: u64,
}
