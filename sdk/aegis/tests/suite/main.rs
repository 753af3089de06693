//! The SDK on real NATS servers.

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test")]

mod adversity;
mod calls;
mod cluster;
mod commands;
mod connect;
mod dead_letters;
mod discovery;
mod events;
mod fencing;
mod group_commands;
mod group_state;
mod history;
mod hostile;
mod identity;
mod journal;
mod jwt;
mod lame_duck;
mod leadership;
mod lease_bucket;
mod lease_store;
mod lifecycle;
mod lives;
mod metrics;
mod namespaces;
mod own_aggregate;
mod owner_change;
mod pause;
mod permissions;
mod record;
mod resilience;
mod rpc;
mod security;
mod service;
mod snapshot;
mod state;
mod stop;
mod streams;
mod subscription;
mod testing;
mod too_large;
mod traces;
mod transport;
mod tries;
mod workers;
