//! Discovery: the instances of a service, and a router that chooses one for each call.
//!
//! A call to `rpc.<service>.<method>` needs none of this: NATS hands it to any instance. Discovery is for callers
//! that choose the instance themselves: the one with the least load, the quickest, the same as before. It reads the registry
//! (`aegis_instances`), and when that cannot be read, or was emptied, goes on with what it knew last. Beside it, it reads
//! that of the Python SDK (`service_registry`), where there is one and the feature `legacy` is on, so that a [`Router`] speaks to each instance as that
//! understands it.

mod book;
mod candidate;
mod directory;
pub(crate) mod record;
mod router;
mod strategy;

pub use candidate::{Candidate, Pick};
pub use directory::{Directory, DiscoveryError, Freshness, Snapshot};
pub use router::Router;
pub use strategy::Strategy;
