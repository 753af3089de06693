//! Who leads which group.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The owner of a group.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::rest) struct Leader {
    /// `<service>/<group>`
    id: String,
    service: String,
    group: String,
    /// The fencing token: grows by one at each change of owner.
    term: u64,
    /// Null while nobody leads.
    instance: Option<String>,
    since: DateTime<Utc>,
    reason: String,
    /// How long the group had no owner before this term, in milliseconds, where known.
    vacancy_ms: Option<u64>,
    as_of_sequence: u64,
}

/// Who is to have the group, and why.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http::rest) struct StepDown {
    /// The member that is to have it; whichever comes first when absent.
    pub(in crate::http::rest) to: Option<String>,
    /// Why, for the record.
    #[schema(min_length = 1, max_length = 500)]
    pub(in crate::http::rest) reason: String,
}

/// The group has a new owner.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub(in crate::http::rest) struct HandedOver {
    service: String,
    group: String,
    /// The new owner.
    instance: String,
    /// Its term.
    term: u64,
    /// Sequence of the request in the log.
    sequence: u64,
}

macro_rules! leader_fields {
    () => {
        " id service group term instance since reason vacancyMs asOfSequence "
    };
}
pub(in crate::http::rest) use leader_fields;
