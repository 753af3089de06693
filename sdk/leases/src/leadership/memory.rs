//! The lease store in memory: for elections that are tested without a server. It keeps the promises of the port, within
//! one process and for as long as that lives.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aegis_domain::wire::subject::LeaseKey;
use aegis_domain::{GroupName, InstanceName, ServiceName};
use aegis_nats::bucket::{CasError, Slot};
use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::watch;

use super::kv::{json, read_change, versioned_owner, versioned_session};
use super::store::{Change, LeaseStore, OwnerRecord, SessionRecord, StoreError, Versioned};

/// The leases of all services. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct MemoryLeases {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    keys: Mutex<Keys>,
    /// The revision of the last change.
    last: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Keys {
    last: u64,
    slots: BTreeMap<String, Slot>,
    /// Which key was changed last at which revision: older changes of it are forgotten.
    changes: BTreeMap<u64, String>,
}

/// The leases of one service.
#[derive(Debug, Clone)]
pub struct MemoryLeaseStore {
    leases: MemoryLeases,
    service: ServiceName,
}

impl MemoryLeases {
    /// The leases of this service.
    #[must_use]
    pub fn store(&self, service: ServiceName) -> MemoryLeaseStore {
        MemoryLeaseStore { leases: self.clone(), service }
    }

    /// What stands under the key.
    #[must_use]
    pub fn read(&self, key: &LeaseKey) -> Slot {
        self.keys().slots.get(&key.to_string()).cloned().unwrap_or_default()
    }

    /// Writes the value, or the end of the key, if the key still is at this revision; answers its new one.
    ///
    /// # Errors
    /// [`CasError::Conflict`] when somebody else wrote first.
    pub fn write(&self, key: &LeaseKey, value: Option<Bytes>, expected: u64) -> Result<u64, CasError> {
        let key = key.to_string();
        let mut keys = self.keys();
        let before = keys.slots.get(&key).map_or(0, |slot| slot.revision);
        if before != expected {
            return Err(CasError::Conflict);
        }
        keys.last += 1;
        let revision = keys.last;
        keys.changes.remove(&before);
        keys.changes.insert(revision, key.clone());
        keys.slots.insert(key, Slot { revision, value });
        drop(keys);
        self.shared.last.send_replace(revision);
        Ok(revision)
    }

    /// The next change after this revision, of a key that did not change again since; with what stands there.
    fn change_after(&self, revision: u64) -> Option<(u64, String, Slot)> {
        let keys = self.keys();
        let (revision, key) = keys.changes.range((Bound::Excluded(revision), Bound::Unbounded)).next()?;
        Some((*revision, key.clone(), keys.slots.get(key)?.clone()))
    }

    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.shared.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryLeaseStore {
    fn session_key(&self, instance: &InstanceName) -> LeaseKey {
        LeaseKey::Session(self.service.clone(), instance.clone())
    }

    fn owner_key(&self, group: &GroupName) -> LeaseKey {
        LeaseKey::Owner(self.service.clone(), group.clone())
    }

    /// The next change of this service after this revision, and how far it was looked.
    pub(super) fn change_after(&self, mut revision: u64) -> (u64, Option<Result<Change, StoreError>>) {
        while let Some((next, key, slot)) = self.leases.change_after(revision) {
            revision = next;
            let service = match LeaseKey::parse(&key) {
                Some(
                    LeaseKey::Session(service, _) | LeaseKey::Owner(service, _) | LeaseKey::Pause(service, _),
                ) => service,
                None => continue,
            };
            if service == self.service
                && let Some(change) = read_change((key, slot)).transpose()
            {
                return (revision, Some(change));
            }
        }
        (revision, None)
    }
}

impl LeaseStore for MemoryLeaseStore {
    async fn session(&self, instance: &InstanceName) -> Result<Versioned<SessionRecord>, StoreError> {
        let key = self.session_key(instance);
        versioned_session(&key.to_string(), &self.leases.read(&key))
    }

    async fn put_session(
        &self,
        instance: &InstanceName,
        record: &SessionRecord,
        expected: u64,
    ) -> Result<u64, CasError> {
        self.leases.write(&self.session_key(instance), Some(json(record)), expected)
    }

    async fn end_session(&self, instance: &InstanceName, expected: u64) -> Result<(), CasError> {
        self.leases.write(&self.session_key(instance), None, expected)?;
        Ok(())
    }

    async fn owner(&self, group: &GroupName) -> Result<Versioned<OwnerRecord>, StoreError> {
        let key = self.owner_key(group);
        versioned_owner(&key.to_string(), &self.leases.read(&key))
    }

    async fn put_owner(
        &self,
        group: &GroupName,
        record: &OwnerRecord,
        expected: u64,
    ) -> Result<u64, CasError> {
        self.leases.write(&self.owner_key(group), Some(json(record)), expected)
    }

    async fn watch(&self) -> Result<impl Stream<Item = Result<Change, StoreError>> + Send, StoreError> {
        let (store, last) = (self.clone(), self.leases.shared.last.subscribe());
        Ok(unfold((store, last, 0), |(store, mut last, mut seen)| async move {
            loop {
                last.mark_unchanged();
                let (looked, change) = store.change_after(seen);
                seen = looked;
                if let Some(change) = change {
                    return Some((change, (store, last, seen)));
                }
                last.changed().await.ok()?;
            }
        }))
    }
}
