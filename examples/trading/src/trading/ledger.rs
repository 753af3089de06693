//! What this instance has done for each account in its present term.
//!
//! In memory: a new owner begins with an empty ledger under a higher term. The trades themselves are
//! in the order book; order ids carry the term, so no two owners can give out the same one.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aegis_domain::{ErrorCode, GroupName, Term};
use aegis_sdk::Fault;

use crate::wire::{Direction, Position, Trade};

#[derive(Debug, Default)]
pub(crate) struct Ledgers {
    ledgers: Mutex<HashMap<GroupName, Ledger>>,
}

#[derive(Debug)]
struct Ledger {
    term: Term,
    /// Orders that got an id, whether or not they became trades.
    orders: u64,
    trades: u64,
    volumes: BTreeMap<String, i64>,
}

impl Ledgers {
    /// An id that no other owner, and no other order of this one, has.
    pub(crate) fn next_order_id(&self, account: &GroupName, term: Term) -> Result<String, Fault> {
        self.with(account, term, |ledger| {
            ledger.orders += 1;
            format!("{account}-{term}-{}", ledger.orders)
        })
    }

    /// Counts a trade that the stream has. Does nothing once a later term has begun.
    pub(crate) fn enter(&self, account: &GroupName, term: Term, trade: &Trade) {
        let entered = self.with(account, term, |ledger| {
            ledger.trades += 1;
            let volume = ledger.volumes.entry(trade.symbol.clone()).or_default();
            *volume = volume.saturating_add(match trade.direction {
                Direction::Buy => trade.volume,
                Direction::Sell => -trade.volume,
            });
        });
        if entered.is_err() {
            tracing::debug!(%account, %term, "a trade of an earlier term is not counted");
        }
    }

    pub(crate) fn position(&self, account: &GroupName, term: Term) -> Result<Position, Fault> {
        self.with(account, term, |ledger| Position {
            account: account.to_string(),
            term: term.get(),
            trades: ledger.trades,
            volumes: ledger.volumes.clone(),
        })
    }

    /// The ledger of this very term: a higher one begins anew, a lower one is refused.
    fn with<T>(
        &self,
        account: &GroupName,
        term: Term,
        work: impl FnOnce(&mut Ledger) -> T,
    ) -> Result<T, Fault> {
        let mut ledgers = self.lock();
        let ledger = ledgers.entry(account.clone()).or_insert_with(|| Ledger::new(term));
        if ledger.term < term {
            *ledger = Ledger::new(term);
        }
        if ledger.term > term {
            let message = format!("term {term} of {account} is over");
            return Err(Fault::new(ErrorCode::StaleTerm.as_str(), message));
        }
        Ok(work(ledger))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<GroupName, Ledger>> {
        self.ledgers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    fn new(term: Term) -> Self {
        Self { term, orders: 0, trades: 0, volumes: BTreeMap::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> GroupName {
        GroupName::new("ACC-1").unwrap()
    }

    fn trade(direction: Direction, volume: i64) -> Trade {
        Trade {
            account: "ACC-1".to_owned(),
            symbol: "EURUSD".to_owned(),
            order_id: String::new(),
            trade_id: String::new(),
            direction,
            price: 1.1,
            volume,
            term: 3,
        }
    }

    #[test]
    fn order_ids_differ_within_a_term_and_between_terms() {
        let ledgers = Ledgers::default();
        assert_eq!(ledgers.next_order_id(&account(), Term(3)).unwrap(), "ACC-1-3-1");
        assert_eq!(ledgers.next_order_id(&account(), Term(3)).unwrap(), "ACC-1-3-2");
        assert_eq!(ledgers.next_order_id(&account(), Term(5)).unwrap(), "ACC-1-5-1");
    }

    #[test]
    fn an_earlier_term_is_refused_and_changes_nothing() {
        let ledgers = Ledgers::default();
        ledgers.next_order_id(&account(), Term(5)).unwrap();
        assert_eq!(ledgers.next_order_id(&account(), Term(3)).unwrap_err().code(), "STALE_TERM");
        ledgers.enter(&account(), Term(3), &trade(Direction::Buy, 2));
        assert_eq!(ledgers.position(&account(), Term(5)).unwrap().trades, 0);
    }

    #[test]
    fn the_position_is_the_net_volume_since_the_owner_took_over() {
        let ledgers = Ledgers::default();
        ledgers.enter(&account(), Term(3), &trade(Direction::Buy, 5));
        ledgers.enter(&account(), Term(3), &trade(Direction::Sell, 2));
        let position = ledgers.position(&account(), Term(3)).unwrap();
        assert_eq!((position.trades, position.volumes["EURUSD"]), (2, 3));
        assert_eq!(ledgers.position(&account(), Term(4)).unwrap().volumes.len(), 0);
    }
}
