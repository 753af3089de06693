//! A client that a target in trouble does not take down: a bulkhead, a breaker, and what callers are told.
//!
//! `NATS_URL=nats://127.0.0.1:4222 cargo run -p aegis-sdk --example resilience`
#![expect(clippy::print_stdout, reason = "a program for people")]

use std::collections::BTreeMap;
use std::time::Duration;

use aegis_sdk::resilience::BreakerPolicy;
use aegis_sdk::{
    Call, CallError, Client, ConnectOptions, Connection, Fault, Resilience, Service, ServiceConfig, Target,
};
use futures_util::future::join_all;

const PATIENCE: Duration = Duration::from_millis(500);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let url = std::env::var("NATS_URL").unwrap_or_else(|_unset| "nats://127.0.0.1:4222".to_owned());
    let mut config = ServiceConfig::new("exchange", "1.0.0")?;
    config.nats_url = url.clone();
    let service = Service::builder(config)
        .rpc("quote", |_call: Call, symbol: String| async move { Ok::<_, Fault>((symbol, 1.0845)) })
        // It answers later than its callers wait.
        .rpc("slow", |_call: Call, (): ()| async move {
            tokio::time::sleep(2 * PATIENCE).await;
            Ok::<_, Fault>(())
        })
        .start()
        .await?;
    let connection = Connection::open(ConnectOptions::new(url, "trader")).await?;
    let breaker = BreakerPolicy { least_calls: 8, ..BreakerPolicy::default() };
    let client = Client::new(&connection).with_resilience(Resilience {
        max_in_flight: 8,
        breaker: Some(breaker),
        ..Resilience::default()
    });
    let exchange = Target::any("exchange")?;
    let slow = async || match client.call::<_, ()>(&exchange, "slow", &(), PATIENCE).await {
        Ok(_) => "answered".to_owned(),
        Err(error) => error.code().to_owned(),
    };
    // Of twelve at once the bulkhead lets eight through, which find no answer: that opens the breaker.
    let mut outcomes = BTreeMap::<String, u32>::new();
    for code in join_all((0..12).map(|_| slow())).await {
        *outcomes.entry(code).or_default() += 1;
    }
    println!("{outcomes:?}");
    // While it is open, nothing is sent. It says when to come back; the call that is let through then finds an answer.
    loop {
        match client.call::<_, (String, f64)>(&exchange, "quote", &"EURUSD", Duration::from_secs(5)).await {
            Err(CallError::CircuitOpen { retry_after, .. }) => {
                println!("the breaker is open");
                tokio::time::sleep(retry_after).await;
            }
            Err(error) => return Err(error.into()),
            Ok(reply) => {
                println!("{} at {}", reply.body.0, reply.body.1);
                break;
            }
        }
    }
    service.stop("the example is over").await?;
    Ok(())
}
