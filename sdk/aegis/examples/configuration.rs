//! A configuration from a file and the environment, with a section of the program's own.
//!
//! ```text
//! export NATS_URL=nats://127.0.0.1:4222 AEGIS_SERVICE=risk AEGIS_VERSION=1.0.0
//! AEGIS_APP_RISK_LIMIT=500 cargo run -p aegis-sdk --example configuration
//! nats req rpc.risk.check 600
//! ```
#![expect(clippy::print_stdout, reason = "a program for people")]

use aegis_sdk::{Call, Fault, Service, ServiceConfig};

/// `[app.risk]` of the file that `AEGIS_CONFIG` names, and above it `AEGIS_APP_RISK_LIMIT`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Risk {
    limit: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (config, risk): (ServiceConfig, Risk) = ServiceConfig::load_with(None, "risk")?;
    for (field, source) in config.value_sources().iter().filter(|(_, source)| *source != "default") {
        println!("{field}: from the {source}");
    }
    let Risk { limit } = risk;
    println!("the limit is {limit}");
    let service = Service::builder(config)
        .rpc("check", move |_call: Call, shares: u64| async move {
            if shares > limit {
                return Err(Fault::new("LIMIT_EXCEEDED", format!("{shares} shares are over {limit}")));
            }
            Ok(())
        })
        .start()
        .await?;
    println!("{} answers", service.instance());
    service.run_until_signal().await?;
    Ok(())
}
