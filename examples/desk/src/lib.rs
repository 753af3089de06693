//! What the programs say to each other, and the accounts that orders are booked in.

pub mod account;

use aegis_sdk::schemars::{self, JsonSchema};
use serde::{Deserialize, Serialize};

/// The service that checks orders.
pub const RISK: &str = "risk";
/// The service that books them.
pub const ORDERS: &str = "orders";
/// The domain of the events that tell of them.
pub const PLACED: &str = "orders";

/// An order of shares.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// What to buy.
    pub symbol: String,
    /// How much of it.
    pub shares: u64,
}

/// An order that was booked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Placed {
    /// In which account.
    pub account: String,
    /// How many orders are booked there, with this one.
    pub number: u64,
    /// How many shares the account holds, with these.
    pub shares: u64,
}
