//! Streams: prices are appended by symbol, and a reader goes on behind its checkpoint after a restart.
//!
//! `NATS_URL=nats://127.0.0.1:4222 cargo run -p aegis-sdk --example streams`
#![expect(clippy::print_stdout, reason = "a program for people")]

use std::time::Duration;

use aegis_sdk::streams::{Append, ReaderOptions, Stream, StreamOptions};
use aegis_sdk::{ConnectOptions, Connection};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let url = std::env::var("NATS_URL").unwrap_or_else(|_unset| "nats://127.0.0.1:4222".to_owned());
    let connection = Connection::open(ConnectOptions::new(url, "prices")).await?;
    let prices = Stream::open(&connection, "example-prices", StreamOptions::default()).await?;
    for cent in 0..10_u32 {
        let symbol = if cent % 2 == 0 { "EURUSD" } else { "GBPUSD" };
        // Many on their way at once; each says when the stream has it, and `flush` waits for all.
        drop(prices.append_later(symbol, &(10_800 + cent), Append::default()).await?);
    }
    if let Err(left) = prices.flush(Duration::from_secs(5)).await {
        anyhow::bail!("{left} prices are still on their way");
    }
    for turn in 1..=3 {
        // As after a restart: it begins behind what was committed, and fences whoever had it before.
        let mut reader = prices.reader("chart", ReaderOptions::default()).await?;
        for price in reader.batch(4, Duration::from_secs(5)).await {
            println!("turn {turn}, {}: {} {}", price.sequence, price.key, price.decode::<u32>()?);
        }
        reader.commit().await?;
        println!("committed {:?} in epoch {}", reader.committed(), reader.epoch());
    }
    Ok(())
}
