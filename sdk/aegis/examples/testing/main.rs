//! What a service's tests do, as a program: a handler by itself, on a real server, and the contract of the service.
//!
//! `NATS_URL=nats://127.0.0.1:4222 cargo run -p aegis-sdk --example testing`
//!
//! In a project of your own these are `#[tokio::test]`s, and `aegis_testkit::NatsServer::start().await` is the server.
#![expect(clippy::print_stdout, reason = "a program for people")]

use aegis_sdk::domain::Term;
use aegis_sdk::prelude::*;
use aegis_sdk::service::Builder;
use aegis_sdk::testing::{self, TestCall};
use anyhow::{bail, ensure};

/// Beside the tests in your project. `AEGIS_TEST_UPDATE=1` writes it anew.
const CONTRACT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/testing/contract.json");

fn desk(config: ServiceConfig) -> Builder {
    Service::builder(config).exclusive("place", place)
}

async fn place(call: Call, shares: u64) -> Result<String, Fault> {
    let (account, term) = call.exclusive()?;
    match shares {
        0 => Err(Fault::new("NOTHING_ORDERED", "order one share at least")),
        shares => Ok(format!("{shares} for {account} in term {term}")),
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let url = std::env::var("NATS_URL").unwrap_or_else(|_unset| "nats://127.0.0.1:4222".to_owned());
    let connection = Connection::open(ConnectOptions::new(url, "test")).await?;

    let owned = TestCall::new(&connection, "desk")?.owner("ACC-1", Term(3))?.build();
    let placed = place(owned, 5).await;
    ensure!(placed.as_deref() == Ok("5 for ACC-1 in term 3"), "{placed:?}");
    println!("an owner is told its term");

    let owned = TestCall::new(&connection, "desk")?.owner("ACC-1", Term(3))?.build();
    let Err(refused) = place(owned, 0).await else { bail!("an order of nothing was placed") };
    println!("an order of nothing is refused: {}", refused.code());

    testing::contract(&desk(ServiceConfig::new("desk", "1.0.0")?), CONTRACT)?;
    println!("the contract holds");
    Ok(())
}
