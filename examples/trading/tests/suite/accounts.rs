//! Accounts: opened on demand, spread over the instances, moved on request.

use std::collections::BTreeMap;

use aegis_domain::{Actor, GroupName, Term};
use aegis_sdk::Operator;
use futures_util::future::join_all;
use serde_json::Value;

use crate::callers::Callers;
use crate::floor::{Floor, PATIENCE, desk, order, until};

#[tokio::test]
async fn accounts_are_opened_by_their_first_order_and_spread_over_the_instances() {
    let floor = Floor::start().await;
    let traders = floor.traders().await;
    let accounts: Vec<_> = (1..=30).map(|n| format!("ACC-{n}")).collect();
    join_all(accounts.iter().map(async |account| {
        let target = desk(account);
        let filled = floor.client.call::<_, Value>(&target, "send_order", &order(), PATIENCE).await.unwrap();
        assert!(filled.body["order_id"].as_str().unwrap().starts_with(&format!("{account}-1-")));
    }))
    .await;
    let mut shares = BTreeMap::<_, usize>::new();
    for account in &accounts {
        *shares.entry(floor.owner(account).await).or_default() += 1;
    }
    assert_eq!(shares.len(), traders.len(), "{shares:?}");
    assert!(shares.values().all(|share| (3..=18).contains(share)), "{shares:?}");
    assert_eq!(floor.trades().await.len(), accounts.len());
}

#[tokio::test]
async fn an_account_moves_to_the_instance_that_an_operator_names_and_no_order_fails() {
    let floor = Floor::start().await;
    let traders = floor.traders().await;
    let callers = Callers::start(&floor.client, "ACC-7", PATIENCE);
    until("orders to be filled", PATIENCE, || callers.acknowledged() >= 20).await;
    let owner = floor.owner("ACC-7").await;
    let (other, _) = traders.iter().find(|(name, _)| *name != owner).unwrap();
    let operator = Operator::new(floor.connection(), Actor::user("alice"));
    let (service, account) = ("trading-service".parse().unwrap(), GroupName::new("ACC-7").unwrap());
    let to = other.parse().unwrap();
    let moved = operator.step_down(&service, &account, Some(&to), "rebalance").await.unwrap();
    assert_eq!((moved.instance.as_str(), moved.term), (other.as_str(), Term(2)));
    let filled = callers.acknowledged();
    until("orders by the new owner", PATIENCE, || callers.acknowledged() >= filled + 20).await;
    let answers = callers.stop().await;
    assert_eq!((answers.errors.as_slice(), answers.term), ([].as_slice(), 2));
    assert_eq!(floor.trades().await, answers.acknowledged);
    assert_eq!(floor.owner("ACC-7").await, *other);
    // The order book is closed to the term that is over.
    let late = floor.order_book().append(&account, Term(1), "late", "{}".into()).await.unwrap_err();
    assert_eq!(late.code().as_str(), "STALE_TERM");
}
