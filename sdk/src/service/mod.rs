//! A service: registered, heard of, serving calls, and standing for election.

mod beat;
mod builder;
mod close;
mod config;
mod control;
mod dispatch;
mod handler;
mod health;
mod process;
mod pulse;
mod replies;
mod rpc;
mod running;
mod stats;

pub use builder::{Builder, StartError};
pub use config::{ConfigError, ServiceConfig};
pub use handler::{Call, Fault};
pub use health::Health;
pub use running::Service;
