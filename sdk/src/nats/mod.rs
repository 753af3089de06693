//! The NATS side: the connection, what an installation needs on the server, KV with compare-and-set,
//! reading a stream once and following it for ever.

pub mod bucket;
pub mod connection;
pub mod denial;
pub mod error;
pub mod follow;
pub mod imported;
pub(crate) mod inbox;
pub(crate) mod last;
pub mod leases;
pub(crate) mod link;
mod login;
pub(crate) mod pace;
pub mod provision;
pub(crate) mod refusal;
pub(crate) mod regain;
pub(crate) mod restore;
pub mod security;
pub(crate) mod tls;
