//! Handlers that are methods of a state, and errors that their callers understand.
//!
//! `NATS_URL=nats://127.0.0.1:4222 cargo run -p aegis-sdk --example handlers`
#![expect(clippy::print_stdout, reason = "a program for people")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aegis_sdk::prelude::*;

/// What the service works on. Its methods run side by side, so what they change is an atomic or behind a lock.
struct Desk {
    limit: u64,
    ordered: AtomicU64,
}

#[derive(Debug, thiserror::Error, Fault)]
enum Refused {
    /// Callers get the code, the text, and the fields as details.
    #[error("{shares} shares are over the limit of {limit}")]
    #[fault(code = "LIMIT_EXCEEDED", details)]
    Limit { shares: u64, limit: u64 },
    /// Callers get `HANDLER_FAILED` and an id; the text stands in the log under that id.
    #[error("the book cannot be read")]
    #[fault(internal)]
    Book(#[from] std::io::Error),
}

impl Desk {
    async fn open(_connection: Connection) -> Result<Self, Fault> {
        Ok(Self { limit: 100, ordered: AtomicU64::new(0) })
    }

    async fn place(&self, _call: Call, shares: u64) -> Result<u64, Refused> {
        if shares > self.limit {
            return Err(Refused::Limit { shares, limit: self.limit });
        }
        Ok(self.ordered.fetch_add(shares, Ordering::Relaxed) + shares)
    }

    async fn book(&self, _call: Call, (): ()) -> Result<String, Refused> {
        Ok(tokio::fs::read_to_string("/nowhere/book").await?)
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut config = ServiceConfig::new("desk", "1.0.0")?;
    config.nats_url = std::env::var("NATS_URL").unwrap_or(config.nats_url);
    let service = Service::builder(config)
        .state(Desk::open)
        .rpc("place", Desk::place)
        .rpc("book", Desk::book)
        .start()
        .await?;
    let (client, desk, patience) = (service.client(), Target::any("desk")?, Duration::from_secs(5));
    for shares in [5_u64, 500, 7] {
        match client.call::<_, u64>(&desk, "place", &shares, patience).await {
            Ok(reply) => println!("{shares}: {} ordered so far", reply.body),
            Err(CallError::Failed { code, message, details }) => {
                println!("{shares}: {code}, {message}, {}", details.unwrap_or_default());
            }
            Err(error) => println!("{shares}: {error}"),
        }
    }
    if let Err(error) = client.call::<_, String>(&desk, "book", &(), patience).await {
        println!("book: {error}");
    }
    service.stop("the example is over").await?;
    Ok(())
}
