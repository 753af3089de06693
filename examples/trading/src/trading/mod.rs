//! The trading service: each account has exactly one active instance, and keeps it while it lives.

mod check;
mod ledger;

use std::sync::Arc;

use aegis_domain::{ErrorCode, GroupName, Term};
use aegis_sdk::fencing::FencedLog;
use aegis_sdk::{Call, ConnectOptions, Connection, Events, Fault, Service};
use serde_json::json;

use crate::cli::ServiceArgs;
use crate::feed;
use crate::wire::{
    Fill, FillStatus, MARKET_DOMAIN, Order, Position, TICK, TRADING, Tick, Trade, is_account, trade_subject,
};
use check::LatestPrices;
use ledger::Ledgers;

pub(crate) async fn run(args: &ServiceArgs) -> anyhow::Result<()> {
    let config = args.config(TRADING)?;
    let name = config
        .instance
        .as_ref()
        .map_or_else(|| TRADING.to_owned(), |instance| format!("{TRADING}/{instance}"));
    // Handlers are given to the builder before there is a service to take its connection from.
    let options = ConnectOptions {
        namespace: args.namespace.clone(),
        ..ConnectOptions::new(&args.nats_url, format!("{name} events"))
    };
    let connection = Connection::open(options).await?;
    let events = Events::new(&connection);
    let desk = Arc::new(Desk {
        order_book: FencedLog::new(&connection, trade_subject),
        ledgers: Ledgers::default(),
        prices: LatestPrices::default(),
    });
    let (orders, positions, prices) = (Arc::clone(&desk), Arc::clone(&desk), Arc::clone(&desk));
    let service = Service::builder(config)
        .rpc("ping", move |_call, (): ()| {
            let pong = json!({ "from": name });
            async move { Ok::<_, Fault>(pong) }
        })
        .exclusive("send_order", move |call, order: Order| {
            let desk = Arc::clone(&orders);
            async move { desk.send_order(call, order).await }
        })
        .exclusive("position", move |call, (): ()| {
            let desk = Arc::clone(&positions);
            async move { desk.position(&call) }
        })
        .on_demand(is_account)
        .start()
        .await?;
    tracing::info!("serving");
    let ticks = feed::follow(&events, MARKET_DOMAIN, TICK, |tick: Tick| prices.prices.note(tick));
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
    prices: LatestPrices,
}

impl Desk {
    /// Executes an order. The order book has the trade before the caller hears of it: no order that was
    /// confirmed is missing there. An order that comes a second time, because its first owner was lost
    /// before it could answer, is answered by the trade that the first execution made.
    async fn send_order(&self, call: Call, order: Order) -> Result<Fill, Fault> {
        let (account, term) = tenancy(&call)?;
        let price = self.prices.execution_price(&order)?;
        let order_id = self.ledgers.next_order_id(&account, term)?;
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
        let trade = self.enter(&call, &account, term, trade).await?;
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
        let entered = entered.map_err(|error| {
            tracing::warn!(%error, order = trade.order_id, "a trade was not entered");
            error.fault()
        })?;
        match entered.first {
            Some(first) => Ok(serde_json::from_slice(&first)?),
            None => {
                self.ledgers.enter(account, term, &trade);
                Ok(trade)
            }
        }
    }

    fn position(&self, call: &Call) -> Result<Position, Fault> {
        let (account, term) = tenancy(call)?;
        self.ledgers.position(&account, term)
    }
}

fn tenancy(call: &Call) -> Result<(GroupName, Term), Fault> {
    call.tenancy.clone().ok_or_else(|| {
        Fault::new(ErrorCode::Internal.as_str(), "an exclusive method was called without a group")
    })
}
