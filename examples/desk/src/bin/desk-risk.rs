//! Checks orders against a limit.

use aegis_desk::Order;
use aegis_sdk::prelude::*;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Risk {
    limit: u64,
}

#[derive(Debug, thiserror::Error, Fault)]
enum Refused {
    #[error("{shares} shares are over the limit of {limit}")]
    #[fault(code = "LIMIT_EXCEEDED", details)]
    Limit { shares: u64, limit: u64 },
}

impl Risk {
    async fn check(&self, _call: Call, order: Order) -> Result<(), Refused> {
        match order.shares <= self.limit {
            true => Ok(()),
            false => Err(Refused::Limit { shares: order.shares, limit: self.limit }),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (config, risk): (ServiceConfig, Risk) = ServiceConfig::load_with(None, "risk")?;
    let service = Service::builder(config)
        .state(async move |_connection| Ok::<_, Fault>(risk))
        .rpc("check", Risk::check)
        .start()
        .await?;
    service.run_until_signal().await?;
    Ok(())
}
