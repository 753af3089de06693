//! Three instances, and calls that are routed to one of them by each strategy.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use aegis_sdk::discovery::{Directory, Freshness, Router, Strategy};
use aegis_sdk::{Client, ConnectOptions, Connection, Fault, Resilience, Service, ServiceConfig};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "nats://127.0.0.1:4222".to_owned());
    let mut services = Vec::new();
    for n in 1..=3 {
        services.push(pricing(&url, n).await?);
    }
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
        writeln!(std::io::stdout(), "{strategy:?}: {answers:?}")?;
    }
    for service in services {
        service.stop("shown").await?;
    }
    Ok(())
}

/// The higher its number, the slower it is.
async fn pricing(url: &str, n: u64) -> Result<Service, Box<dyn std::error::Error>> {
    let mut config = ServiceConfig::new("pricing", "1.0.0")?;
    config.instance = Some(format!("pricing-{n}").parse()?);
    config.nats_url = url.to_owned();
    let quote = move |call: aegis_sdk::Call, _symbol: String| async move {
        tokio::time::sleep(Duration::from_millis(n)).await;
        Ok::<_, Fault>(call.instance().to_string())
    };
    Ok(Service::builder(config).rpc("quote", quote).start().await?)
}
