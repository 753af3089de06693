//! What a network does to writes and reads.

use std::time::Duration;

use aegis_domain::wire::subject::LeaseKey;
use aegis_sdk::leadership::store::{LeaseStore as _, StoreError, Versioned};
use aegis_sdk::nats::bucket::CasError;
use aegis_testkit::wait_until;

use super::harness::{
    PATIENCE, Sent, ServerHarness, Tap, group, instance, owner_record, service, session_record,
};

/// No call may take longer, whatever the network does.
const BOUND: Duration = Duration::from_secs(15);

/// Waits until this very write has reached the store.
async fn arrival(tap: &mut impl Tap, key: &LeaseKey, body: &str) {
    loop {
        let Sent { key: at, body: sent, .. } = tap.next().await;
        if at == *key && String::from_utf8_lossy(&sent).contains(body) {
            return;
        }
    }
}

pub(super) async fn a_stalled_network_ends_every_call_within_a_bound_and_heals<H: ServerHarness>() {
    let harness = H::start().await;
    let (store, network) = harness.store_behind(&service()).await;
    let revision = store.put_session(&instance(1), &session_record(1), 0).await.unwrap();
    network.cut();
    let (session, owner) = (session_record(1), owner_record(1, Some(1)));
    let (me, led, other) = (instance(1), group(1), instance(2));
    let calls = async {
        tokio::join!(
            store.put_session(&me, &session, revision),
            store.end_session(&other, 0),
            store.put_owner(&led, &owner, 0),
            store.session(&me),
            store.owner(&led),
            async { store.watch().await.map(drop) },
        )
    };
    let (put, end, claim, read, look, watch) = tokio::time::timeout(BOUND, calls).await.unwrap();
    assert!(matches!(put, Err(CasError::Ambiguous)), "{put:?}");
    assert!(matches!(end, Err(CasError::Ambiguous)), "{end:?}");
    assert!(matches!(claim, Err(CasError::Ambiguous)), "{claim:?}");
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    assert!(matches!(look, Err(StoreError::Unavailable(_))), "{look:?}");
    assert!(matches!(watch, Err(StoreError::Unavailable(_))), "{watch:?}");
    network.pass();
    wait_until("the store to work again", PATIENCE, || async {
        let found = store.session(&me).await.map_err(|e| e.to_string())?;
        store.put_session(&me, &session, found.revision).await.map_err(|e| e.to_string())
    })
    .await;
}

pub(super) async fn a_write_whose_acknowledgement_is_lost_is_ambiguous_and_its_writer_finds_it<
    H: ServerHarness,
>() {
    let harness = H::start().await;
    let (store, network) = harness.store_behind(&service()).await;
    let witness = harness.store(&service()).await;
    let (led, record) = (group(1), owner_record(1, Some(1)));
    // Long enough for the witness to see the write while its acknowledgement is under way.
    network.delay(Duration::from_millis(1_000));
    let (outcome, ()) = tokio::join!(store.put_owner(&led, &record, 0), async {
        wait_until("the write to be applied", PATIENCE, || async {
            match witness.owner(&group(1)).await {
                Ok(found) if found.record.is_some() => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
        network.drop_connections();
        network.pass();
    });
    assert!(matches!(outcome, Err(CasError::Ambiguous)), "{outcome:?}");
    let found = wait_until("the store to be read again", PATIENCE, || async {
        store.owner(&group(1)).await.map_err(|e| e.to_string())
    })
    .await;
    assert_eq!(found.record, Some(record.clone()));
    store.put_owner(&group(1), &owner_record(1, None), found.revision).await.unwrap();
}

pub(super) async fn a_write_still_under_way_is_applied_late_unless_its_key_has_moved_on<H: ServerHarness>() {
    let harness = H::start().await;
    let mut tap = harness.tap().await;
    let rewriter = harness.store(&service()).await;
    let own = owner_record(1, Some(1));
    let successor = owner_record(2, Some(2));
    for rewritten in [false, true] {
        let led = group(usize::from(rewritten));
        let (store, network) = harness.store_behind(&service()).await;
        let before = store.put_owner(&led, &own, 0).await.unwrap();
        network.cut();
        let given_up = store.put_owner(&led, &successor, before).await;
        assert!(matches!(given_up, Err(CasError::Ambiguous)), "{given_up:?}");
        assert_eq!(rewriter.owner(&led).await.unwrap().revision, before, "it is still under way");
        let mut stands = Versioned { revision: before, record: Some(own.clone()) };
        if rewritten {
            stands.revision = rewriter.put_owner(&led, &own, before).await.unwrap();
        }
        network.pass();
        let key = LeaseKey::Owner(service(), led.clone());
        arrival(&mut tap, &key, "\"t-2\"").await;
        if rewritten {
            // What follows on the same way is answered after it.
            let refused = store.put_owner(&led, &successor, before).await;
            assert!(matches!(refused, Err(CasError::Conflict)), "{refused:?}");
            assert_eq!(rewriter.owner(&led).await.unwrap(), stands);
        } else {
            wait_until("the late write to be applied", PATIENCE, || async {
                let found = rewriter.owner(&led).await.map_err(|e| e.to_string())?;
                if found.record.as_ref() == Some(&successor) { Ok(()) } else { Err(format!("{found:?}")) }
            })
            .await;
        }
    }
}
