//! What stands under a key and is no record.

use aegis_domain::wire::subject::LeaseKey;
use aegis_sdk::leadership::store::{LeaseStore as _, StoreError};
use futures_util::StreamExt as _;

use super::harness::{Harness, PATIENCE, group, instance, service};

fn is_corrupt<T: std::fmt::Debug>(found: &Result<T, StoreError>, at: &LeaseKey) {
    let key = if let Err(StoreError::Corrupt { key, .. }) = found { Some(key.as_str()) } else { None };
    assert_eq!(key, Some(at.to_string().as_str()), "{found:?}");
}

pub(super) async fn a_record_that_is_none_is_reported_by_its_key<H: Harness>() {
    let harness = H::start().await;
    let store = harness.store(&service()).await;
    let session = LeaseKey::Session(service(), instance(1));
    let owner = LeaseKey::Owner(service(), group(1));
    for junk in ["{", "null", "{\"term\":-1}", "\"text\""] {
        harness.overwrite(&session, junk).await;
        // No session, at a revision that whoever begins one expects.
        let found = store.session(&instance(1)).await.unwrap();
        assert!(found.record.is_none() && found.revision > 0, "{found:?}");
        harness.overwrite(&owner, junk).await;
        is_corrupt(&store.owner(&group(1)).await, &owner);
    }
    let mut changes = Box::pin(store.watch().await.unwrap());
    for key in [&session, &owner] {
        let change = tokio::time::timeout(PATIENCE, changes.next()).await.unwrap().unwrap();
        is_corrupt(&change, key);
    }
}
