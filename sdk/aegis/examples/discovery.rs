//! Three instances, and calls that are routed to one of them by each strategy.
//!
//! `NATS_URL=nats://127.0.0.1:4222 cargo run -p aegis-sdk --example discovery`
#![expect(clippy::print_stdout, reason = "a program for people")]

use std::collections::BTreeMap;
use std::time::Duration;

use aegis_sdk::discovery::{Directory, Freshness, Router, Strategy};
use aegis_sdk::{Call, Client, ConnectOptions, Connection, Fault, Resilience, Service, ServiceConfig};

/// The higher its number, the slower it is.
async fn pricing(url: &str, number: u64) -> anyhow::Result<Service> {
    let mut config = ServiceConfig::new("pricing", "1.0.0")?;
    config.instance = Some(format!("pricing-{number}").parse()?);
    config.nats_url = url.to_owned();
    let quote = move |call: Call, _symbol: String| async move {
        tokio::time::sleep(Duration::from_millis(number)).await; // the work
        Ok::<_, Fault>(call.instance().to_string())
    };
    Ok(Service::builder(config).rpc("quote", quote).start().await?)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let url = std::env::var("NATS_URL").unwrap_or_else(|_unset| "nats://127.0.0.1:4222".to_owned());
    let services = [pricing(&url, 1).await?, pricing(&url, 2).await?, pricing(&url, 3).await?];
    let connection = Connection::open(ConnectOptions::new(url, "trader")).await?;
    let client = Client::new(&connection).with_resilience(Resilience::default());
    let directory = Directory::open(&connection, "pricing".parse()?, Freshness::Watched).await?;
    let strategies = [
        Strategy::RoundRobin,
        Strategy::LeastLoaded,
        Strategy::StickyPreferred(None),
        Strategy::LowestLatency,
    ];
    for strategy in strategies {
        let router = Router::new(&client, &directory, strategy.clone());
        let mut answers = BTreeMap::<String, u32>::new();
        for _ in 0..30 {
            let quote = router.call::<_, String>("quote", &"EURUSD", client.default_options()).await?;
            *answers.entry(quote.body).or_default() += 1;
        }
        println!("{strategy:?}: {answers:?}");
    }
    for service in services {
        service.stop("shown").await?;
    }
    Ok(())
}
