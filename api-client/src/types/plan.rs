//! What operators plan.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A time in which nobody takes over what an owner of these groups loses, but that owner itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Maintenance {
    /// The service.
    pub service: String,
    /// None for all groups of the service.
    pub group: Option<String>,
    /// When it ends by itself, by the server's clock.
    pub until: DateTime<Utc>,
    /// Why.
    pub reason: String,
    /// Who has begun it.
    pub by: String,
    /// When it was begun, or given its end.
    pub since: DateTime<Utc>,
    /// The event that says so.
    pub sequence: u64,
}

/// A group that is to be handed over at a time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Switchover {
    /// The service.
    pub service: String,
    /// The group.
    pub group: String,
    /// The member that is to have it; whichever comes first without one.
    pub to: Option<String>,
    /// When, by the server's clock.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: String,
    /// Who has planned it.
    pub by: String,
    /// When it was planned.
    pub since: DateTime<Utc>,
    /// The event that says so.
    pub sequence: u64,
    /// When it began; none until then.
    pub begun_at: Option<DateTime<Utc>>,
}

/// What is planned, in order of service and group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Plans {
    /// Maintenance that goes on.
    pub maintenances: Vec<Maintenance>,
    /// Switchovers that are planned or under way.
    pub switchovers: Vec<Switchover>,
    /// Sequence of the last event that the answer contains.
    pub as_of_sequence: u64,
}

/// From now on nobody takes over what an owner of these groups loses.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BeginMaintenance {
    /// All groups of the service without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// When it ends by itself, by the server's clock: at most seven days ahead.
    pub until: DateTime<Utc>,
    /// Why, for the record.
    pub reason: String,
}

/// Lost groups are taken over again.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EndMaintenance {
    /// As it was begun: of this group, or of all without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Why, for the record.
    pub reason: String,
}

/// When a group is to be handed over, to whom, and why.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ScheduleSwitchover {
    /// The member that is to have it; whichever comes first without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// When, by the server's clock: at most thirty days ahead.
    pub at: DateTime<Utc>,
    /// Why, for the record.
    pub reason: String,
}

/// It is recorded: answers contain it once their `as_of_sequence` is at least this.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PlanRecorded {
    /// The event.
    pub sequence: u64,
}
