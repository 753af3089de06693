//! The market: a real series of prices, replayed as ticks.

mod series;

use std::sync::Arc;
use std::time::Duration;

use aegis_sdk::{EventOptions, Events, Fault, OutboxLimits, Service};
use anyhow::Context as _;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::cli::MarketDataArgs;
use crate::clock::now_ms;
use crate::wire::{EXCHANGE, LastPrice, MARKET_DATA, MARKET_DOMAIN, SYMBOL, TICK, Tick};
use series::Series;

/// Between two ticks at speed 1.
const TICK_EVERY: Duration = Duration::from_millis(200);
/// An old price is of no use.
const FEW_TICKS: OutboxLimits =
    OutboxLimits { messages: 5, bytes: 1 << 20, patience: Duration::from_secs(1) };

pub(crate) async fn run(args: &MarketDataArgs) -> anyhow::Result<()> {
    let series = Series::eurusd().context("the price series in the binary")?;
    let latest = Arc::new(watch::Sender::new(None::<Tick>));
    let answers = Arc::clone(&latest);
    let service = Service::builder(args.service.config(MARKET_DATA)?)
        .rpc("last_price", move |_call, asked: LastPrice| {
            let latest = answers.borrow().clone();
            std::future::ready(last_price(&asked, latest))
        })
        .event_options(EventOptions { outbox: FEW_TICKS, ..EventOptions::default() })
        .start()
        .await?;
    tracing::info!(symbol = SYMBOL, speed = args.speed, "replaying prices");
    let events = service.events();
    tokio::select! {
        ended = service.run_until_signal() => Ok(ended?),
        () = replay(&events, &series, TICK_EVERY / args.speed, &latest) => Ok(()),
    }
}

fn last_price(asked: &LastPrice, latest: Option<Tick>) -> Result<Tick, Fault> {
    if asked.symbol != SYMBOL {
        return Err(Fault::new("UNKNOWN_SYMBOL", format!("there are prices of {SYMBOL} only")));
    }
    latest.ok_or_else(|| Fault::new("NO_PRICE_YET", "no tick has been published yet: try again in a second"))
}

/// Never returns. While JetStream is away a few ticks wait for it, and the others are refused: the next one takes
/// their place.
async fn replay(events: &Events, series: &Series, every: Duration, latest: &watch::Sender<Option<Tick>>) {
    let mut ticks = tokio::time::interval(every);
    // After a stall the market goes on; it does not catch up in a burst.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut sequence = 0;
    loop {
        ticks.tick().await;
        let tick = Tick {
            symbol: SYMBOL.to_owned(),
            exchange: EXCHANGE.to_owned(),
            price: series.price(sequence),
            sequence,
            time_ms: now_ms(),
        };
        match events.publish(MARKET_DOMAIN, TICK, &tick).await {
            Ok(_kept) => {
                latest.send_replace(Some(tick));
            }
            Err(error) => tracing::warn!(%error, sequence, "a tick was not published"),
        }
        sequence += 1;
    }
}
