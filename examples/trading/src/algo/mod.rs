//! The algorithm: ticks in, averages from the calculation service, orders to the accounts' owners.

mod counters;
mod strategy;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aegis_domain::GroupName;
use aegis_sdk::{CallError, Client, Fault, Mode, Service, Subscribe, Target};
use tokio::sync::Notify;

use crate::cli::AlgoArgs;
use crate::feed;
use crate::outcome::Outcome;
use crate::wire::{
    ALGO, CALCULATION, Direction, Fill, MARKET_DOMAIN, MovingAverage, Order, OrderType, TICK, TRADING,
    TRADING_DOMAIN, Tick, Trade, Value, trade_type,
};
use counters::Counters;
use strategy::{LONG, SHORT, Window};

const CALCULATION_TIMEOUT: Duration = Duration::from_secs(1);
/// Longer than a failover under the default policy, so that one costs a delay and not an order.
const ORDER_TIMEOUT: Duration = Duration::from_secs(4);

pub(crate) async fn run(args: &AlgoArgs) -> anyhow::Result<()> {
    let counters = Arc::new(Counters::default());
    let (answers, trades) = (Arc::clone(&counters), Arc::clone(&counters));
    let every_account = format!("{TRADING_DOMAIN}.{}", trade_type("*"));
    let service = Service::builder(args.service.config(ALGO)?)
        .rpc("status", move |_call, (): ()| std::future::ready(Ok::<_, Fault>(answers.status())))
        // Each instance counts every trade, and none that was made while it restarted is missing.
        .on_event(Subscribe::to(every_account).mode(Mode::Broadcast), move |_context, trade: Trade| {
            trades.trade_seen();
            tracing::debug!(
                account = trade.account,
                trade = trade.trade_id,
                price = trade.price,
                "trade seen"
            );
            std::future::ready(Ok::<_, Fault>(()))
        })
        .start()
        .await?;
    let events = service.events();
    let algorithm = Algorithm {
        client: service.client(),
        accounts: &args.accounts,
        calculation: Target::any(CALCULATION)?,
        counters: &counters,
        window: Mutex::new(Window::new(args.every_ticks)),
        due: Notify::new(),
    };
    let ticks = feed::follow(&events, MARKET_DOMAIN, TICK, |tick| algorithm.take(&tick));
    tokio::select! {
        ended = service.run_until_signal() => Ok(ended?),
        () = ticks => Ok(()),
        () = algorithm.decide() => Ok(()),
    }
}

struct Algorithm<'a> {
    client: Client,
    accounts: &'a [GroupName],
    calculation: Target,
    counters: &'a Counters,
    window: Mutex<Window>,
    /// Ticks go on while an order waits for a failover; decisions that became due meanwhile are one.
    due: Notify,
}

impl Algorithm<'_> {
    fn take(&self, tick: &Tick) {
        self.counters.tick();
        if self.window.lock().unwrap_or_else(PoisonError::into_inner).push(tick) {
            self.due.notify_one();
        }
    }

    /// Never returns.
    async fn decide(&self) {
        for account in self.accounts.iter().cycle() {
            self.due.notified().await;
            let Some(latest) = self.window.lock().unwrap_or_else(PoisonError::into_inner).latest() else {
                continue;
            };
            match self.direction(&latest.prices).await {
                Ok(direction) => {
                    self.counters.decision();
                    self.order(account, direction, &latest.tick).await;
                }
                Err(error) => {
                    self.counters.calculation_failed();
                    tracing::warn!(code = error.code(), %error, "no averages, so no order");
                }
            }
        }
    }

    async fn direction(&self, prices: &[f64]) -> Result<Direction, CallError> {
        let (short, long) = tokio::try_join!(self.average(prices, SHORT), self.average(prices, LONG))?;
        tracing::debug!(short, long, "averages");
        Ok(strategy::decide(short, long))
    }

    async fn average(&self, prices: &[f64], window: usize) -> Result<f64, CallError> {
        let asked = MovingAverage { window, prices: prices.to_vec() };
        let reply =
            self.client.call(&self.calculation, "moving_average", &asked, CALCULATION_TIMEOUT).await?;
        let Value { value } = reply.body;
        Ok(value)
    }

    async fn order(&self, account: &GroupName, direction: Direction, tick: &Tick) {
        let order = Order {
            symbol: tick.symbol.clone(),
            exchange: tick.exchange.clone(),
            direction,
            order_type: OrderType::Market,
            volume: 1,
            price: Some(tick.price),
        };
        let result = match Target::owner(TRADING, account) {
            Ok(target) => self.client.call::<_, Fill>(&target, "send_order", &order, ORDER_TIMEOUT).await,
            Err(error) => Err(error.into()),
        };
        match result {
            Ok(reply) => {
                self.counters.filled();
                let fill = reply.body;
                tracing::info!(%account, ?direction, order = fill.order_id, price = fill.price, "order filled");
            }
            Err(error) => match Outcome::from(&error) {
                Outcome::Refused => {
                    self.counters.refused();
                    tracing::warn!(%account, code = error.code(), %error, "order not executed");
                }
                Outcome::Unknown => {
                    self.counters.unknown();
                    // Not sent again: it may be in the market.
                    tracing::warn!(%account, code = error.code(), %error, "order outcome unknown");
                }
            },
        }
    }
}
