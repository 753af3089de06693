//! Projections: pure folds of the log, kept in SQLite, KV and memory.
//!
//! - [`state`], [`view`] and [`canonical`](State::canonical): the fold, pure, and its text;
//! - [`engine`]: the framework of all projections: files, batches, checkpoints, gaps, rebuilds;
//! - [`registry`]: the registry as such a projection, with the event index and the snapshots;
//! - [`rollups`]: the metrics of instances over time, folded from the heartbeats into a file of their own;
//! - [`store`]: reads its file: pages of events, and the registry as of a time;
//! - [`live`]: the registry in memory, with the last heartbeats, for queries and subscriptions;
//! - [`load`]: the metrics of a service, from the last heartbeats of its instances;
//! - [`projector`]: drives the registry's projection;
//! - [`replay`]: the registry as of a time, folded from the log;
//! - [`verify`]: checks the log, KV entries and files against each other;
//! - [`kv`]: definitions and leaders as KV entries, for readers without a control plane;
//! - [`beats`]: the last heartbeat of each instance.

pub mod beats;
mod canonical;
pub mod counters;
pub mod engine;
pub mod fact;
pub mod kv;
pub mod live;
pub mod load;
pub mod projector;
pub mod registry;
pub mod replay;
pub mod rollups;
pub mod state;
pub mod store;
pub mod verify;
pub mod view;

pub use live::Live;
pub use load::Load;
pub use projector::Projector;
pub use registry::Retention;
pub use rollups::Rollups;
pub use state::State;
pub use store::Store;
