//! The command line.

use std::collections::BTreeMap;
use std::time::Duration;

use aegis_domain::wire::Namespace;
use aegis_domain::{GroupName, InstanceName};
use aegis_sdk::{ConfigError, Policy, ServiceConfig};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::clock::parse_duration;
use crate::wire::Direction;

/// A small trading floor on Aegis.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) role: Role,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// Replays a price series as ticks; answers `last_price`.
    MarketData(MarketDataArgs),
    /// Answers `moving_average` and `position_value`, on any instance.
    Calculation(ServiceArgs),
    /// Watches ticks and sends orders.
    Algo(AlgoArgs),
    /// Executes orders: one active instance per account.
    Trading(ServiceArgs),
    /// Sends orders and watches trades, for people.
    Trader(TraderArgs),
}

/// Where NATS is, unless the command line says so.
fn nats_url() -> String {
    let named = |variable| std::env::var(variable).ok().filter(|url| !url.is_empty());
    let url = named("AEGIS_NATS_URL").or_else(|| named("NATS_URL"));
    url.unwrap_or_else(|| "nats://127.0.0.1:4222".to_owned())
}

/// What every service takes.
#[derive(Debug, Args)]
pub(crate) struct ServiceArgs {
    /// Where NATS is; several URLs joined by commas. Default: `AEGIS_NATS_URL`, `NATS_URL`, or nats://127.0.0.1:4222.
    #[arg(long, hide_default_value = true, default_value_t = nats_url())]
    pub(crate) nats_url: String,
    /// The installation's namespace.
    #[arg(long, env = "AEGIS_NAMESPACE", default_value = "aegis", value_parser = Namespace::new)]
    pub(crate) namespace: Namespace,
    /// The name of this instance; drawn when absent. Two processes must not share one.
    #[arg(long)]
    instance: Option<InstanceName>,
    /// A label shown beside the instance, as key=value; may be repeated.
    #[arg(long = "label", value_parser = parse_label, default_value = "desk=demo")]
    labels: Vec<(String, String)>,
    /// How fast a lost owner is replaced; the same for all instances of a service.
    #[arg(long, value_enum, default_value_t)]
    failover: Failover,
}

impl ServiceArgs {
    pub(crate) fn config(&self, service: &str) -> Result<ServiceConfig, ConfigError> {
        let mut config = ServiceConfig::new(service, "1.0.0")?;
        config.nats_url.clone_from(&self.nats_url);
        self.namespace.as_str().clone_into(&mut config.namespace);
        config.instance.clone_from(&self.instance);
        config.labels = self.labels.iter().cloned().collect::<BTreeMap<_, _>>();
        config.failover = self.failover.into();
        Ok(config)
    }
}

#[derive(Debug, Args)]
pub(crate) struct MarketDataArgs {
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
    /// How many times faster than five ticks a second.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) speed: u32,
}

#[derive(Debug, Args)]
pub(crate) struct AlgoArgs {
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
    /// The accounts it trades for, in turn.
    #[arg(long, value_delimiter = ',', default_value = "ACC-1,ACC-2,ACC-3")]
    pub(crate) accounts: Vec<GroupName>,
    /// How many ticks lie between two decisions.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) every_ticks: u32,
}

#[derive(Debug, Args)]
pub(crate) struct TraderArgs {
    /// Where NATS is; several URLs joined by commas. Default: `AEGIS_NATS_URL`, `NATS_URL`, or nats://127.0.0.1:4222.
    #[arg(long, hide_default_value = true, default_value_t = nats_url(), global = true)]
    pub(crate) nats_url: String,
    /// The installation's namespace.
    #[arg(
        long,
        env = "AEGIS_NAMESPACE",
        default_value = "aegis",
        value_parser = Namespace::new,
        global = true
    )]
    pub(crate) namespace: Namespace,
    #[command(subcommand)]
    pub(crate) action: TraderAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TraderAction {
    /// Sends one order.
    Order(OrderArgs),
    /// Sends orders until stopped, one line each, and sums up at the end.
    Loop(LoopArgs),
    /// Prints trades as they happen.
    Watch,
    /// Asks an account's owner what it holds.
    Position(PositionArgs),
}

#[derive(Debug, Args)]
pub(crate) struct OrderArgs {
    /// The account; its owner executes the order.
    #[arg(long)]
    pub(crate) account: GroupName,
    /// The instrument.
    #[arg(long, default_value = crate::wire::SYMBOL)]
    pub(crate) symbol: String,
    /// Where it is traded.
    #[arg(long, default_value = crate::wire::EXCHANGE)]
    pub(crate) exchange: String,
    /// Buy or sell.
    #[arg(long, value_enum, default_value_t = Direction::Buy)]
    pub(crate) direction: Direction,
    /// How many.
    #[arg(long, default_value_t = 1, allow_negative_numbers = true)]
    pub(crate) volume: i64,
    /// The limit. Without one it is a market order, which needs market data to run.
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) price: Option<f64>,
    /// How long to wait for the reply; a failover takes about two leases.
    #[arg(long, default_value = "3s", value_parser = parse_duration)]
    pub(crate) timeout: Duration,
}

#[derive(Debug, Args)]
pub(crate) struct LoopArgs {
    #[command(flatten)]
    pub(crate) order: OrderArgs,
    /// The pause between two orders.
    #[arg(long, default_value = "100ms", value_parser = parse_duration)]
    pub(crate) every: Duration,
    /// How many orders; without it, until Ctrl-C.
    #[arg(long)]
    pub(crate) count: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct PositionArgs {
    /// The account.
    #[arg(long)]
    pub(crate) account: GroupName,
    /// How long to wait for the reply.
    #[arg(long, default_value = "3s", value_parser = parse_duration)]
    pub(crate) timeout: Duration,
}

/// [`Policy`] as a value of the command line.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum Failover {
    /// Lease 300 ms.
    Aggressive,
    /// Lease 1 s.
    #[default]
    Balanced,
    /// Lease 4 s.
    Conservative,
}

impl From<Failover> for Policy {
    fn from(failover: Failover) -> Self {
        match failover {
            Failover::Aggressive => Self::AGGRESSIVE,
            Failover::Balanced => Self::BALANCED,
            Failover::Conservative => Self::CONSERVATIVE,
        }
    }
}

fn parse_label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("{text:?} is no label: use key=value")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_label_needs_a_key() {
        assert_eq!(parse_label("desk=demo"), Ok(("desk".to_owned(), "demo".to_owned())));
        assert!(parse_label("=demo").is_err() && parse_label("desk").is_err());
    }
}
