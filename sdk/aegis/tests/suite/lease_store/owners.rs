//! Owners: written by compare-and-set, and never forgotten.

use aegis_domain::wire::subject::LeaseKey;
use aegis_sdk::leadership::store::{LeaseStore as _, Versioned};
use aegis_sdk::nats::bucket::CasError;

use super::harness::{Harness, ServerHarness, Tap as _, group, owner_record, service};

pub(super) async fn of_many_claimers_exactly_one_wins<H: Harness>() {
    const CLAIMERS: usize = 24;
    let harness = H::start().await;
    let mut stores = Vec::new();
    for _ in 0..3 {
        stores.push(harness.store(&service()).await);
    }
    let mut revision = 0;
    for term in 1..=10 {
        let claims = (0..CLAIMERS).map(|n| {
            let store = &stores[n % stores.len()];
            async move { store.put_owner(&group(1), &owner_record(term, Some(n)), revision).await }
        });
        let outcomes = futures_util::future::join_all(claims).await;
        let winners: Vec<_> = outcomes.iter().enumerate().filter(|(_, outcome)| outcome.is_ok()).collect();
        assert_eq!(winners.len(), 1, "{outcomes:?}");
        let (winner, won) = winners[0];
        let lost = outcomes.iter().filter(|outcome| matches!(outcome, Err(CasError::Conflict))).count();
        assert_eq!(lost, CLAIMERS - 1, "{outcomes:?}");
        revision = *won.as_ref().unwrap();
        let stands = Versioned { revision, record: Some(owner_record(term, Some(winner))) };
        assert_eq!(stores[0].owner(&group(1)).await.unwrap(), stands);
    }
}

pub(super) async fn a_group_is_claimed_given_up_and_claimed_again<H: Harness>() {
    let harness = H::start().await;
    let (one, two) = (harness.store(&service()).await, harness.store(&service()).await);
    assert_eq!(one.owner(&group(1)).await.unwrap(), Versioned { revision: 0, record: None });
    let claimed = one.put_owner(&group(1), &owner_record(1, Some(1)), 0).await.unwrap();
    let vacant = one.put_owner(&group(1), &owner_record(1, None), claimed).await.unwrap();
    let found = two.owner(&group(1)).await.unwrap();
    assert_eq!(found, Versioned { revision: vacant, record: Some(owner_record(1, None)) });
    let late = two.put_owner(&group(1), &owner_record(2, Some(2)), claimed).await;
    assert!(matches!(late, Err(CasError::Conflict)), "{late:?}");
    let again = two.put_owner(&group(1), &owner_record(2, Some(2)), vacant).await.unwrap();
    let stands = Versioned { revision: again, record: Some(owner_record(2, Some(2))) };
    assert_eq!(one.owner(&group(1)).await.unwrap(), stands);
    assert_eq!(one.owner(&group(2)).await.unwrap().record, None, "groups are apart");
}

pub(super) async fn an_owner_never_runs_out<H: ServerHarness>() {
    let harness = H::start().await;
    let store = harness.store(&service()).await;
    let mut tap = harness.tap().await;
    let key = LeaseKey::Owner(service(), group(1));
    let mut revision = 0;
    for term in 1..=3 {
        revision = store.put_owner(&group(1), &owner_record(term, Some(1)), revision).await.unwrap();
        assert_eq!(harness.stored_ttl(&key).await, None, "the term would be forgotten");
        let sent = tap.next().await;
        assert_eq!((sent.key, sent.ttl), (key.clone(), None));
    }
}
