//! What a service measures and traces without being asked: one trace through two services, and the meters of both.
//!
//! `NATS_URL=nats://127.0.0.1:4222 cargo run -p aegis-sdk --example observability`
#![expect(clippy::print_stdout, reason = "a program for people")]

use std::time::Duration;

use aegis_sdk::domain::wire::heartbeat::Role;
use aegis_sdk::{Call, Fault, Service, ServiceConfig, Target};

const PATIENCE: Duration = Duration::from_secs(5);

fn config(service: &str) -> anyhow::Result<ServiceConfig> {
    let mut config = ServiceConfig::new(service, "1.0.0")?;
    config.nats_url = std::env::var("NATS_URL").unwrap_or(config.nats_url);
    Ok(config)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let prices = Service::builder(config("prices")?)
        .rpc("last", |call: Call, symbol: String| async move {
            if symbol.is_empty() {
                return Err(Fault::new("NO_SYMBOL", "name a symbol"));
            }
            Ok(call.trace().trace_id().to_string())
        })
        .start()
        .await?;
    let desk = Service::builder(config("desk")?)
        .rpc("quote", |call: Call, symbol: String| async move {
            // By the client of the call, so in its trace.
            let prices = Target::any("prices")?;
            let inner: String = call.client().call(&prices, "last", &symbol, call.remaining()).await?.body;
            Ok::<_, Fault>((call.trace().trace_id().to_string(), inner))
        })
        .start()
        .await?;
    let (client, target) = (desk.client(), Target::any("desk")?);
    let (outer, inner): (String, String) = client.call(&target, "quote", &"EURUSD", PATIENCE).await?.body;
    println!("one trace through both: {}", outer == inner);
    if let Err(error) = client.call::<_, (String, String)>(&target, "quote", &"", PATIENCE).await {
        println!("{error}");
    }
    // The same that heartbeats tell, `nats service stats` shows, and an OpenTelemetry collector gets.
    for (service, role, name) in
        [(&desk, Role::Serve, "quote"), (&desk, Role::Call, "prices.last"), (&prices, Role::Serve, "last")]
    {
        let counts = service.connection().telemetry().meters.of(role, name).counts();
        println!("{role:?} {name}: {} calls, {} failed: {:?}", counts.count, counts.errors, counts.codes);
    }
    desk.stop("the example is over").await?;
    prices.stop("the example is over").await?;
    Ok(())
}
