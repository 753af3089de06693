//! A small trading floor on Aegis: market data, calculation, an algorithm, and a trading service of
//! which exactly one instance at a time acts for each account.

mod algo;
mod calculation;
mod cli;
mod clock;
mod feed;
mod market_data;
mod outcome;
mod trader;
mod trading;
mod wire;

use std::io::IsTerminal as _;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use cli::{Cli, Role};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_unset| EnvFilter::new("info,async_nats=warn"));
    let colours = std::io::stderr().is_terminal();
    // Whoever does not read the log holds up nobody.
    let (log, _written_at_the_end) = aegis_sdk::logs::writer(std::io::stderr());
    aegis_sdk::logs::log_panics();
    tracing_subscriber::fmt().compact().with_env_filter(filter).with_ansi(colours).with_writer(log).init();
    match cli.role {
        Role::MarketData(args) => Box::pin(market_data::run(&args)).await,
        Role::Calculation(args) => calculation::run(&args).await,
        Role::Algo(args) => Box::pin(algo::run(&args)).await,
        Role::Trading(args) => Box::pin(trading::run(&args)).await,
        Role::Trader(args) => trader::run(&args).await,
    }
}
