//! The queries, one room per subject.

mod dead_letters;
mod events;
mod metrics;
mod past;
mod registry;
mod system;

use async_graphql::MergedObject;

/// Everything that can be asked.
#[derive(Debug, Default, MergedObject)]
pub struct Query(
    system::SystemQuery,
    registry::RegistryQuery,
    events::EventsQuery,
    metrics::MetricsQuery,
    dead_letters::DeadLettersQuery,
    past::PastQuery,
);
