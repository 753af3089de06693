//! A service: registered, heard of, serving calls, and standing for election.

mod beat;
mod builder;
mod config;
mod control;
mod declared;
mod health;
mod launch;
mod lifecycle;
mod permissions;
mod process;
mod pulse;
mod rival;
mod rpc;
mod running;
mod serving;
mod stats;

pub use builder::{Builder, StartError};
pub use config::{ConfigError, ConfigSources, ServiceConfig};
pub use health::Health;
pub use lifecycle::{HookError, NotAdmitted, Stage, Turn};
pub use rpc::{Call, Fault};
pub use running::Service;
#[cfg(feature = "otel")]
pub(crate) use {process::Usage, stats::Stats};
