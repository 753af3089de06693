//! One active instance for each account. Start it twice, call it with
//! `nats req rpc.desk.ACC-1.sell 5`, kill the one that answers, and call again.

use aegis_sdk::{Call, Fault, Logs, Service, ServiceConfig};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut config = ServiceConfig::new("desk", "1.0.0")?;
    config.nats_url = std::env::args().nth(1).unwrap_or(config.nats_url);
    config.groups = vec!["ACC-1".parse()?, "ACC-2".parse()?];
    config.failover = aegis_sdk::Policy::AGGRESSIVE;
    let logs = Logs::install(&config.log)?;
    let service = Service::builder(config).logs(&logs).exclusive("sell", sell).start().await?;
    tracing::info!(instance = %service.instance(), "ready");
    service.run_until_signal().await?;
    Ok(())
}

/// Whatever is written for the account carries the term, so that a stale owner is refused there.
async fn sell(call: Call, amount: u32) -> Result<String, Fault> {
    let (account, term) = call.tenancy.clone().ok_or_else(|| Fault::new("NO_ACCOUNT", "name an account"))?;
    Ok(format!("{} sold {amount} for {account} in term {term}", call.instance()))
}
