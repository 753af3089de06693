//! The whole floor.

use crate::floor::{Floor, PATIENCE};
use aegis_sdk::Target;
use aegis_testkit::wait_until;
use serde_json::Value;

#[tokio::test]
async fn ticks_become_averages_averages_become_orders_and_orders_become_trades() {
    let floor = Floor::start().await;
    let _traders = floor.traders().await;
    let watch = floor.spawn(&["trader", "watch"]);
    let services = [
        floor.spawn(&["calculation", "--instance", "calculation-service-1"]),
        floor.spawn(&["calculation", "--instance", "calculation-service-2"]),
        floor.spawn(&["market-data", "--instance", "market-data-service-1", "--speed", "10"]),
        floor.spawn(&["algo", "--instance", "algo-service-1"]),
    ];
    let algo = Target::any("algo-service").unwrap();
    wait_until("six orders filled and their trades seen", PATIENCE, async || {
        let status = floor.client.call::<_, Value>(&algo, "status", &(), PATIENCE).await;
        let status = status.map_err(|error| error.to_string())?.body;
        let enough = |field: &str| status[field].as_u64().unwrap() >= 6;
        if enough("orders_filled") && enough("trades_seen") { Ok(()) } else { Err(status.to_string()) }
    })
    .await;
    for account in ["ACC-1", "ACC-2", "ACC-3"] {
        let trade = format!(r#"{{"account":"{account}","symbol":"EURUSD""#);
        watch.wait_for_line(|line| line.starts_with(&trade), PATIENCE).await;
    }
    let market = Target::any("market-data-service").unwrap();
    let asked = serde_json::json!({ "symbol": "EURUSD" });
    let tick = floor.client.call::<_, Value>(&market, "last_price", &asked, PATIENCE).await.unwrap().body;
    assert!((0.5..2.0).contains(&tick["price"].as_f64().unwrap()), "{tick}");
    for service in &services {
        service.terminate();
    }
    for service in &services {
        assert!(service.wait_exit(PATIENCE).await.success(), "{:?}", service.lines());
    }
}
