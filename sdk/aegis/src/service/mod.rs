//! A service: registration, heartbeats, calls, and elections.

mod beat;
mod builder;
mod config;
mod control;
mod declared;
mod group_commands;
mod groups;
mod health;
#[cfg(feature = "http")]
mod http;
mod identity;
mod launch;
mod left_behind;
mod lifecycle;
mod permissions;
mod pulse;
mod rival;
mod rpc;
mod running;
mod serving;
mod settings;
mod shown;
mod start_error;

pub use builder::{Builder, Method, Publication, State};
pub use config::{AppSections, ConfigError, ConfigSources, InvalidToml, ServiceConfig};
pub use groups::{GroupHook, Owned, Released};
pub use health::Health;
pub use left_behind::LeftBehind;
pub use lifecycle::{HookContext, HookError, NotAdmitted, Stage};
pub use rpc::{Call, LeftCall};
pub(crate) use rpc::{CallParts, now};
pub use running::Service;
pub use start_error::StartError;
