//! One domain event of the log.

use aegis_domain::AggregateKind as Kind;
use aegis_projections::store;
use aegis_projections::view::EventView;
use async_graphql::{Enum, ID, InputObject, Json, SimpleObject};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::scalar::Long;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Kind")]
pub(crate) enum AggregateKind {
    Definition,
    Instance,
    Leadership,
    Installation,
}

/// One domain event of the log.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct Event {
    /// The CloudEvents id.
    id: ID,
    sequence: Long,
    /// For example `aegis.leadership.leader_elected.v1`.
    #[graphql(name = "type")]
    event_type: String,
    kind: AggregateKind,
    /// For example `instance.trading-service.trading-service-1`.
    aggregate: String,
    /// Null for what concerns the installation as a whole.
    service: Option<String>,
    aggregate_version: Long,
    /// When it happened, by the clock of whoever recorded it.
    time: DateTime<Utc>,
    /// When the log took it, by the server's clock; never before that of an earlier event.
    recorded_at: DateTime<Utc>,
    actor: String,
    correlation_id: Option<String>,
    causation_id: Option<String>,
    /// One line for people.
    summary: String,
    data: Json<Value>,
}

impl From<&EventView> for Event {
    fn from(view: &EventView) -> Self {
        Self {
            id: ID(view.id.clone()),
            sequence: view.sequence.into(),
            event_type: view.event_type.clone(),
            kind: view.kind.into(),
            aggregate: view.aggregate.clone(),
            service: view.service.clone(),
            aggregate_version: view.version.into(),
            time: view.time,
            recorded_at: view.recorded_at,
            actor: view.actor.clone(),
            correlation_id: view.correlation.clone(),
            causation_id: view.causation.clone(),
            summary: view.summary.clone(),
            data: Json(view.data.clone()),
        }
    }
}

#[derive(Debug, Clone, Default, InputObject)]
pub(crate) struct EventFilter {
    #[graphql(validator(max_items = 20))]
    kinds: Option<Vec<AggregateKind>>,
    /// At most 100.
    #[graphql(validator(max_items = 100, list, max_length = 200))]
    types: Option<Vec<String>>,
    #[graphql(validator(max_length = 200))]
    service: Option<String>,
    #[graphql(validator(max_length = 200))]
    aggregate: Option<String>,
    /// Caused by this actor, for example `user:alice`.
    #[graphql(validator(max_length = 200))]
    actor: Option<String>,
    /// Caused by actors that begin so, for example `user:`.
    #[graphql(validator(max_length = 200))]
    actor_prefix: Option<String>,
    #[graphql(validator(max_length = 200))]
    correlation_id: Option<String>,
    /// Caused by the event or request with this id.
    #[graphql(validator(max_length = 200))]
    causation_id: Option<String>,
    /// None of these.
    not: Option<EventExclusion>,
    /// Recorded at this time or later (`recordedAt`).
    from: Option<DateTime<Utc>>,
    /// Recorded before this time (`recordedAt`).
    to: Option<DateTime<Utc>>,
    /// Part of the summary, type or aggregate: at most 200 characters.
    #[graphql(validator(max_length = 200))]
    text: Option<String>,
}

/// Which events are left out.
#[derive(Debug, Clone, Default, InputObject)]
pub(crate) struct EventExclusion {
    #[graphql(validator(max_items = 20))]
    kinds: Option<Vec<AggregateKind>>,
    /// At most 100.
    #[graphql(validator(max_items = 100, list, max_length = 200))]
    types: Option<Vec<String>>,
    /// At most 100.
    #[graphql(validator(max_items = 100, list, max_length = 200))]
    services: Option<Vec<String>>,
    /// Caused by these actors, for example `user:alice`: at most 100.
    #[graphql(validator(max_items = 100, list, max_length = 200))]
    actors: Option<Vec<String>>,
}

impl From<EventExclusion> for store::Without {
    fn from(not: EventExclusion) -> Self {
        Self {
            kinds: not.kinds.unwrap_or_default().into_iter().map(Into::into).collect(),
            types: not.types.unwrap_or_default(),
            services: not.services.unwrap_or_default(),
            actors: not.actors.unwrap_or_default(),
        }
    }
}

/// How many events were recorded in a part of a range of time.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct EventBucket {
    /// When the part begins.
    at: DateTime<Utc>,
    count: Long,
    /// The same by type, in order of name.
    types: Vec<TypeCount>,
}

#[derive(Debug, Clone, SimpleObject)]
struct TypeCount {
    #[graphql(name = "type")]
    event_type: String,
    count: Long,
}

impl EventBucket {
    /// Of parts that begin at `from` and are so many microseconds long.
    pub(crate) fn of(bucket: store::Bucket, from: DateTime<Utc>, width: i64) -> Self {
        let number = i64::try_from(bucket.number).unwrap_or(i64::MAX);
        let since = TimeDelta::microseconds(number.saturating_mul(width));
        Self {
            at: from.checked_add_signed(since).unwrap_or(from),
            count: bucket.types.values().sum::<u64>().into(),
            types: bucket
                .types
                .into_iter()
                .map(|(event_type, count)| TypeCount { event_type, count: count.into() })
                .collect(),
        }
    }
}

/// What an event has changed: the aggregate before and after it, as the projection keeps it. A side on which there is
/// nothing is null.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct EventChange {
    pub(crate) before: Option<Json<Value>>,
    pub(crate) after: Option<Json<Value>>,
}

impl From<EventFilter> for store::EventFilter {
    fn from(filter: EventFilter) -> Self {
        Self {
            kinds: filter.kinds.unwrap_or_default().into_iter().map(Into::into).collect(),
            types: filter.types.unwrap_or_default(),
            service: filter.service,
            aggregate: filter.aggregate,
            actor: filter.actor,
            actor_prefix: filter.actor_prefix,
            id: None,
            correlation: filter.correlation_id,
            causation: filter.causation_id,
            without: filter.not.unwrap_or_default().into(),
            from_time: filter.from,
            to_time: filter.to,
            text: filter.text,
        }
    }
}
