//! The trading service: each account has exactly one active instance, and keeps it while it lives.

mod book;
mod check;

use std::sync::Arc;
use std::time::Duration;

use aegis_domain::{ErrorCode, GroupName, Term};
use aegis_sdk::{Call, ConnectOptions, Connection, Events, Fault, Service};
use serde_json::json;

use crate::cli::TradingArgs;
use crate::feed;
use crate::wire::{
    Fill, FillStatus, MARKET_DOMAIN, Order, Position, TICK, TRADING, TRADING_DOMAIN, Tick, Trade, trade_type,
};
use book::Book;
use check::LatestPrices;

/// Far longer than a healthy server takes. Past it the caller is told to look, instead of being left
/// to wait for as long as the connection would.
const ACK_TIMEOUT: Duration = Duration::from_secs(2);

pub(crate) async fn run(args: &TradingArgs) -> anyhow::Result<()> {
    let mut config = args.service.config(TRADING)?;
    config.groups.clone_from(&args.accounts);
    let name = config
        .instance
        .as_ref()
        .map_or_else(|| TRADING.to_owned(), |instance| format!("{TRADING}/{instance}"));
    // Handlers are given to the builder before there is a service to take its connection from.
    let connection =
        Connection::open(ConnectOptions::new(&args.service.nats_url, format!("{name} events"))).await?;
    let desk = Arc::new(Desk {
        events: Events::new(&connection),
        book: Book::default(),
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
            async move { desk.position(call) }
        })
        .start()
        .await?;
    tracing::info!(accounts = args.accounts.len(), "serving");
    let ticks = feed::follow(&desk.events, MARKET_DOMAIN, TICK, |tick: Tick| prices.prices.note(tick));
    tokio::select! {
        ended = service.run_until_signal() => Ok(ended?),
        () = ticks => Ok(()),
    }
}

/// What the handlers share.
#[derive(Debug)]
struct Desk {
    events: Events,
    book: Book,
    prices: LatestPrices,
}

impl Desk {
    /// Executes an order. The trade is acknowledged by the stream before the caller hears of it: no
    /// order that was confirmed is missing among the trades.
    async fn send_order(&self, call: Call, order: Order) -> Result<Fill, Fault> {
        let (account, term) = tenancy(call)?;
        let price = self.prices.execution_price(&order)?;
        let order_id = self.book.next_order_id(&account, term)?;
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
        self.publish(&trade).await?;
        self.book.enter(&account, term, &trade);
        tracing::info!(
            account = trade.account,
            order = trade.order_id,
            price,
            volume = trade.volume,
            "order filled"
        );
        Ok(Fill {
            order_id: trade.order_id,
            trade_id: trade.trade_id,
            status: FillStatus::Filled,
            price,
            volume: trade.volume,
            term: trade.term,
        })
    }

    async fn publish(&self, trade: &Trade) -> Result<(), Fault> {
        let event_type = trade_type(&trade.account);
        let published = self.events.publish(TRADING_DOMAIN, &event_type, trade);
        let why = match tokio::time::timeout(ACK_TIMEOUT, published).await {
            Ok(Ok(_sequence)) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(_elapsed) => "no acknowledgement came in time".to_owned(),
        };
        tracing::warn!(order = trade.order_id, why, "a trade was not acknowledged");
        // It may be in the stream all the same, so this is no refusal.
        Err(Fault::new(
            ErrorCode::OutcomeUnknown.as_str(),
            "the trade was not acknowledged: look before repeating it",
        ))
    }

    fn position(&self, call: Call) -> Result<Position, Fault> {
        let (account, term) = tenancy(call)?;
        self.book.position(&account, term)
    }
}

fn tenancy(call: Call) -> Result<(GroupName, Term), Fault> {
    call.tenancy.ok_or_else(|| {
        Fault::new(ErrorCode::Internal.as_str(), "an exclusive method was called without a group")
    })
}
