//! The replicas of the control plane, and what members and owners stand on.

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use super::Refused;

/// A replica of the control plane, as it tells itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaFacts {
    /// Which start of which process it is.
    pub id: String,
    /// The name of its host; empty where it has none.
    pub host: String,
    /// Its version.
    pub version: String,
    /// When it started, by its own clock.
    pub started_at: DateTime<Utc>,
    /// The last event that its registry has applied.
    pub position: u64,
    /// The last event of the log, as far as it knows.
    pub head: u64,
    /// While its registry is made anew: how far that has come.
    pub rebuilding: Option<u64>,
    /// Whether it verifies the log.
    pub verifying: bool,
    /// The NATS server that it is connected to.
    pub nats_server: Option<String>,
    /// Whether it can read the heartbeats.
    pub sees_heartbeats: bool,
    /// How many problems it has.
    pub problems: u64,
    /// Whether it is the one that was asked.
    pub mine: bool,
}

/// The store that decides who owns what.
#[derive(Debug, Clone, PartialEq)]
pub struct LeaseStoreFacts {
    /// What it is: `KV`, one replicated bucket.
    pub kind: &'static str,
    /// Its stream.
    pub stream: String,
    /// How many copies it is to have.
    pub replicas: u64,
    /// How many of them are there and current.
    pub current: u64,
    /// The server that leads it; none where there is no cluster, or nobody leads.
    pub leader: Option<String>,
    /// How long a read from its leader has just taken, in milliseconds; none when it did not answer.
    pub read_ms: Option<f64>,
}

/// Who else there is.
pub trait Replicas: Send + Sync {
    /// The replicas that answer within half a second, in order of their start.
    fn replicas(&self) -> BoxFuture<'_, Vec<ReplicaFacts>>;
    /// The lease store.
    fn lease_store(&self) -> BoxFuture<'_, Result<LeaseStoreFacts, Refused>>;
}
