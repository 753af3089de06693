//! The owner of an account ends, badly or well, while orders are being sent.

use std::time::Duration;

use crate::callers::Callers;
use crate::floor::{Floor, PATIENCE, of, until};
use aegis_domain::ErrorCode;

#[tokio::test]
async fn after_a_kill_another_instance_takes_the_account_and_no_confirmed_order_is_lost() {
    let floor = Floor::start().await;
    let traders = floor.traders().await;
    let callers = Callers::start(&floor.client, "ACC-1", Duration::from_secs(1));
    until("orders to be filled", PATIENCE, || callers.acknowledged() >= 20).await;
    let (before, owner) = (callers.term(), floor.owner("ACC-1").await);
    of(&owner, &traders).kill();
    until("the next term", Duration::from_secs(3), || callers.term() > before).await;
    let filled = callers.acknowledged();
    until("more orders to be filled", PATIENCE, || callers.acknowledged() >= filled + 20).await;
    let answers = callers.stop().await;
    assert_eq!(answers.term, before + 1, "the account changed hands more than once");
    assert_ne!(floor.owner("ACC-1").await, owner);
    let published = floor.trades().await;
    let missing: Vec<_> = answers.acknowledged.difference(&published).collect();
    assert!(missing.is_empty(), "confirmed and lost: {missing:?}");
    let unconfirmed = published.difference(&answers.acknowledged).count();
    let unknown = answers.errors.iter().filter(|e| e.code() == ErrorCode::OutcomeUnknown.as_str()).count();
    assert!(
        unconfirmed <= unknown,
        "{unconfirmed} trades were done for callers who were told that nothing was"
    );
}

#[tokio::test]
async fn a_clean_stop_of_the_owner_fails_no_call() {
    let floor = Floor::start().await;
    let traders = floor.traders().await;
    let callers = Callers::start(&floor.client, "ACC-1", PATIENCE);
    until("orders to be filled", PATIENCE, || callers.acknowledged() >= 20).await;
    let (before, owner) = (callers.term(), floor.owner("ACC-1").await);
    of(&owner, &traders).terminate();
    assert!(of(&owner, &traders).wait_exit(PATIENCE).await.success());
    until("the next term", PATIENCE, || callers.term() > before).await;
    let filled = callers.acknowledged();
    until("more orders to be filled", PATIENCE, || callers.acknowledged() >= filled + 20).await;
    let answers = callers.stop().await;
    assert_eq!(answers.errors, []);
    assert_eq!(floor.trades().await, answers.acknowledged);
}

#[tokio::test]
async fn an_owner_that_was_suspended_comes_back_without_executing_or_causing_anything_twice() {
    let floor = Floor::start().await;
    let traders = floor.traders().await;
    let callers = Callers::start(&floor.client, "ACC-1", Duration::from_secs(1));
    until("orders to be filled", PATIENCE, || callers.acknowledged() >= 20).await;
    let (before, owner) = (callers.term(), floor.owner("ACC-1").await);
    of(&owner, &traders).pause();
    until("the next term", PATIENCE, || callers.term() > before).await;
    let filled = callers.acknowledged();
    until("more orders to be filled", PATIENCE, || callers.acknowledged() >= filled + 20).await;
    of(&owner, &traders).resume();
    let filled = callers.acknowledged();
    until("orders after the return", PATIENCE, || callers.acknowledged() >= filled + 500).await;
    let answers = callers.stop().await;
    let published = floor.trades().await;
    let missing: Vec<_> = answers.acknowledged.difference(&published).collect();
    assert!(missing.is_empty(), "confirmed and lost: {missing:?}");
    let unconfirmed: Vec<_> = published.difference(&answers.acknowledged).collect();
    let unknown = answers.errors.iter().filter(|e| e.code() == ErrorCode::OutcomeUnknown.as_str()).count();
    assert!(
        unconfirmed.len() <= unknown,
        "{unconfirmed:?} were done, {unknown} unknown, {:?}",
        answers.errors
    );
}
