//! The adapter in memory.

use aegis_domain::ServiceName;
use aegis_domain::wire::subject::LeaseKey;
use aegis_sdk::leadership::memory::{MemoryLeaseStore, MemoryLeases};

use super::harness::Harness;

#[derive(Default)]
pub(super) struct MemoryHarness(MemoryLeases);

impl Harness for MemoryHarness {
    type Store = MemoryLeaseStore;

    async fn start() -> Self {
        Self::default()
    }

    async fn store(&self, service: &ServiceName) -> MemoryLeaseStore {
        self.0.store(service.clone())
    }

    async fn overwrite(&self, key: &LeaseKey, body: &str) {
        let before = self.0.read(key).revision;
        self.0.write(key, Some(body.to_owned().into()), before).unwrap();
    }
}
