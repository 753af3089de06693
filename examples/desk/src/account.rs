//! The accounts: an aggregate, and the journal that keeps them.

use std::fmt;
use std::str::FromStr;

use aegis_sdk::domain::schema::{from_tagged, to_tagged};
use aegis_sdk::domain::wire::DecodeError;
use aegis_sdk::domain::{Aggregate, GroupName, InvalidName, Schema};
use serde::{Deserialize, Serialize};

/// The journal of all accounts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Accounts;

/// An account, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountId(pub GroupName);

/// What happened to an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// An order was booked.
    Booked {
        /// Of what.
        symbol: String,
        /// How much.
        shares: u64,
    },
}

/// Books an order.
#[derive(Debug, Clone)]
pub struct Book {
    /// Of what.
    pub symbol: String,
    /// How much.
    pub shares: u64,
}

/// Why an order is not booked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Rejection {
    /// It is of no share.
    #[error("order one share at least")]
    Nothing,
    /// The account would hold more than can be counted.
    #[error("the account holds {0} shares and takes no more")]
    Full(u64),
}

/// What is booked in an account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// How many orders.
    pub orders: u64,
    /// How many shares they are of.
    pub shares: u64,
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account.{}", self.0)
    }
}

impl FromStr for AccountId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        text.strip_prefix("account.").unwrap_or_default().parse().map(Self)
    }
}

impl Schema for Accounts {
    type Id = AccountId;
    type Event = Event;

    const NAME: &'static str = "accounts";

    fn event_type(event: &Event) -> String {
        match event {
            Event::Booked { .. } => "accounts.booked.v1".to_owned(),
        }
    }

    fn write(event: &Event) -> Result<Vec<u8>, serde_json::Error> {
        to_tagged(event)
    }

    fn read(_id: &AccountId, event_type: &str, body: &[u8]) -> Result<Event, DecodeError> {
        match event_type {
            "accounts.booked.v1" => {
                from_tagged("booked", body).map_err(|e| DecodeError::Body { detail: e.to_string() })
            }
            other => Err(DecodeError::UnknownType { event_type: other.to_owned() }),
        }
    }
}

impl Aggregate for Account {
    type Schema = Accounts;
    type Command = Book;
    type Event = Event;
    type Rejection = Rejection;

    const KIND: &'static str = "account";

    fn decide(&self, Book { symbol, shares }: Book) -> Result<Vec<Event>, Rejection> {
        match shares {
            0 => Err(Rejection::Nothing),
            shares if self.shares.checked_add(shares).is_none() => Err(Rejection::Full(self.shares)),
            shares => Ok(vec![Event::Booked { symbol, shares }]),
        }
    }

    fn code(rejection: &Rejection) -> &'static str {
        match rejection {
            Rejection::Nothing => "NOTHING_ORDERED",
            Rejection::Full(_) => "ACCOUNT_FULL",
        }
    }

    fn evolve(&mut self, Event::Booked { shares, .. }: &Event) {
        self.orders += 1;
        self.shares = self.shares.saturating_add(*shares);
    }

    fn event(event: &Event) -> Option<&Event> {
        Some(event)
    }
}
