//! What operators plan.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A time in which nobody takes over what an owner of these groups loses, but that owner itself.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub(in crate::http::rest) struct Maintenance {
    service: String,
    /// Null for all groups of the service.
    group: Option<String>,
    /// When it ends by itself, by the server's clock.
    until: DateTime<Utc>,
    reason: String,
    by: String,
    /// When it was begun, or given its end.
    since: DateTime<Utc>,
    /// The event that says so.
    sequence: u64,
}

/// A group that is to be handed over at a time.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::rest) struct Switchover {
    service: String,
    group: String,
    /// The member that is to have it; whichever comes first where it is null.
    to: Option<String>,
    /// When, by the server's clock.
    at: DateTime<Utc>,
    reason: String,
    by: String,
    /// When it was planned.
    since: DateTime<Utc>,
    /// The event that says so.
    sequence: u64,
    /// When it began; null until then.
    begun_at: Option<DateTime<Utc>>,
}

/// As the schema tells it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::rest) struct PlansData {
    maintenances: Vec<Maintenance>,
    switchovers: Vec<Switchover>,
    as_of_sequence: u64,
}

/// What is planned, in order of service and group.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::rest) struct Plans {
    maintenances: Vec<Maintenance>,
    switchovers: Vec<Switchover>,
    /// Sequence of the last event that the answer contains.
    as_of_sequence: u64,
}

/// From now on nobody takes over what an owner of these groups loses.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http::rest) struct BeginMaintenance {
    /// All groups of the service when absent.
    pub(in crate::http::rest) group: Option<String>,
    /// When it ends by itself, by the server's clock: at most seven days ahead.
    pub(in crate::http::rest) until: DateTime<Utc>,
    /// Why, for the record.
    #[schema(min_length = 1, max_length = 500)]
    pub(in crate::http::rest) reason: String,
}

/// Lost groups are taken over again.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http::rest) struct EndMaintenance {
    /// As it was begun: of this group, or of all when absent.
    pub(in crate::http::rest) group: Option<String>,
    /// Why, for the record.
    #[schema(min_length = 1, max_length = 500)]
    pub(in crate::http::rest) reason: String,
}

/// When a group is to be handed over, to whom, and why.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http::rest) struct ScheduleSwitchover {
    /// The member that is to have it; whichever comes first when absent.
    pub(in crate::http::rest) to: Option<String>,
    /// When, by the server's clock: at most thirty days ahead.
    pub(in crate::http::rest) at: DateTime<Utc>,
    /// Why, for the record.
    #[schema(min_length = 1, max_length = 500)]
    pub(in crate::http::rest) reason: String,
}

/// It is recorded at `sequence`: answers contain it once their `asOfSequence` is at least that.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub(in crate::http::rest) struct PlanRecorded {
    sequence: u64,
}

impl From<PlansData> for Plans {
    fn from(data: PlansData) -> Self {
        let PlansData { maintenances, switchovers, as_of_sequence } = data;
        Self { maintenances, switchovers, as_of_sequence }
    }
}
