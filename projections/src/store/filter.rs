//! Filters of events.

use aegis_domain::AggregateKind;
use chrono::{DateTime, Utc};

use crate::view::EventView;

/// Which events; every condition that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of these kinds; none means all.
    pub kinds: Vec<AggregateKind>,
    /// Of these types; none means all.
    pub types: Vec<String>,
    /// Of this service.
    pub service: Option<String>,
    /// Of this aggregate.
    pub aggregate: Option<String>,
    /// Caused by this actor.
    pub actor: Option<String>,
    /// Caused by actors that begin so.
    pub actor_prefix: Option<String>,
    /// With this id.
    pub id: Option<String>,
    /// Of this request or process.
    pub correlation: Option<String>,
    /// Caused by the event or request with this id.
    pub causation: Option<String>,
    /// None of these.
    pub without: Without,
    /// Recorded by the server at this time or later.
    pub from_time: Option<DateTime<Utc>>,
    /// Recorded by the server before this time.
    pub to_time: Option<DateTime<Utc>>,
    /// With this text in summary, type or aggregate; small and capital ASCII letters count as the same.
    pub text: Option<String>,
}

/// Which events a filter leaves out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Without {
    /// Those of these kinds.
    pub kinds: Vec<AggregateKind>,
    /// Those of these types.
    pub types: Vec<String>,
    /// Those of these services.
    pub services: Vec<String>,
    /// Those caused by these actors.
    pub actors: Vec<String>,
}

impl Without {
    fn takes(&self, event: &EventView) -> bool {
        let Self { kinds, types, services, actors } = self;
        let of_service = |service: &String| services.contains(service);
        !kinds.contains(&event.kind)
            && !types.contains(&event.event_type)
            && !event.service.as_ref().is_some_and(of_service)
            && !actors.contains(&event.actor)
    }
}

impl EventFilter {
    /// Whether the event is one of them: what the index answers, asked of one event.
    #[must_use]
    pub fn takes(&self, event: &EventView) -> bool {
        let Self {
            kinds,
            types,
            service,
            aggregate,
            actor,
            actor_prefix,
            id,
            correlation,
            causation,
            without,
            from_time,
            to_time,
            text,
        } = self;
        let within = |text: &str, part: &str| text.to_ascii_lowercase().contains(&part.to_ascii_lowercase());
        (kinds.is_empty() || kinds.contains(&event.kind))
            && (types.is_empty() || types.contains(&event.event_type))
            && (service.is_none() || *service == event.service)
            && aggregate.as_ref().is_none_or(|aggregate| *aggregate == event.aggregate)
            && actor.as_ref().is_none_or(|actor| *actor == event.actor)
            && actor_prefix.as_ref().is_none_or(|prefix| event.actor.starts_with(prefix.as_str()))
            && id.as_ref().is_none_or(|id| *id == event.id)
            && (correlation.is_none() || *correlation == event.correlation)
            && (causation.is_none() || *causation == event.causation)
            && without.takes(event)
            && from_time.is_none_or(|from| event.recorded_at >= from)
            && to_time.is_none_or(|to| event.recorded_at < to)
            && text.as_ref().is_none_or(|text| {
                [&event.summary, &event.event_type, &event.aggregate]
                    .into_iter()
                    .any(|in_it| within(in_it, text))
            })
    }
}
