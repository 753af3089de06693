//! The Aegis SDK: services on NATS that register, send heartbeats, serve calls and elect one active instance per group.
//!
//! ```no_run
//! use aegis_sdk::{Call, Client, Fault, Service, ServiceConfig, Target};
//! use std::time::Duration;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut config = ServiceConfig::new("greeter", "1.0.0")?;
//! config.groups = vec!["north".parse()?, "south".parse()?];
//! let service = Service::builder(config)
//!     // Any instance answers.
//!     .rpc("greet", |_call: Call, name: String| async move { Ok::<_, Fault>(format!("hello {name}")) })
//!     // The owner of the group answers; after a failover the term fences late writes of the former owner.
//!     .exclusive("sell", |call: Call, amount: u32| async move {
//!         let (_group, term) = call.exclusive()?;
//!         Ok::<_, Fault>((amount, term.get()))
//!     })
//!     .start()
//!     .await?;
//! let client: Client = service.client();
//! let patience = Duration::from_secs(3);
//! let hello = client.call::<_, String>(&Target::any("greeter")?, "greet", &"you", patience).await?;
//! assert_eq!(hello.body, "hello you");
//! let sold: (u32, u64) =
//!     client.call(&Target::owner("greeter", "north")?, "sell", &7, patience).await?.body;
//! service.run_until_signal().await?;
//! # Ok(())
//! # }
//! ```

mod client;
mod context;
mod definitions;
pub mod discovery;
pub mod fault;
mod legacy;
pub mod logs;
mod operator;
mod otel;
pub mod prelude;
mod process;
pub mod provision;
pub mod resilience;
pub mod service;
mod stats;
mod target;
pub mod testing;
mod within;

/// Value types, error codes, and what aggregates of your own are made of: a service needs no other crate for them.
pub use aegis_domain as domain;
pub use aegis_journal as journal;
pub use aegis_journal::Journal;
pub use aegis_leases::leadership::{AuditMode, Policy};
pub use aegis_leases::{fencing, leadership};
pub use aegis_macros::Fault;
pub use aegis_messaging::{
    Codec, CommandError, CommandHandle, Commands, ConsumerTaken, DeadLetter, DeadLetterError, DeadLetters,
    Event, EventError, EventOptions, Events, Mode, OutboxLimits, Pending, Priority, Progress, PublishError,
    Published, RetryPolicy, SendOptions, Start, Subscribe, codec, commands, dead_letters, events, streams,
};
/// The NATS side: connections, buckets, streams that are followed.
pub use aegis_nats as nats;
#[cfg(fuzzing)]
pub use aegis_nats::transport::link::fuzzing;
pub use aegis_nats::{ConnectError, ConnectOptions, Connection, ConnectionState, supervise};
pub use aegis_telemetry::metrics;
pub use client::{CallError, Client, Replies, Reply};
pub use context::{CommandContext, EventContext};
pub use definitions::definitions;
pub use fault::{Fault, IntoFault};
pub use logs::{LogError, Logs};
pub use operator::{HandedOver, Operator, OperatorError};
pub use otel::{InvalidOtel, OtelConfig};
pub use process::Usage;
pub use resilience::Resilience;
/// The crate whose `JsonSchema` the types of calls derive.
pub use schemars;
pub use service::{
    Builder, Call, ConfigError, Health, InvalidToml, Owned, Released, Service, ServiceConfig, StartError,
};
pub use target::{CallOptions, Target};
pub use within::JournalWithin;

/// Holds the examples of the README and of the guide to the code.
#[cfg(doctest)]
mod guide;
