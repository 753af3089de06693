//! Real servers and real processes for tests.
//!
//! Everything here starts the genuine article (a `nats-server` binary, a service binary) and hands
//! the test a handle that can hurt it: kill, pause, restart, or cut its network. Waiting is always
//! level-triggered and bounded, see [`wait_until`]. Helpers panic with a full explanation instead
//! of returning errors, because every caller is a test.

mod binary;
mod child;
mod cluster;
mod config;
mod data_dir;
#[cfg(feature = "docker")]
mod docker;
mod fail;
mod http;
mod proc;
mod proxy;
mod realm;
mod server;
mod wait;

pub use binary::{bin, nats_server_path, proxy_path};
pub use cluster::NatsCluster;
pub use http::{Response, get};
pub use proc::{Proc, ProcBuilder};
pub use proxy::{Direction, FaultProxy};
pub use realm::Realm;
pub use server::{Backup, NatsServer, NatsServerBuilder};
pub use wait::{free_port, try_wait_until, wait_until};
