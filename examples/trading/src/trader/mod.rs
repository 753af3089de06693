//! The command line of a trader: a client like any other, without a service behind it.

mod repeat;
mod summary;

use std::io::Write as _;
use std::time::{Duration, Instant};

use aegis_domain::InvalidName;
use aegis_sdk::{CallError, Client, ConnectOptions, Connection, Events, Reply, Target};
use anyhow::Context as _;
use serde::Serialize;

use crate::cli::{OrderArgs, PositionArgs, TraderAction, TraderArgs};
use crate::feed;
use crate::wire::{Fill, Order, OrderType, Position, TRADING, TRADING_DOMAIN, Trade, trade_type};

pub(crate) async fn run(args: &TraderArgs) -> anyhow::Result<()> {
    let options =
        ConnectOptions { namespace: args.namespace.clone(), ..ConnectOptions::new(&args.nats_url, "trader") };
    let connection = Connection::open(options).await?;
    let client = Client::new(&connection);
    match &args.action {
        TraderAction::Order(args) => {
            let desk = Desk::new(client, args)?;
            let reply = desk.send().await.result?;
            print_json(&reply.body)
        }
        TraderAction::Loop(args) => repeat::run(&Desk::new(client, &args.order)?, args).await,
        TraderAction::Watch => watch(&Events::new(&connection)).await,
        TraderAction::Position(args) => position(&client, args).await,
    }
}

/// One account to send one kind of order to.
struct Desk {
    client: Client,
    target: Target,
    order: Order,
    timeout: Duration,
}

/// How an order went, and how long that took.
struct Answer {
    result: Result<Reply<Fill>, CallError>,
    took: Duration,
}

impl Desk {
    fn new(client: Client, args: &OrderArgs) -> Result<Self, InvalidName> {
        let order = Order {
            symbol: args.symbol.clone(),
            exchange: args.exchange.clone(),
            direction: args.direction,
            order_type: if args.price.is_some() { OrderType::Limit } else { OrderType::Market },
            volume: args.volume,
            price: args.price,
        };
        let target = Target::owner(TRADING, &args.account)?;
        Ok(Self { client, target, order, timeout: args.timeout })
    }

    async fn send(&self) -> Answer {
        let begun = Instant::now();
        let result = self.client.call(&self.target, "send_order", &self.order, self.timeout).await;
        Answer { result, took: begun.elapsed() }
    }
}

async fn watch(events: &Events) -> anyhow::Result<()> {
    let (failed, mut failure) = tokio::sync::mpsc::channel(1);
    let every_account = trade_type("*");
    let trades = feed::follow(events, TRADING_DOMAIN, &every_account, |trade: Trade| {
        if let Err(error) = print_json(&trade) {
            // The first failure ends the command; what comes after it need not be kept.
            failed.try_send(error).ok();
        }
    });
    tokio::select! {
        () = trades => Ok(()),
        error = failure.recv() => error.map_or(Ok(()), Err),
        signal = tokio::signal::ctrl_c() => signal.context("waiting for Ctrl-C"),
    }
}

async fn position(client: &Client, args: &PositionArgs) -> anyhow::Result<()> {
    let target = Target::owner(TRADING, &args.account)?;
    let reply = client.call::<_, Position>(&target, "position", &(), args.timeout).await?;
    print_json(&reply.body)
}

fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print_line(&serde_json::to_string(value)?)
}

fn print_line(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{line}").context("writing to standard output")
}
