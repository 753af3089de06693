//! The watch.

use std::pin::Pin;

use aegis_sdk::leadership::store::{Change, LeaseStore as _, StoreError, Versioned};
use futures_util::{Stream, StreamExt as _};

use super::harness::{Harness, PATIENCE, group, instance, owner_record, service, session_record};

async fn next(changes: &mut Pin<Box<impl Stream<Item = Result<Change, StoreError>>>>) -> Change {
    tokio::time::timeout(PATIENCE, changes.next()).await.unwrap().unwrap().unwrap()
}

pub(super) async fn a_watch_tells_what_stands_then_every_change_of_its_service_alone<H: Harness>() {
    let harness = H::start().await;
    let (store, watcher) = (harness.store(&service()).await, harness.store(&service()).await);
    let other = harness.store(&"other-service".parse().unwrap()).await;
    let (session, owner) = (session_record(1), owner_record(1, Some(1)));
    other.put_session(&instance(1), &session, 0).await.unwrap();
    let renewed = store.put_session(&instance(1), &session, 0).await.unwrap();
    let claimed = store.put_owner(&group(1), &owner, 0).await.unwrap();
    let mut changes = Box::pin(watcher.watch().await.unwrap());
    let stands = [next(&mut changes).await, next(&mut changes).await];
    let is_session =
        Change::Session(instance(1), Versioned { revision: renewed, record: Some(session.clone()) });
    let is_owner = Change::Owner(group(1), Versioned { revision: claimed, record: Some(owner) });
    assert!(stands.contains(&is_session) && stands.contains(&is_owner), "{stands:?}");
    // One after the other: of several changes of a key that nobody has taken yet, the last is enough.
    let mut before = renewed;
    for _ in 0..3 {
        other.put_owner(&group(1), &owner_record(7, Some(7)), 0).await.ok();
        before = store.put_session(&instance(1), &session, before).await.unwrap();
        let change =
            Change::Session(instance(1), Versioned { revision: before, record: Some(session.clone()) });
        assert_eq!(next(&mut changes).await, change);
    }
    let vacant = store.put_owner(&group(1), &owner_record(1, None), claimed).await.unwrap();
    let change = Change::Owner(group(1), Versioned { revision: vacant, record: Some(owner_record(1, None)) });
    assert_eq!(next(&mut changes).await, change);
    store.end_session(&instance(1), before).await.unwrap();
    let revision = store.session(&instance(1)).await.unwrap().revision;
    let ended = Change::Session(instance(1), Versioned { revision, record: None });
    assert_eq!(next(&mut changes).await, ended);
}
