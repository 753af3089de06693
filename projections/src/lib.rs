//! Projections: pure folds of the log, and what keeps them: SQLite, KV, memory.
//!
//! - [`state`], [`view`] and [`canonical`](State::canonical): the fold, pure, and its text;
//! - [`engine`]: the framework of all projections: files, batches, marks, gaps, rebuilds;
//! - [`registry`]: the registry as such a projection, with the event index and the snapshots;
//! - [`rollups`]: the figures of instances over time, folded from the heartbeats into a file of their own;
//! - [`store`]: what readers get from its file: pages of events, and the registry as it stood;
//! - [`live`]: the registry in memory, with the last heartbeats, for queries and subscriptions;
//! - [`load`]: what the instances of a service do together, from their last heartbeats;
//! - [`projector`]: drives the registry's projection;
//! - [`replay`]: the registry as it stood, straight from the log;
//! - [`verify`]: whether log, KV entries and file are what they must be;
//! - [`kv`]: definitions and leaders as KV entries, for readers without a control plane;
//! - [`beats`]: the last heartbeat of each instance.

pub mod beats;
mod canonical;
pub mod engine;
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
