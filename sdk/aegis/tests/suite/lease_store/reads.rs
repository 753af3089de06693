//! Reads never lag behind what was acknowledged.

use aegis_sdk::leadership::store::{LeaseStore as _, Versioned};
use futures_util::StreamExt as _;

use super::harness::{ServerHarness, group, instance, owner_record, service, session_record};

pub(super) async fn what_was_acknowledged_through_one_node_is_read_through_any_other_at_once<
    H: ServerHarness,
>() {
    let harness = H::start_on_three().await;
    let mut stores = Vec::new();
    for node in 0..3 {
        stores.push(harness.store_on(&service(), node).await);
    }
    let (mut owner, mut session) = (0, 0);
    for round in 0..100_u64 {
        for reader in 0..3 {
            let writer = &stores[usize::try_from(round).unwrap() % 3];
            let record = owner_record(round + 1, Some(reader));
            owner = writer.put_owner(&group(1), &record, owner).await.unwrap();
            let found = stores[reader].owner(&group(1)).await.unwrap();
            assert_eq!(found, Versioned { revision: owner, record: Some(record) }, "round {round}");
            session = writer.put_session(&instance(1), &session_record(1), session).await.unwrap();
            assert_eq!(
                stores[reader].session(&instance(1)).await.unwrap().revision,
                session,
                "round {round}"
            );
        }
    }
}

pub(super) async fn a_node_that_was_suspended_answers_nothing_old<H: ServerHarness>() {
    let harness = H::start_on_three().await;
    let mut stores = Vec::new();
    for node in 0..3 {
        stores.push(harness.store_on(&service(), node).await);
    }
    let mut owner = 0;
    for round in 1..=10 {
        let behind = harness.suspend_one().await;
        let writer = &stores[(behind + 1) % 3];
        // It has much to catch up with, and what is asked for comes last.
        let others = (0..2_000).map(|n| {
            let (instance, record) = (instance(n), session_record(1));
            async move {
                let before = writer.session(&instance).await.unwrap().revision;
                writer.put_session(&instance, &record, before).await.unwrap()
            }
        });
        let written = futures_util::stream::iter(others).buffer_unordered(256).count().await;
        let record = owner_record(round, Some(written));
        owner = writer.put_owner(&group(1), &record, owner).await.unwrap();
        harness.resume(behind);
        let found = stores[behind].owner(&group(1)).await.unwrap();
        assert_eq!(found, Versioned { revision: owner, record: Some(record) }, "round {round}");
    }
}
