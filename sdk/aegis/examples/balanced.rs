//! Three instances of one service share its calls; one of them stops in between, and no call fails.
//!
//! `NATS_URL=nats://127.0.0.1:4222 cargo run -p aegis-sdk --example balanced`
#![expect(clippy::print_stdout, reason = "a program for people")]

use std::collections::BTreeMap;
use std::time::Duration;

use aegis_sdk::{Call, Client, ConnectOptions, Connection, Fault, Service, ServiceConfig, Target};

const CALLS: i64 = 3_000;

async fn start(url: &str, number: u32) -> anyhow::Result<Service> {
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
async fn main() -> anyhow::Result<()> {
    let url = std::env::var("NATS_URL").unwrap_or_else(|_unset| "nats://127.0.0.1:4222".to_owned());
    let leaving = start(&url, 1).await?;
    let staying = [start(&url, 2).await?, start(&url, 3).await?];
    let connection = Connection::open(ConnectOptions::new(url, "caller")).await?;
    let (client, adder) = (Client::new(&connection), Target::any("adder")?);
    let mut shares: BTreeMap<String, u32> = BTreeMap::new();
    let mut add = async |numbers: std::ops::Range<i64>| -> anyhow::Result<()> {
        for n in numbers {
            let reply =
                client.call::<_, (i64, String)>(&adder, "add", &(n, 1), Duration::from_secs(2)).await?;
            anyhow::ensure!(reply.body.0 == n + 1, "{n} + 1 is not {}", reply.body.0);
            *shares.entry(reply.body.1).or_default() += 1;
        }
        Ok(())
    };
    add(0..CALLS / 3).await?;
    let (added, left) = tokio::join!(add(CALLS / 3..CALLS), leaving.stop("it is enough"));
    added?;
    left?;
    for (instance, calls) in shares {
        println!("{instance} answered {calls} calls");
    }
    for service in staying {
        service.stop("done").await?;
    }
    Ok(())
}
