//! Putting the schema together.

use aegis_projections::{Rollups, Store};
use async_graphql::Schema;

use crate::bounds::{Limits, Registered};
use crate::codes::Codes;
use crate::listing::{GroupQuestion, InstanceQuestion, Listings, ServiceQuestion};
use crate::mutation::Mutation;
use crate::ports::Ports;
use crate::query::Query;
use crate::shared::Texts;
use crate::subscription::{Subscription, Tails};

/// The schema, ready to execute.
pub type ApiSchema = Schema<Query, Mutation, Subscription>;

/// The schema over these ports and these files, with these documents registered.
#[must_use]
pub fn build(store: Store, rollups: Rollups, ports: Ports, registered: Registered) -> ApiSchema {
    let Ports { feed, commands, health, letters, log, jetstream, journals, verifier, replicas } = ports;
    Schema::build(Query::default(), Mutation::default(), Subscription)
        // Each word of a query would be compared with each name of the schema.
        .disable_suggestions()
        .extension(Codes)
        .extension(Limits::new(registered))
        .data(store)
        .data(rollups)
        .data(feed)
        .data(commands)
        .data(health)
        .data(letters)
        .data(log)
        .data(jetstream)
        .data(journals)
        .data(verifier)
        .data(replicas)
        .data(Listings::<InstanceQuestion>::default())
        .data(Listings::<ServiceQuestion>::default())
        .data(Listings::<GroupQuestion>::default())
        .data(Tails::default())
        .data(Texts::default())
        .finish()
}

/// The schema as SDL.
#[must_use]
pub fn sdl() -> String {
    let schema = Schema::build(Query::default(), Mutation::default(), Subscription).finish();
    let mut sdl = schema.sdl().lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    sdl.push('\n');
    sdl
}
