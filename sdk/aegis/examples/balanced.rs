//! Three instances of one service share its calls: `cargo run -p aegis-sdk --example balanced`, with a NATS server
//! at `NATS_URL`.
//!
//! One of them stops in between, and no call fails.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write as _;
use std::time::Duration;

use aegis_sdk::{Call, Client, ConnectOptions, Connection, Fault, Service, ServiceConfig, Target};

async fn start(url: &str, number: u32) -> Result<Service, Box<dyn Error>> {
    let mut config = ServiceConfig::new("adder", "1.0.0")?;
    config.nats_url = url.to_owned();
    config.instance = Some(format!("adder-{number}").parse()?);
    let service = Service::builder(config)
        .rpc("add", |call: Call, (a, b): (i64, i64)| async move {
            Ok::<_, Fault>((a + b, call.instance().to_string()))
        })
        .start()
        .await?;
    Ok(service)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("NATS_URL").unwrap_or_else(|_unset| "nats://127.0.0.1:4222".to_owned());
    let mut services = vec![start(&url, 1).await?, start(&url, 2).await?, start(&url, 3).await?];
    let connection = Connection::open(ConnectOptions::new(url, "caller")).await?;
    let client = Client::new(&connection);
    let adder = Target::any("adder")?;
    let mut shares: BTreeMap<String, u32> = BTreeMap::new();
    let leaving = services.remove(0);
    let leaving = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        leaving.stop("it is enough").await
    });
    for n in 0..3_000 {
        let reply = client.call::<_, (i64, String)>(&adder, "add", &(n, 1), Duration::from_secs(2)).await?;
        assert_eq!(reply.body.0, n + 1);
        *shares.entry(reply.body.1).or_default() += 1;
    }
    leaving.await??;
    for (instance, calls) in shares {
        writeln!(std::io::stdout(), "{instance} answered {calls} calls")?;
    }
    for service in services {
        service.stop("done").await?;
    }
    Ok(())
}
