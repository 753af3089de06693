//! A load tester, of whatever stands at `NATS_URL`:
//! `cargo run --release -p aegis-sdk --example load -- [service method JSON [in flight [seconds]]]`.
//!
//! By default it calls `say` of the echo example. Once a second it tells the rate, the latencies and the failures.
#![expect(clippy::print_stdout, reason = "a program for people")]

use std::time::{Duration, Instant};

use aegis_sdk::domain::wire::latency::Latency;
use aegis_sdk::{Client, ConnectOptions, Connection, Target};
use futures_util::StreamExt as _;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let argument = |at: usize, default: &str| arguments.get(at).map_or(default, String::as_str).to_owned();
    let url = std::env::var("NATS_URL").unwrap_or_else(|_unset| "nats://127.0.0.1:4222".to_owned());
    let connection = Connection::open(ConnectOptions::new(url, "load")).await?;
    let (target, method) = (Target::any(argument(0, "echo"))?, argument(1, "say"));
    let params: Value = serde_json::from_str(&argument(2, r#"{"text": "hello"}"#))?;
    let in_flight: usize = argument(3, "64").parse()?;
    let seconds: u64 = argument(4, "10").parse()?;
    let client = Client::new(&connection);
    let call = |_| {
        let (client, target, method, params) = (&client, &target, &method, &params);
        async move {
            let begun = Instant::now();
            let outcome = client.call::<_, Value>(target, method, params, PATIENCE).await;
            (begun.elapsed(), outcome.err())
        }
    };
    let mut calls = futures_util::stream::iter(0_u64..).map(call).buffer_unordered(in_flight);
    let until = Instant::now() + Duration::from_secs(seconds);
    let (mut window, mut latency, mut failures, mut last) = (Instant::now(), Latency::default(), 0_u64, None);
    while let Some((took, failure)) = calls.next().await {
        latency.record(u64::try_from(took.as_micros())?, 1);
        failures += u64::from(failure.is_some());
        last = failure.or(last);
        if window.elapsed() >= Duration::from_secs(1) {
            let ms = |share| latency.quantile_ms(share).unwrap_or_default();
            let rate = u128::from(latency.count()) * 1_000 / window.elapsed().as_millis();
            let text = last.take().map(|error| format!("; {error}")).unwrap_or_default();
            println!(
                "{rate} calls/s, p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms, {failures} failed{text}",
                ms(0.5),
                ms(0.99),
                ms(1.0),
            );
            (window, latency, failures) = (Instant::now(), Latency::default(), 0);
        }
        if Instant::now() >= until {
            return Ok(());
        }
    }
    Ok(())
}
