//! The NATS side: the connection, what an installation needs on the server, KV with compare-and-set,
//! and following a stream for ever.

pub mod bucket;
pub mod connection;
pub mod follow;
pub mod provision;
