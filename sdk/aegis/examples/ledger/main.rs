//! An aggregate of one's own on the journal: deposits and withdrawals, then everything that was booked.
//!
//! `NATS_URL=nats://127.0.0.1:4222 cargo run -p aegis-sdk --example ledger`
#![expect(clippy::print_stdout, reason = "a program for people")]

mod account;

use account::{Account, AccountEvent, AccountId, Command, Ledger};
use aegis_sdk::domain::{Actor, Context};
use aegis_sdk::journal::{Item, Selection};
use aegis_sdk::{ConnectOptions, Connection, Journal};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let url = std::env::var("NATS_URL").unwrap_or_else(|_unset| "nats://127.0.0.1:4222".to_owned());
    let connection = Connection::open(ConnectOptions::new(url, "ledger")).await?;
    let journal = Journal::<Ledger>::of(&connection);
    journal.provision().await?;

    let id = AccountId(42);
    let context = Context::new(Actor::user("alice"), chrono::Utc::now());
    for command in [Command::Deposit(10_000), Command::Withdraw(2_550), Command::Withdraw(1_000_000_000)] {
        // Two programs may do this at once: of two appends at one head the later is decided anew.
        match journal.execute::<Account>(&id, command.clone(), &context).await {
            Ok(_) => println!("{command:?}: booked"),
            Err(error) => println!("{command:?}: {}", error.rejection()?),
        }
    }
    println!("balance: {}", journal.load::<Account>(&id).await?.state.balance);

    let mut bookings = journal.subscribe(Selection::default().aggregate(&id));
    loop {
        match bookings.next().await {
            Item::Event(entry) => {
                let event: &AccountEvent = &entry.event.envelope.event;
                println!("{} {} {event:?}", entry.sequence, entry.recorded_at);
            }
            // What follows would be new.
            Item::Live => return Ok(()),
            Item::Blind => println!("the log cannot be read now"),
            Item::Replaced => println!("the log was replaced: this is its beginning"),
            Item::Unreadable { sequence, error, .. } => println!("{sequence} cannot be read: {error}"),
        }
    }
}
