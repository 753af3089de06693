//! The queries, one room per subject.

mod dead_letters;
mod events;
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
    dead_letters::DeadLettersQuery,
    past::PastQuery,
);
