//! When to buy and when to sell. Pure.

use std::collections::VecDeque;

use crate::wire::{Direction, Tick};

/// How many prices the two averages take.
pub(crate) const SHORT: usize = 5;
pub(crate) const LONG: usize = 20;

/// The latest ticks, as many as the long average needs.
#[derive(Debug)]
pub(crate) struct Window {
    prices: VecDeque<f64>,
    latest: Option<Tick>,
    every: u32,
    since: u32,
}

/// What a decision is made from.
#[derive(Debug)]
pub(crate) struct Latest {
    /// Oldest first.
    pub(crate) prices: Vec<f64>,
    pub(crate) tick: Tick,
}

impl Window {
    /// A decision becomes due with every so many ticks.
    pub(crate) fn new(every: u32) -> Self {
        Self { prices: VecDeque::with_capacity(LONG), latest: None, every, since: 0 }
    }

    /// Takes a tick, and answers whether a decision is due.
    pub(crate) fn push(&mut self, tick: &Tick) -> bool {
        if self.prices.len() == LONG {
            self.prices.pop_front();
        }
        self.prices.push_back(tick.price);
        self.latest = Some(tick.clone());
        self.since += 1;
        let due = self.prices.len() == LONG && self.since >= self.every;
        if due {
            self.since = 0;
        }
        due
    }

    /// The whole window, once it is full.
    pub(crate) fn latest(&self) -> Option<Latest> {
        let tick = self.latest.clone().filter(|_| self.prices.len() == LONG)?;
        Some(Latest { prices: self.prices.iter().copied().collect(), tick })
    }
}

/// With the trend: buy while the short average is on or above the long one. A real crossover would
/// trade only when that changes; this shows more life.
pub(crate) fn decide(short: f64, long: f64) -> Direction {
    if short >= long { Direction::Buy } else { Direction::Sell }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick(sequence: u64, price: f64) -> Tick {
        Tick { symbol: "EURUSD".to_owned(), exchange: "ECB".to_owned(), price, sequence, time_ms: 0 }
    }

    #[test]
    fn decisions_are_due_only_once_the_window_is_full_and_then_every_so_often() {
        let mut window = Window::new(5);
        let due: Vec<u64> = (1..=30).filter(|n| window.push(&tick(*n, 1.0))).collect();
        assert_eq!(due, [20, 25, 30]);
    }

    #[test]
    fn the_window_forgets_the_oldest_price() {
        let mut window = Window::new(1);
        for (n, price) in (0_u64..).zip([9.0].into_iter().chain([1.0; LONG])) {
            assert_eq!(window.latest().is_some(), n >= 20);
            window.push(&tick(n, price));
        }
        let latest = window.latest().unwrap();
        assert_eq!((latest.prices, latest.tick.sequence), (vec![1.0; LONG], 20));
    }

    #[test]
    fn a_rising_trend_is_bought_and_a_falling_one_sold() {
        assert_eq!(decide(1.2, 1.1), Direction::Buy);
        assert_eq!(decide(1.0, 1.1), Direction::Sell);
    }
}
