//! The whole floor.

use crate::floor::{Floor, PATIENCE, until};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use aegis_sdk::Target;
use aegis_testkit::wait_until;
use serde_json::{Value, json};
use tokio::task::JoinSet;

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
    let asked = json!({ "symbol": "EURUSD" });
    let tick = floor.client.call::<_, Value>(&market, "last_price", &asked, PATIENCE).await.unwrap().body;
    assert!((0.5..2.0).contains(&tick["price"].as_f64().unwrap()), "{tick}");
    for service in &services {
        service.terminate();
    }
    for service in &services {
        assert!(service.wait_exit(PATIENCE).await.success(), "{:?}", service.lines());
    }
}

#[tokio::test]
async fn a_clean_stop_of_one_of_several_calculators_fails_no_call() {
    let floor = Floor::start().await;
    let names = ["calculation-service-1", "calculation-service-2"];
    let procs = names.map(|name| floor.spawn(&["calculation", "--instance", name]));
    for proc in &procs {
        proc.wait_for_line(|line| line.contains("serving"), PATIENCE).await;
    }
    let stopped = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicU64::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..3 {
        let (client, stopped, answered) = (floor.client.clone(), Arc::clone(&stopped), Arc::clone(&answered));
        callers.spawn(async move {
            let any = Target::any("calculation-service").unwrap();
            let asked = json!({ "window": 2, "prices": [1.0, 2.0] });
            while !stopped.load(Ordering::Relaxed) {
                let reply = client.call::<_, Value>(&any, "moving_average", &asked, PATIENCE).await;
                assert_eq!(reply.unwrap().body, json!({ "value": 1.5 }));
                answered.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    until("calls to be answered", PATIENCE, || answered.load(Ordering::Relaxed) >= 100).await;
    procs[0].terminate();
    assert!(procs[0].wait_exit(PATIENCE).await.success());
    stopped.store(true, Ordering::Relaxed);
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
}
