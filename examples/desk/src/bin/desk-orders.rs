//! Books orders, one after the other for each account.

use aegis_desk::account::{Account, AccountId, Accounts, Book};
use aegis_desk::{Order, PLACED, Placed, RISK};
use aegis_sdk::prelude::*;

struct Orders {
    risk: Target,
}

impl Orders {
    async fn place(&self, call: Call, order: Order) -> Result<Placed, Fault> {
        call.client().call::<_, ()>(&self.risk, "check", &order, call.remaining()).await?;
        let (account, _term) = call.exclusive()?;
        let book = Book { symbol: order.symbol, shares: order.shares };
        // Recorded once, also when a successor runs the call again; and never by an owner whose term is over.
        let booked = call.journal::<Accounts>().execute::<Account>(&AccountId(account.clone()), book).await?;
        let Account { orders, shares } = booked.state;
        let placed = Placed { account: account.to_string(), number: orders, shares };
        call.events().publish(PLACED, &format!("{account}.placed"), &placed).await?;
        Ok(placed)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = ServiceConfig::load(None)?;
    let logs = Logs::install(&config.log)?;
    let service = Service::builder(config)
        .logs(&logs)
        .state(async |_connection| Ok::<_, Fault>(Orders { risk: Target::any(RISK)? }))
        .exclusive("place", Orders::place)
        .one_at_a_time()
        .start()
        .await?;
    service.run_until_signal().await?;
    Ok(())
}
