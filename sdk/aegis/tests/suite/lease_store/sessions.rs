//! Sessions: created, renewed, fenced; always with a TTL.

use aegis_domain::wire::subject::LeaseKey;
use aegis_sdk::leadership::store::{LeaseStore as _, SessionRecord, Versioned};
use aegis_sdk::nats::bucket::CasError;

use super::harness::{Harness, ServerHarness, Tap as _, instance, service, session_record};

pub(super) async fn a_session_is_created_only_where_none_is<H: Harness>() {
    let harness = H::start().await;
    let (one, two) = (harness.store(&service()).await, harness.store(&service()).await);
    let absent = one.session(&instance(1)).await.unwrap();
    assert_eq!(absent, Versioned { revision: 0, record: None });
    let (me, mine, others) = (instance(1), session_record(1), session_record(2));
    let (first, second) = tokio::join!(one.put_session(&me, &mine, 0), two.put_session(&me, &others, 0));
    let (won, lost, record) = if first.is_ok() { (first, second, mine) } else { (second, first, others) };
    assert!(matches!(lost, Err(CasError::Conflict)), "{lost:?}");
    let revision = won.unwrap();
    assert_eq!(two.session(&instance(1)).await.unwrap(), Versioned { revision, record: Some(record) });
    assert_eq!(one.session(&instance(2)).await.unwrap().record, None, "keys are apart");
}

pub(super) async fn each_renewal_has_a_new_revision_and_an_old_one_changes_nothing<H: Harness>() {
    let harness = H::start().await;
    let (me, other) = (harness.store(&service()).await, harness.store(&service()).await);
    let record = session_record(1);
    let mut revisions = vec![0];
    for _ in 0..5 {
        let last = *revisions.last().unwrap();
        let next = me.put_session(&instance(1), &record, last).await.unwrap();
        assert!(next > last, "{next} follows {last}");
        revisions.push(next);
    }
    let last = revisions.pop().unwrap();
    for old in revisions.into_iter().chain([last + 1]) {
        let refused = other.put_session(&instance(1), &session_record(2), old).await;
        assert!(matches!(refused, Err(CasError::Conflict)), "{old}: {refused:?}");
    }
    let stands = Versioned { revision: last, record: Some(record) };
    assert_eq!(other.session(&instance(1)).await.unwrap(), stands);
}

pub(super) async fn a_session_is_fenced_at_the_very_revision_or_not_at_all<H: Harness>() {
    let harness = H::start().await;
    let (me, other) = (harness.store(&service()).await, harness.store(&service()).await);
    let seen = me.put_session(&instance(1), &session_record(1), 0).await.unwrap();
    let renewed = me.put_session(&instance(1), &session_record(1), seen).await.unwrap();
    let late = other.end_session(&instance(1), seen).await;
    assert!(matches!(late, Err(CasError::Conflict)), "{late:?}");
    assert_eq!(me.session(&instance(1)).await.unwrap().revision, renewed);
    other.end_session(&instance(1), renewed).await.unwrap();
    assert_eq!(me.session(&instance(1)).await.unwrap().record, None);
    let again = other.end_session(&instance(1), renewed).await;
    assert!(matches!(again, Err(CasError::Conflict)), "{again:?}");
}

pub(super) async fn a_fenced_session_cannot_be_renewed_and_another_may_follow_it<H: Harness>() {
    let harness = H::start().await;
    let (me, other) = (harness.store(&service()).await, harness.store(&service()).await);
    let mut before = 0;
    // More than once: a key that was deleted is a case of its own, and so is one deleted twice.
    for n in 1..=3 {
        let revision = me.put_session(&instance(1), &session_record(n), before).await.unwrap();
        other.end_session(&instance(1), revision).await.unwrap();
        for old in [0, revision] {
            let renewal = me.put_session(&instance(1), &session_record(n), old).await;
            assert!(matches!(renewal, Err(CasError::Conflict)), "{old}: {renewal:?}");
        }
        let gone = me.session(&instance(1)).await.unwrap();
        assert_eq!(gone.record, None);
        assert!(gone.revision > revision, "the end of a session is a change");
        before = gone.revision;
    }
    let follows = me.put_session(&instance(1), &session_record(4), before).await.unwrap();
    let stands = Versioned { revision: follows, record: Some(session_record(4)) };
    assert_eq!(other.session(&instance(1)).await.unwrap(), stands);
}

pub(super) async fn every_message_of_a_session_carries_its_ttl<H: ServerHarness>() {
    let harness = H::start().await;
    let store = harness.store(&service()).await;
    let mut tap = harness.tap().await;
    let (me, key) = (instance(1), LeaseKey::Session(service(), instance(1)));
    let lease = session_record(1).lease_ms.div_ceil(1000);
    let mut sent = 0;
    let mut before = 0;
    for life in 1..=2 {
        for _created_or_renewed in 0..3 {
            before = store.put_session(&me, &session_record(life), before).await.unwrap();
            sent += 1;
            let stored = harness.stored_ttl(&key).await.expect("without a TTL it would never run out");
            assert!(stored >= lease, "it would run out before its lease: {stored}");
        }
        store.end_session(&me, before).await.unwrap();
        sent += 1;
        assert!(harness.stored_ttl(&key).await.is_some(), "the marker would stay for ever");
        before = store.session(&me).await.unwrap().revision;
    }
    for n in 0..sent {
        let message = tap.next().await;
        assert_eq!(message.key, key);
        assert!(message.ttl.is_some(), "message {n} has no TTL: {message:?}");
    }
}

pub(super) async fn a_long_lease_has_a_longer_ttl<H: ServerHarness>() {
    let harness = H::start().await;
    let store = harness.store(&service()).await;
    let record = SessionRecord { lease_ms: 60_000, ..session_record(1) };
    store.put_session(&instance(1), &record, 0).await.unwrap();
    let ttl = harness.stored_ttl(&LeaseKey::Session(service(), instance(1))).await;
    assert!(ttl.is_some_and(|seconds| seconds > 60), "{ttl:?}");
}
