//! Places orders, says what became of each, and hears of all that were booked.

use std::io::Write as _;
use std::sync::Mutex;
use std::time::Duration;

use aegis_desk::{ORDERS, Order, PLACED, Placed};
use aegis_sdk::prelude::*;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    accounts: Vec<String>,
    orders: u64,
}

#[derive(Default)]
struct Desk {
    heard: Mutex<u64>,
}

impl Desk {
    async fn heard(&self, _context: EventContext, placed: Placed) -> Result<(), Fault> {
        let mut heard = self.heard.lock().map_err(Fault::tell)?;
        *heard += 1;
        line(format_args!("heard {heard}: {} holds {} shares", placed.account, placed.shares))
    }
}

fn line(text: std::fmt::Arguments<'_>) -> Result<(), Fault> {
    Ok(writeln!(std::io::stdout().lock(), "{text}")?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (config, plan): (ServiceConfig, Plan) = ServiceConfig::load_with(None, "desk")?;
    let service = Service::builder(config)
        .state(async |_connection| Ok::<_, Fault>(Desk::default()))
        .on_event(format!("{PLACED}.*.placed"), Desk::heard)
        .start()
        .await?;
    let client = service.client();
    let (mut booked, mut refused, mut unknown) = (0_u64, 0_u64, 0_u64);
    for (number, account) in (1..=plan.orders).zip(plan.accounts.iter().cycle()) {
        let order = Order { symbol: "AEGS".to_owned(), shares: number * 10 };
        let owner = Target::owner(ORDERS, account)?;
        // A repetition has the same id, and is booked once.
        let options = CallOptions::within(Duration::from_secs(5)).idempotent();
        match client.call::<_, Placed>(&owner, "place", &order, options).await {
            Ok(reply) => {
                booked += 1;
                line(format_args!("booked {} of {account}", reply.body.number)).map_err(|e| e.to_string())?;
            }
            Err(CallError::Failed { code, message, .. }) => {
                refused += 1;
                line(format_args!("refused by {code}: {message}")).map_err(|e| e.to_string())?;
            }
            Err(error) => {
                unknown += 1;
                line(format_args!("unknown: {error}")).map_err(|e| e.to_string())?;
            }
        }
    }
    line(format_args!("booked={booked} refused={refused} unknown={unknown}")).map_err(|e| e.to_string())?;
    service.run_until_signal().await?;
    Ok(())
}
