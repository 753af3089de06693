//! Projections: pure folds of the log, and what keeps them: SQLite, KV, memory.
//!
//! - [`state`] and [`view`]: the fold, pure;
//! - [`store`]: its durable form in SQLite, with the position in the same transaction;
//! - [`live`]: its form in memory, with the last heartbeats, for queries and subscriptions;
//! - [`projector`]: reads the log, applies batches, puts undecodable events aside;
//! - [`kv`]: definitions and leaders as KV entries, for readers without a control plane;
//! - [`beats`]: the last heartbeat of each instance.

pub mod beats;
pub mod kv;
pub mod live;
pub mod projector;
pub mod state;
pub mod store;
pub mod view;

pub use live::Live;
pub use projector::Projector;
pub use state::State;
pub use store::Store;
