//! Events: one service publishes orders and another handles them, in the order of each account, with retries and a
//! dead letter for the one that cannot be handled.
//!
//! `NATS_URL=nats://127.0.0.1:4222 cargo run -p aegis-sdk --example events`
#![expect(clippy::print_stdout, reason = "a program for people")]

use std::time::Duration;

use aegis_sdk::dead_letters::Newest;
use aegis_sdk::events::Replayed;
use aegis_sdk::{
    ConnectOptions, Connection, DeadLetters, EventContext, Events, Fault, RetryPolicy, Service,
    ServiceConfig, Start, Subscribe,
};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

const ORDERS: u32 = 6;

#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema)]
struct Placed {
    number: u32,
    volume: u32,
}

/// The fourth order is poison, the second comes too early once.
fn book(context: &EventContext, order: &Placed) -> Result<(), Fault> {
    println!("{} try {}: {order:?}", context.event.subject, context.attempt);
    match order {
        Placed { volume: 0, .. } => Err(Fault::never("an order without a volume")),
        Placed { number: 2, .. } if context.attempt == 1 => {
            Err(Fault::later(Duration::from_millis(200), "the exchange is busy"))
        }
        _ => Ok(()),
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let url = std::env::var("NATS_URL").unwrap_or_else(|_unset| "nats://127.0.0.1:4222".to_owned());
    let (booked, mut bookings) = mpsc::unbounded_channel();
    let quick = RetryPolicy::exponential(Duration::from_millis(100), Duration::from_secs(1), 3);
    let mut config = ServiceConfig::new("order-book", "1.0.0")?;
    config.nats_url = url.clone();
    let service = Service::builder(config)
        .on_event(
            Subscribe::to("orders.*.placed").retry(quick),
            move |context: EventContext, order: Placed| {
                let booked = booked.clone();
                async move {
                    book(&context, &order)?;
                    Ok::<_, Fault>(booked.send(order.number)?)
                }
            },
        )
        .start()
        .await?;
    let connection = Connection::open(ConnectOptions::new(url, "desk")).await?;
    let events = Events::new(&connection);
    let mut first = None;
    for number in 1..=ORDERS {
        let order = Placed { number, volume: if number == 4 { 0 } else { 10 * number } };
        let account = if number % 2 == 0 { "ACC-2.placed" } else { "ACC-1.placed" };
        // The id makes sending one twice harmless.
        let id = format!("{}-{number}", std::process::id());
        let kept = events.draft("orders", account).id(id).publish(&order).await?;
        first.get_or_insert(kept.sequence);
    }
    for _ in 1..ORDERS {
        bookings.recv().await;
    }
    service.stop("the example is over").await?;
    for letter in DeadLetters::new(&connection).list(Newest::most(1).kind("event")).await?.letters {
        println!("dead letter {}: {}", letter.sequence, letter.reason.unwrap_or_default());
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
    println!("{replayed} events replayed");
    Ok(())
}
