//! What a case needs of an adapter beside the port.

use std::time::Duration;

use aegis_domain::aggregate::leadership::ElectionReason;
use aegis_domain::wire::subject::LeaseKey;
use aegis_domain::{GroupName, InstanceName, ServiceName, SessionId, Term};
use aegis_sdk::leadership::store::{Holder, LeaseStore, OwnerRecord, SessionRecord};
use aegis_testkit::FaultProxy;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// How long anything may take to be seen.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// An installation that holds nothing yet, and what every adapter has.
pub(super) trait Harness: Sized {
    type Store: LeaseStore;

    /// A new one.
    async fn start() -> Self;

    /// The leases of a service, seen by one more member.
    async fn store(&self, service: &ServiceName) -> Self::Store;

    /// Writes this under the key, past the port.
    async fn overwrite(&self, key: &LeaseKey, body: &str);
}

/// An adapter with servers and a network, and ways to hurt them and to look beneath the port.
pub(super) trait ServerHarness: Harness {
    type Tap: Tap;

    /// A new one that is kept on three nodes.
    async fn start_on_three() -> Self;

    /// The leases of a service, over a connection of its own to this node.
    async fn store_on(&self, service: &ServiceName, node: usize) -> Self::Store;

    /// The same, over a network that can be hurt.
    async fn store_behind(&self, service: &ServiceName) -> (Self::Store, FaultProxy);

    /// Suspends a node of three without which the store goes on, and says which.
    async fn suspend_one(&self) -> usize;

    /// Lets it go on.
    fn resume(&self, node: usize);

    /// Begins to listen to what reaches the store, also to what it refuses.
    async fn tap(&self) -> Self::Tap;

    /// The TTL in seconds of what is stored under the key, deleted or not.
    async fn stored_ttl(&self, key: &LeaseKey) -> Option<u64>;
}

/// A message that reached the store.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) key: LeaseKey,
    pub(super) ttl: Option<u64>,
    pub(super) body: Vec<u8>,
}

pub(super) trait Tap {
    /// The next message.
    async fn next(&mut self) -> Sent;
}

pub(super) fn service() -> ServiceName {
    "trading-service".parse().unwrap()
}

pub(super) fn instance(n: usize) -> InstanceName {
    format!("t-{n}").parse().unwrap()
}

pub(super) fn group(n: usize) -> GroupName {
    format!("ACC-{n}").parse().unwrap()
}

/// The record of the n-th session that there is.
pub(super) fn session_record(n: u128) -> SessionRecord {
    SessionRecord { session: SessionId::from_uuid(Uuid::from_u128(n)), lease_ms: 1_000, eligible: true }
}

/// The record of an owner: the n-th instance in the n-th session, or nobody.
pub(super) fn owner_record(term: u64, n: Option<usize>) -> OwnerRecord {
    let holder =
        n.map(|n| Holder { instance: instance(n), session: session_record(n.try_into().unwrap()).session });
    OwnerRecord {
        term: Term(term),
        holder,
        since: DateTime::<Utc>::UNIX_EPOCH,
        reason: ElectionReason::First,
        resignation: None,
        predecessors: vec![],
    }
}
