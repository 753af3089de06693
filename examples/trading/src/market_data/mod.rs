//! The market: a real series of prices, replayed as ticks.

mod series;

use std::sync::Arc;
use std::time::Duration;

use aegis_sdk::{Events, Fault, Service};
use anyhow::Context as _;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::cli::MarketDataArgs;
use crate::clock::now_ms;
use crate::wire::{EXCHANGE, LastPrice, MARKET_DATA, MARKET_DOMAIN, SYMBOL, TICK, Tick};
use series::Series;

/// Between two ticks at speed 1.
const TICK_EVERY: Duration = Duration::from_millis(200);

pub(crate) async fn run(args: &MarketDataArgs) -> anyhow::Result<()> {
    let series = Series::eurusd().context("the price series in the binary")?;
    let latest = Arc::new(watch::Sender::new(None::<Tick>));
    let answers = Arc::clone(&latest);
    let service = Service::builder(args.service.config(MARKET_DATA)?)
        .rpc("last_price", move |_call, asked: LastPrice| {
            let latest = answers.borrow().clone();
            std::future::ready(last_price(&asked, latest))
        })
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

/// Never returns. A tick that cannot be published is lost; the next one takes its place.
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
