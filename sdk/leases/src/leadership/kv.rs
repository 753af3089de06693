//! The lease store on one KV bucket.

use std::time::Duration;

use aegis_domain::wire::subject::LeaseKey;
use aegis_domain::{GroupName, InstanceName, ServiceName, Term};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Policy;
use super::store::{Change, LeaseStore, OwnerRecord, SessionRecord, StoreError, Versioned};
use aegis_nats::Connection;
use aegis_nats::bucket::{Bucket, CasError, ReadError, Slot};
use aegis_nats::provision::MARKER_TTL;

/// The server removes a session that is not renewed after this time, or after three leases. It only cleans
/// up: members fence long before.
const SESSION_TTL: Duration = Duration::from_secs(30);
/// The bounds of how long a member waits for one answer: for a busy server, and for one that is gone.
const LEAST_PATIENCE: Duration = Duration::from_millis(500);
const MOST_PATIENCE: Duration = Duration::from_secs(5);

/// The leases of one service in the namespace's lease bucket.
#[derive(Debug, Clone)]
pub struct KvLeaseStore {
    bucket: Bucket,
    service: ServiceName,
}

impl KvLeaseStore {
    /// The leases of this service, over this connection.
    #[must_use]
    pub fn new(connection: &Connection, service: ServiceName) -> Self {
        Self { bucket: Bucket::new(connection, connection.namespace().leases_bucket()), service }
    }

    /// The same for members under this policy: an answer that is lost with a connection is not waited for
    /// while the lease runs out.
    pub fn within_lease(self, connection: &Connection, policy: Policy) -> Self {
        let patience = policy.lease().clamp(LEAST_PATIENCE, MOST_PATIENCE);
        Self { bucket: self.bucket.within(connection, patience), ..self }
    }

    fn session_key(&self, instance: &InstanceName) -> String {
        LeaseKey::Session(self.service.clone(), instance.clone()).to_string()
    }

    fn owner_key(&self, group: &GroupName) -> String {
        LeaseKey::Owner(self.service.clone(), group.clone()).to_string()
    }
}

impl LeaseStore for KvLeaseStore {
    async fn session(&self, instance: &InstanceName) -> Result<Versioned<SessionRecord>, StoreError> {
        let key = self.session_key(instance);
        let slot = self.bucket.read(&key).await.map_err(unavailable)?;
        versioned_session(&key, &slot)
    }

    async fn put_session(
        &self,
        instance: &InstanceName,
        record: &SessionRecord,
        expected: u64,
    ) -> Result<u64, CasError> {
        let key = self.session_key(instance);
        let ttl = SESSION_TTL.max(Duration::from_millis(record.lease_ms.saturating_mul(3)));
        self.bucket.put(&key, json(record), expected, Some(ttl)).await
    }

    async fn end_session(&self, instance: &InstanceName, expected: u64) -> Result<(), CasError> {
        self.bucket.delete(&self.session_key(instance), expected, MARKER_TTL).await?;
        Ok(())
    }

    async fn owner(&self, group: &GroupName) -> Result<Versioned<OwnerRecord>, StoreError> {
        let key = self.owner_key(group);
        let slot = self.bucket.read(&key).await.map_err(unavailable)?;
        versioned_owner(&key, &slot)
    }

    async fn put_owner(
        &self,
        group: &GroupName,
        record: &OwnerRecord,
        expected: u64,
    ) -> Result<u64, CasError> {
        self.bucket.put(&self.owner_key(group), json(record), expected, None).await
    }

    async fn watch(&self) -> Result<impl Stream<Item = Result<Change, StoreError>> + Send, StoreError> {
        let changes =
            self.bucket.watch(&LeaseKey::member_filters(&self.service)).await.map_err(unavailable)?;
        Ok(changes.filter_map(|change| {
            std::future::ready(change.map_err(unavailable).and_then(read_change).transpose())
        }))
    }
}

pub(super) fn read_change((key, slot): (String, Slot)) -> Result<Option<Change>, StoreError> {
    Ok(match LeaseKey::parse(&key) {
        Some(LeaseKey::Session(_, instance)) => Some(Change::Session(instance, versioned(&key, &slot)?)),
        Some(LeaseKey::Owner(_, group)) => Some(Change::Owner(group, versioned_owner(&key, &slot)?)),
        Some(LeaseKey::Pause(_, group)) => Some(Change::Pause(group, versioned(&key, &slot)?)),
        None => None,
    })
}

/// A session as the port tells of it: a record that cannot be read counts as no session.
pub(super) fn versioned_session(key: &str, slot: &Slot) -> Result<Versioned<SessionRecord>, StoreError> {
    match versioned(key, slot) {
        Err(error @ StoreError::Corrupt { revision, .. }) => {
            tracing::error!(%error, "it counts as no session");
            Ok(Versioned { revision, record: None })
        }
        found => found,
    }
}

pub(super) fn versioned_owner(key: &str, slot: &Slot) -> Result<Versioned<OwnerRecord>, StoreError> {
    let found = versioned::<OwnerRecord>(key, slot)?;
    match found.record.as_ref().map(|record| record.term) {
        // Each change of a term is a write, and a new bucket begins beyond the log: a higher term was not given out here.
        Some(term) if term.get() > slot.revision => {
            Err(corrupt(key, slot, &format!("term {term} is beyond the sequence of its bucket")))
        }
        // Terms begin with 1.
        Some(Term::ZERO) => Err(corrupt(key, slot, "0 is no term")),
        Some(_) | None => Ok(found),
    }
}

fn corrupt(key: &str, slot: &Slot, detail: &str) -> StoreError {
    let source = serde::de::Error::custom(detail);
    StoreError::Corrupt { key: key.to_owned(), revision: slot.revision, source }
}

pub(super) fn versioned<T: DeserializeOwned>(key: &str, slot: &Slot) -> Result<Versioned<T>, StoreError> {
    let record = slot
        .value
        .as_ref()
        .map(|value| serde_json::from_slice(value))
        .transpose()
        .map_err(|source| StoreError::Corrupt { key: key.to_owned(), revision: slot.revision, source })?;
    Ok(Versioned { revision: slot.revision, record })
}

pub(super) fn json(record: &impl Serialize) -> Bytes {
    serde_json::to_vec(record).expect("lease records hold only strings and numbers").into()
}

pub(super) fn unavailable(error: ReadError) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}
