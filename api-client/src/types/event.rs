//! Events of the log.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AggregateKind {
    /// The definition of a service.
    Definition,
    /// An instance of a service.
    Instance,
    /// Who leads a group.
    Leadership,
    /// The installation as a whole.
    Installation,
    /// A value that this version does not know.
    #[serde(other)]
    #[cfg_attr(test, schemars(skip))]
    Unknown,
}

/// One domain event of the log.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// The CloudEvents id.
    pub id: String,
    /// Its position in the log.
    pub sequence: u64,
    /// For example `aegis.leadership.leader_elected.v1`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// What it is about.
    pub kind: AggregateKind,
    /// For example `instance.trading-service.trading-service-1`.
    pub aggregate: String,
    /// None for what concerns the installation as a whole.
    pub service: Option<String>,
    /// The version of the aggregate after it.
    pub aggregate_version: u64,
    /// When it happened, by the clock of whoever recorded it.
    pub time: DateTime<Utc>,
    /// When the log took it, by the server's clock.
    pub recorded_at: DateTime<Utc>,
    /// Who caused it.
    pub actor: String,
    /// What it belongs to.
    pub correlation_id: Option<String>,
    /// What caused it.
    pub causation_id: Option<String>,
    /// One line for people.
    pub summary: String,
    /// Its fields, see `docs/events.md`.
    pub data: Value,
}

/// One page of the log.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct EventPage {
    /// In order of sequence.
    pub items: Vec<Event>,
    /// Where the page after this one begins, when there is more.
    pub next_cursor: Option<String>,
    /// Where the page before this one ends, when there is more.
    pub previous_cursor: Option<String>,
    /// Sequence of the last event that the answer takes into account.
    pub as_of_sequence: u64,
}
