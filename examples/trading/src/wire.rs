//! What the services say to each other. Requests refuse unknown fields, so that a misspelt `price`
//! is an error and not a market order; replies and events may grow.

use std::collections::BTreeMap;

use aegis_domain::GroupName;
use aegis_domain::wire::{Namespace, subject};
use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) const MARKET_DATA: &str = "market-data-service";
pub(crate) const CALCULATION: &str = "calculation-service";
pub(crate) const ALGO: &str = "algo-service";
pub(crate) const TRADING: &str = "trading-service";

/// The instrument of the demonstration, and where its price comes from.
pub(crate) const SYMBOL: &str = "EURUSD";
pub(crate) const EXCHANGE: &str = "ECB";

/// Domains and types of events.
pub(crate) const MARKET_DOMAIN: &str = "market";
pub(crate) const TICK: &str = "tick";
pub(crate) const TRADING_DOMAIN: &str = "trading";

/// The type of an account's trades; `*` stands for every account.
pub(crate) fn trade_type(account: &str) -> String {
    format!("{account}.trade")
}

/// Where the trades of an account go, in the default namespace: a fenced log puts the name of another before it.
pub(crate) fn trade_subject(account: &GroupName) -> String {
    subject::app_event(&Namespace::default(), TRADING_DOMAIN, &trade_type(account.as_str()))
}

/// Whether this names an account: `ACC-` and up to six digits. Every account is traded on demand.
pub(crate) fn is_account(group: &GroupName) -> bool {
    let digits = group.as_str().strip_prefix("ACC-").unwrap_or_default();
    (1..=6).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit())
}

/// `events.market.tick`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Tick {
    pub(crate) symbol: String,
    pub(crate) exchange: String,
    pub(crate) price: f64,
    /// Grows by one with each tick of one run of the service.
    pub(crate) sequence: u64,
    /// Milliseconds since 1970.
    pub(crate) time_ms: u64,
}

/// `last_price`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LastPrice {
    pub(crate) symbol: String,
}

/// `moving_average`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MovingAverage {
    /// How many of the latest prices count.
    pub(crate) window: usize,
    /// Oldest first.
    pub(crate) prices: Vec<f64>,
}

/// `position_value`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PositionValue {
    pub(crate) volume: i64,
    pub(crate) price: f64,
}

/// The reply to both.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Value {
    pub(crate) value: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Direction {
    Buy,
    Sell,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum OrderType {
    /// At the latest price that the owner has seen, whatever it is.
    Market,
    /// At its price.
    Limit,
}

/// `send_order`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    pub(crate) symbol: String,
    pub(crate) exchange: String,
    pub(crate) direction: Direction,
    #[serde(rename = "type")]
    pub(crate) order_type: OrderType,
    pub(crate) volume: i64,
    /// Of a limit order, its limit. Of a market order, the price the sender saw, which counts while
    /// the owner has seen no tick.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) price: Option<f64>,
}

/// The reply to `send_order`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Fill {
    pub(crate) order_id: String,
    pub(crate) trade_id: String,
    pub(crate) status: FillStatus,
    pub(crate) price: f64,
    pub(crate) volume: i64,
    pub(crate) term: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum FillStatus {
    Filled,
}

/// `events.trading.<account>.trade`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Trade {
    pub(crate) account: String,
    pub(crate) symbol: String,
    pub(crate) order_id: String,
    pub(crate) trade_id: String,
    pub(crate) direction: Direction,
    pub(crate) price: f64,
    pub(crate) volume: i64,
    /// The term of the owner that executed it: the fencing token.
    pub(crate) term: u64,
}

/// The reply to `position`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Position {
    pub(crate) account: String,
    pub(crate) term: u64,
    /// Trades since this owner took over.
    pub(crate) trades: u64,
    /// Net volume by symbol since this owner took over.
    pub(crate) volumes: BTreeMap<String, i64>,
}

/// The reply to the algorithm's `status`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct AlgoStatus {
    pub(crate) ticks: u64,
    pub(crate) decisions: u64,
    pub(crate) calculation_failures: u64,
    pub(crate) orders_filled: u64,
    /// Orders of which it is certain that they were not executed.
    pub(crate) orders_refused: u64,
    /// Orders of which nobody can say it.
    pub(crate) orders_unknown: u64,
    /// Trades of anybody, as heard on the event subject.
    pub(crate) trades_seen: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_named_by_its_number() {
        for (name, valid) in [
            ("ACC-1", true),
            ("ACC-123456", true),
            ("ACC-1234567", false),
            ("ACC-", false),
            ("ACC-x", false),
            ("desk", false),
        ] {
            assert_eq!(is_account(&GroupName::new(name).unwrap()), valid, "{name}");
        }
    }
}
