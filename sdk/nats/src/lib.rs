//! The NATS side: the connection, KV with compare-and-set, making streams and buckets, reading a stream once and following it
//! for ever, and tasks that outlive their panics.

mod auth;
pub mod backoff;
pub mod bucket;
pub mod connection;
pub mod denial;
pub mod error;
pub mod follow;
pub mod imported;
pub mod inbox;
pub mod last;
pub mod number;
mod observer;
pub mod pace;
pub mod provision;
pub mod refusal;
pub mod restore;
pub mod security;
pub mod state;
pub mod supervise;
pub mod tls;
pub mod transport;

pub use connection::{ConnectOptions, Connection};
pub use error::ConnectError;
pub use state::ConnectionState;
