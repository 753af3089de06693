//! What the algorithm has seen and done since it started.

use std::sync::{Mutex, PoisonError};

use crate::wire::AlgoStatus;

#[derive(Debug, Default)]
pub(crate) struct Counters {
    status: Mutex<AlgoStatus>,
}

impl Counters {
    pub(crate) fn status(&self) -> AlgoStatus {
        *self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tick(&self) {
        self.change(|status| status.ticks += 1);
    }

    pub(crate) fn decision(&self) {
        self.change(|status| status.decisions += 1);
    }

    pub(crate) fn calculation_failed(&self) {
        self.change(|status| status.calculation_failures += 1);
    }

    pub(crate) fn filled(&self) {
        self.change(|status| status.orders_filled += 1);
    }

    pub(crate) fn refused(&self) {
        self.change(|status| status.orders_refused += 1);
    }

    pub(crate) fn unknown(&self) {
        self.change(|status| status.orders_unknown += 1);
    }

    pub(crate) fn trade_seen(&self) {
        self.change(|status| status.trades_seen += 1);
    }

    fn change(&self, change: impl FnOnce(&mut AlgoStatus)) {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
