//! The Aegis SDK: services on NATS that register, beat, serve and elect one active instance per group.
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
//!     // One instance per group answers, whichever fails; the term fences late writes.
//!     .exclusive("sell", |call: Call, amount: u32| async move {
//!         let term = call.tenancy.map(|(_group, term)| term.get());
//!         Ok::<_, Fault>((amount, term))
//!     })
//!     .start()
//!     .await?;
//! let client: Client = service.client();
//! let patience = Duration::from_secs(3);
//! let hello = client.call::<_, String>(&Target::any("greeter")?, "greet", &"you", patience).await?;
//! assert_eq!(hello.body, "hello you");
//! let sold: (u32, Option<u64>) =
//!     client.call(&Target::owner("greeter", "north")?, "sell", &7, patience).await?.body;
//! service.run_until_signal().await?;
//! # Ok(())
//! # }
//! ```

mod client;
pub mod codec;
pub mod commands;
mod consume;
pub mod dead_letters;
mod definitions;
pub mod discovery;
pub mod events;
pub mod fencing;
pub mod journal;
pub mod leadership;
pub mod logs;
pub mod metrics;
pub mod nats;
mod number;
mod operator;
mod otel;
mod publish;
pub mod resilience;
pub mod service;
pub mod streams;
pub mod supervise;
mod trace;

pub use client::{CallError, CallOptions, Client, Replies, Reply, Target};
pub use codec::Codec;
pub use commands::{CommandContext, CommandError, CommandHandle, Commands, Priority, Progress, SendOptions};
pub use consume::{ConsumerTaken, Failure, RetryPolicy};
pub use dead_letters::{DeadLetter, DeadLetterError, DeadLetters};
pub use definitions::definitions;
pub use events::{Event, EventContext, EventError, EventOptions, Events, Mode, Start, Subscribe};
pub use journal::Journal;
pub use leadership::{AuditMode, Policy};
pub use logs::{LogError, Logs};
pub use nats::connection::{ConnectOptions, Connection, ConnectionState};
pub use nats::error::ConnectError;
#[cfg(fuzzing)]
pub use nats::link::fuzzing;
pub use operator::{HandedOver, Operator, OperatorError};
pub use otel::{InvalidOtel, OtelConfig};
pub use publish::{OutboxLimits, Pending, PublishError, Published};
pub use resilience::Resilience;
/// The crate whose `JsonSchema` the types of calls derive.
pub use schemars;
pub use service::{Builder, Call, ConfigError, Fault, Health, Service, ServiceConfig, StartError};

/// Holds the examples of the README and of the guide to the code.
#[cfg(doctest)]
mod guide;
