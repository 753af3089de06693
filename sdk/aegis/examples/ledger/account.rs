//! A cash account as an aggregate of one's own: its id, its events, what may be asked of it, and its schema.

use std::fmt;
use std::str::FromStr;

use aegis_sdk::domain::schema::{Upcaster, from_tagged, to_tagged};
use aegis_sdk::domain::wire::DecodeError;
use aegis_sdk::domain::{Aggregate, Schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The journal of accounts: the stream `AEGIS_JOURNAL_LEDGER`, the subjects `aegis.journal.ledger.>`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ledger;

/// An account, by its number. One token of a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccountId(pub(crate) u64);

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account.{}", self.0)
    }
}

impl FromStr for AccountId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_prefix("account.").and_then(|number| number.parse().ok());
        number.map(Self).ok_or_else(|| format!("{text:?} is no account: use account.<number>"))
    }
}

/// What happened to an account. Amounts are in cents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum AccountEvent {
    /// Money came in.
    Deposited { cents: u64, currency: String },
    /// Money went out.
    Withdrawn { cents: u64, currency: String },
}

impl Schema for Ledger {
    type Id = AccountId;
    type Event = AccountEvent;

    const NAME: &'static str = "ledger";
    /// The first deposits were in whole francs and said nothing of a currency.
    const UPCASTERS: &'static [Upcaster] =
        &[Upcaster { from: "ledger.deposited.v1", to: "ledger.deposited.v2", upcast: in_cents }];

    fn event_type(event: &AccountEvent) -> String {
        match event {
            AccountEvent::Deposited { .. } => "ledger.deposited.v2".to_owned(),
            AccountEvent::Withdrawn { .. } => "ledger.withdrawn.v1".to_owned(),
        }
    }

    fn write(event: &AccountEvent) -> Result<Vec<u8>, serde_json::Error> {
        to_tagged(event)
    }

    fn read(_id: &AccountId, event_type: &str, body: &[u8]) -> Result<AccountEvent, DecodeError> {
        let name = match event_type {
            "ledger.deposited.v2" => "deposited",
            "ledger.withdrawn.v1" => "withdrawn",
            other => return Err(DecodeError::UnknownType { event_type: other.to_owned() }),
        };
        from_tagged(name, body).map_err(|e| DecodeError::Body { detail: e.to_string() })
    }
}

fn in_cents(body: &Value) -> Result<Value, String> {
    let francs = body.get("francs").and_then(Value::as_u64).ok_or("francs is no whole number")?;
    let cents = francs.checked_mul(100).ok_or("francs is too large")?;
    Ok(serde_json::json!({ "cents": cents, "currency": "CHF" }))
}

/// What may be asked of an account.
#[derive(Debug, Clone)]
pub(crate) enum Command {
    /// Put money in.
    Deposit(u64),
    /// Take money out.
    Withdraw(u64),
}

/// Why it was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum Rejection {
    /// Not so much is there.
    #[error("the balance is {balance} cents, and {asked} were asked for")]
    Insufficient { balance: u64, asked: u64 },
    /// Nothing was asked for, or more than can be counted.
    #[error("the amount cannot be booked")]
    Amount,
}

/// The state of an account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Account {
    /// What is there.
    pub(crate) balance: u64,
}

impl Aggregate for Account {
    type Schema = Ledger;
    type Command = Command;
    type Event = AccountEvent;
    type Rejection = Rejection;

    const KIND: &'static str = "account";

    fn decide(&self, command: Command) -> Result<Vec<AccountEvent>, Rejection> {
        let currency = "CHF".to_owned();
        match command {
            Command::Deposit(0) | Command::Withdraw(0) => Err(Rejection::Amount),
            Command::Deposit(cents) => {
                self.balance.checked_add(cents).ok_or(Rejection::Amount)?;
                Ok(vec![AccountEvent::Deposited { cents, currency }])
            }
            Command::Withdraw(asked) if asked > self.balance => {
                Err(Rejection::Insufficient { balance: self.balance, asked })
            }
            Command::Withdraw(cents) => Ok(vec![AccountEvent::Withdrawn { cents, currency }]),
        }
    }

    fn evolve(&mut self, event: &AccountEvent) {
        self.balance = match event {
            AccountEvent::Deposited { cents, .. } => self.balance.saturating_add(*cents),
            AccountEvent::Withdrawn { cents, .. } => self.balance.saturating_sub(*cents),
        };
    }

    fn event(event: &AccountEvent) -> Option<&AccountEvent> {
        Some(event)
    }
}
