//! Events of the log.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::http::rest) enum AggregateKind {
    Definition,
    Instance,
    Leadership,
    Installation,
}

/// One domain event of the log.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::rest) struct Event {
    /// The CloudEvents id.
    pub(in crate::http::rest) id: String,
    pub(in crate::http::rest) sequence: u64,
    /// For example `aegis.leadership.leader_elected.v1`.
    #[serde(rename = "type")]
    event_type: String,
    kind: AggregateKind,
    /// For example `instance.trading-service.trading-service-1`.
    aggregate: String,
    /// Null for what concerns the installation as a whole.
    service: Option<String>,
    aggregate_version: u64,
    /// When it happened, by the clock of whoever recorded it.
    time: DateTime<Utc>,
    /// When the log took it, by the server's clock.
    recorded_at: DateTime<Utc>,
    actor: String,
    correlation_id: Option<String>,
    causation_id: Option<String>,
    /// One line for people.
    summary: String,
    /// See `docs/events.md`.
    data: serde_json::Value,
}

macro_rules! event_fields {
    () => {
        " id sequence type kind aggregate service aggregateVersion time recordedAt actor correlationId causationId
          summary data "
    };
}
pub(in crate::http::rest) use event_fields;
