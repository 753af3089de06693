//! One active instance for each account. Start it twice, call it, kill the one that answers, and call again.
//!
//! ```text
//! NATS_URL=nats://127.0.0.1:4222 cargo run -p aegis-sdk --example single_active
//! nats req rpc.desk.ACC-1.sell 5
//! ```

use aegis_sdk::{Call, Fault, Logs, Policy, Service, ServiceConfig};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut config = ServiceConfig::new("desk", "1.0.0")?;
    config.nats_url = std::env::var("NATS_URL").unwrap_or(config.nats_url);
    config.groups = vec!["ACC-1".parse()?, "ACC-2".parse()?];
    config.failover = Policy::AGGRESSIVE;
    let logs = Logs::install(&config.log)?;
    let service = Service::builder(config).logs(&logs).exclusive("sell", sell).start().await?;
    service.run_until_signal().await?;
    Ok(())
}

/// Whatever is written for the account carries the term, so that a stale owner is refused there.
async fn sell(call: Call, amount: u32) -> Result<String, Fault> {
    let (account, term) = call.exclusive()?;
    Ok(format!("{} sold {amount} for {account} in term {term}", call.instance()))
}
