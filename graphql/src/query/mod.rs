//! The queries, one room per subject.

mod dead_letters;
mod events;
mod instance;
mod jetstream;
mod journals;
mod leadership;
mod members;
mod metrics;
mod past;
mod registry;
mod replicas;
mod system;
mod uptime;
mod verification;

use async_graphql::MergedObject;

pub(crate) use system::System;

/// Everything that can be asked.
#[derive(Debug, Default, MergedObject)]
pub struct Query(
    system::SystemQuery,
    registry::RegistryQuery,
    events::EventsQuery,
    instance::InstanceQuery,
    jetstream::JetStreamQuery,
    journals::JournalsQuery,
    leadership::LeadershipQuery,
    members::MembersQuery,
    metrics::MetricsQuery,
    dead_letters::DeadLettersQuery,
    past::PastQuery,
    replicas::ReplicasQuery,
    uptime::UptimeQuery,
    verification::VerificationQuery,
);
