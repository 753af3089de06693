//! The trading service: each account has exactly one active instance, and keeps it while it lives.

mod check;
mod ledger;

use std::sync::Arc;

use aegis_domain::{GroupName, Term};
use aegis_sdk::fencing::FencedLog;
use aegis_sdk::{Call, Connection, Fault, Service};
use serde_json::{Value, json};

use crate::cli::ServiceArgs;
use crate::feed;
use crate::wire::{
    Fill, FillStatus, MARKET_DOMAIN, Order, Position, TICK, TRADING, Tick, Trade, is_account, trade_subject,
};
use check::LatestPrices;
use ledger::Ledgers;

pub(crate) async fn run(args: &ServiceArgs) -> anyhow::Result<()> {
    let prices = Arc::new(LatestPrices::default());
    let heard = Arc::clone(&prices);
    let service = Service::builder(args.config(TRADING)?)
        .state(async move |connection| Ok::<_, Fault>(Desk::new(&connection, heard)))
        .rpc("ping", Desk::ping)
        .exclusive("send_order", Desk::send_order)
        .exclusive("position", Desk::position)
        .on_demand(is_account)
        .start()
        .await?;
    tracing::info!("serving");
    let events = service.events();
    let ticks = feed::follow(&events, MARKET_DOMAIN, TICK, |tick: Tick| prices.note(tick));
    tokio::select! {
        ended = service.run_until_signal() => Ok(ended?),
        () = ticks => Ok(()),
    }
}

/// What the handlers share.
#[derive(Debug)]
struct Desk {
    /// The trades of each account, in the order in which they were executed. It takes none from an owner
    /// whose term is over.
    order_book: FencedLog,
    ledgers: Ledgers,
    prices: Arc<LatestPrices>,
}

impl Desk {
    fn new(connection: &Connection, prices: Arc<LatestPrices>) -> Self {
        Self { order_book: FencedLog::new(connection, trade_subject), ledgers: Ledgers::default(), prices }
    }

    async fn ping(&self, call: Call, (): ()) -> Result<Value, Fault> {
        Ok(json!({ "from": format!("{}/{}", call.service(), call.instance()) }))
    }

    /// Executes an order. The order book has the trade before the caller hears of it: no order that was
    /// confirmed is missing there. An order that comes a second time, because its first owner was lost
    /// before it could answer, is answered by the trade that the first execution made.
    async fn send_order(&self, call: Call, order: Order) -> Result<Fill, Fault> {
        let (account, term) = call.exclusive()?;
        let price = self.prices.execution_price(&order)?;
        let order_id = self.ledgers.next_order_id(account, term)?;
        let trade = Trade {
            account: account.to_string(),
            symbol: order.symbol,
            trade_id: format!("{order_id}-T1"),
            order_id,
            direction: order.direction,
            price,
            volume: order.volume,
            term: term.get(),
        };
        let trade = self.enter(&call, account, term, trade).await?;
        tracing::info!(
            account = trade.account,
            order = trade.order_id,
            price = trade.price,
            volume = trade.volume,
            "order filled"
        );
        Ok(Fill {
            order_id: trade.order_id,
            trade_id: trade.trade_id,
            status: FillStatus::Filled,
            price: trade.price,
            volume: trade.volume,
            term: trade.term,
        })
    }

    /// Enters the trade in the order book under the call's own id. Answers what stands there.
    async fn enter(
        &self,
        call: &Call,
        account: &GroupName,
        term: Term,
        trade: Trade,
    ) -> Result<Trade, Fault> {
        let body = serde_json::to_vec(&trade)?.into();
        let entered = self.order_book.append(account, term, call.request_id(), body).await;
        let entered = entered.inspect_err(|error| {
            tracing::warn!(%error, order = trade.order_id, "a trade was not entered");
        })?;
        match entered.first {
            Some(first) => Ok(serde_json::from_slice(&first)?),
            None => {
                self.ledgers.enter(account, term, &trade);
                Ok(trade)
            }
        }
    }

    async fn position(&self, call: Call, (): ()) -> Result<Position, Fault> {
        let (account, term) = call.exclusive()?;
        self.ledgers.position(account, term)
    }
}
