//! Events: one service publishes orders and another handles them, in the order of each account, with retries and a
//! dead letter for the one that cannot be handled.
//!
//! `NATS_URL=nats://127.0.0.1:4222 cargo run -p aegis-sdk --example events`

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aegis_sdk::events::Replayed;
use aegis_sdk::{ConnectOptions, Connection};
use aegis_sdk::{DeadLetters, EventContext, Fault, RetryPolicy, Service, ServiceConfig, Start, Subscribe};
use serde::{Deserialize, Serialize};

const ORDERS: u32 = 6;

#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema)]
struct Placed {
    number: u32,
    volume: u32,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::var("NATS_URL").unwrap_or_else(|_| "nats://127.0.0.1:4222".to_owned());
    let handled = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&handled);
    let quick = RetryPolicy::exponential(Duration::from_millis(100), Duration::from_secs(1), 3);
    let mut config = ServiceConfig::new("order-book", "1.0.0")?;
    config.nats_url = url.clone();
    let book = Service::builder(config)
        .on_event(
            Subscribe::to("orders.*.placed").retry(quick),
            move |context: EventContext, order: Placed| {
                let count = Arc::clone(&count);
                async move {
                    say(&format!("{} try {}: {order:?}", context.event.subject, context.attempt))?;
                    if order.volume == 0 {
                        return Err(Fault::never("an order without a volume"));
                    }
                    if order.number == 2 && context.attempt == 1 {
                        return Err(Fault::later(Duration::from_millis(200), "the exchange is busy"));
                    }
                    count.fetch_add(1, Ordering::SeqCst);
                    Ok(())
                }
            },
        )
        .start()
        .await?;
    let connection = Connection::open(ConnectOptions::new(&url, "desk")).await?;
    let events = aegis_sdk::Events::new(&connection);
    let mut first = None;
    for number in 1..=ORDERS {
        // The fourth is poison; the ids make sending one twice harmless.
        let order = Placed { number, volume: if number == 4 { 0 } else { 10 * number } };
        let account = if number % 2 == 0 { "ACC-2.placed" } else { "ACC-1.placed" };
        let id = format!("{}-{number}", std::process::id());
        let kept = events.draft("orders", account).id(id).publish(&order).await?;
        first.get_or_insert(kept.sequence);
    }
    while handled.load(Ordering::SeqCst) < ORDERS - 1 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    book.stop("the example is over").await?;
    let letters = DeadLetters::new(&connection).list(None, 1, Some("event")).await?.letters;
    for letter in letters {
        say(&format!("dead letter {}: {}", letter.sequence, letter.reason.unwrap_or_default()))?;
    }
    // What the stream has can be gone through again, from anywhere.
    let mut replay = events.replay("orders.>", Start::Sequence(first.unwrap_or(1)))?;
    let mut replayed = 0;
    loop {
        match replay.next().await {
            Replayed::Event(_) => replayed += 1,
            Replayed::CaughtUp => break,
            Replayed::Replaced | Replayed::Blind => {}
        }
    }
    say(&format!("{replayed} events replayed"))?;
    Ok(())
}

fn say(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}
