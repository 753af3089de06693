//! Orders that must not be executed, and the trader's command line.

use std::collections::BTreeSet;

use crate::floor::{Floor, PATIENCE, desk, order};
use aegis_sdk::CallError;
use serde_json::{Value, json};

fn with(field: &str, value: Value) -> Value {
    let mut order = order();
    order[field] = value;
    order
}

#[tokio::test]
async fn bad_orders_are_refused_with_their_code_and_nothing_is_published() {
    let floor = Floor::start().await;
    let _traders = floor.traders().await;
    for (bad, expected) in [
        (with("volume", json!(0)), "INVALID_VOLUME"),
        (with("volume", json!(-5)), "INVALID_VOLUME"),
        (with("volume", json!("many")), "INVALID_INPUT"),
        (with("price", json!(-1.0)), "INVALID_PRICE"),
        (with("price", json!(null)), "PRICE_REQUIRED"),
        (with("symbol", json!("no such symbol")), "INVALID_SYMBOL"),
        (with("exchange", json!("")), "INVALID_EXCHANGE"),
        (with("direction", json!("HOLD")), "INVALID_INPUT"),
        (with("type", json!("STOP")), "INVALID_INPUT"),
        (with("prise", json!(1.0)), "INVALID_INPUT"),
        (json!({}), "INVALID_INPUT"),
    ] {
        let error =
            floor.client.call::<_, Value>(&desk("ACC-1"), "send_order", &bad, PATIENCE).await.unwrap_err();
        assert!(matches!(error, CallError::Failed { .. }), "{bad} gave {error:?}");
        assert_eq!(error.code(), expected, "{bad} gave {error}");
    }
    let market =
        json!({ "symbol": "EURUSD", "exchange": "ECB", "direction": "SELL", "type": "MARKET", "volume": 1 });
    let unpriced = floor.client.call::<_, Value>(&desk("ACC-1"), "send_order", &market, PATIENCE).await;
    assert_eq!(unpriced.unwrap_err().code(), "NO_MARKET_PRICE");
    let no_account = floor.client.call::<_, Value>(&desk("ACC-x"), "send_order", &order(), PATIENCE).await;
    assert_eq!(no_account.unwrap_err().code(), "GROUP_NOT_SERVED");
    assert_eq!(floor.trades().await, BTreeSet::new());
    let position =
        floor.client.call::<_, Value>(&desk("ACC-1"), "position", &(), PATIENCE).await.unwrap().body;
    assert_eq!((&position["trades"], &position["volumes"]), (&json!(0), &json!({})));
}

#[tokio::test]
async fn the_trader_sends_orders_asks_for_the_position_and_sums_a_loop_up() {
    let floor = Floor::start().await;
    let _traders = floor.traders().await;
    let to = ["--account", "ACC-2", "--price", "1.25"];
    let sold =
        floor.spawn(&[["trader", "order", "--direction", "sell", "--volume", "3"].as_slice(), &to].concat());
    sold.wait_for_line(|line| line.contains(r#""status":"FILLED","price":1.25,"volume":3"#), PATIENCE).await;
    let refused = floor.spawn(&[["trader", "order", "--volume", "0"].as_slice(), &to].concat());
    assert!(!refused.wait_exit(PATIENCE).await.success());
    refused.wait_for_line(|line| line.contains("INVALID_VOLUME"), PATIENCE).await;
    let looped =
        floor.spawn(&[["trader", "loop", "--every", "5ms", "--count", "10"].as_slice(), &to].concat());
    looped
        .wait_for_line(|line| line.starts_with("sent=10 ok=10 refused=0 unknown=0 longest_gap_ms="), PATIENCE)
        .await;
    assert_eq!(looped.lines().iter().filter(|line| line.starts_with("ok order=ACC-2-")).count(), 10);
    let position = floor.spawn(&["trader", "position", "--account", "ACC-2"]);
    position.wait_for_line(|line| line.contains(r#""trades":11,"volumes":{"EURUSD":7}"#), PATIENCE).await;
    let failing = ["trader", "loop", "--every", "5ms", "--count", "4", "--volume", "0"];
    let failing = floor.spawn(&[failing.as_slice(), &to].concat());
    failing.wait_for_line(|line| line == "sent=4 ok=0 refused=4 unknown=0 longest_gap_ms=-", PATIENCE).await;
    assert!(failing.wait_exit(PATIENCE).await.success(), "errors of orders do not end the loop");
}
