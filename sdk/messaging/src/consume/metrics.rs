//! Metrics of published and consumed messages, in fixed memory.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use aegis_domain::wire::heartbeat::{Lag, Messages};

/// The most consumers whose lag is told.
const CONSUMERS: usize = 64;

/// Counters of one kind of message (events or commands) since the start, and the lag of each consumer.
#[derive(Debug, Default)]
pub struct MessageMetrics {
    published: AtomicU64,
    consumed: AtomicU64,
    failed: AtomicU64,
    retried: AtomicU64,
    dead_lettered: AtomicU64,
    lost: AtomicU64,
    lag: Mutex<BTreeMap<String, u64>>,
}

impl MessageMetrics {
    pub fn published(&self) {
        self.published.fetch_add(1, Ordering::Relaxed);
    }

    pub fn consumed(&self) {
        self.consumed.fetch_add(1, Ordering::Relaxed);
    }

    pub fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub fn retried(&self) {
        self.retried.fetch_add(1, Ordering::Relaxed);
    }

    pub fn dead_lettered(&self) {
        self.dead_lettered.fetch_add(1, Ordering::Relaxed);
    }

    /// So many positions were let go of by their stream before a durable subscription had come to them.
    pub fn lose(&self, positions: u64) {
        self.lost.fetch_add(positions, Ordering::Relaxed);
    }

    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    pub fn lag(&self, consumer: &str, pending: u64) {
        let mut lag = self.lag.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lag.get_mut(consumer) {
            *known = pending;
        } else if lag.len() < CONSUMERS {
            lag.insert(consumer.to_owned(), pending);
        }
    }

    /// The consumer is read here no more.
    pub fn forget(&self, consumer: &str) {
        self.lag.lock().unwrap_or_else(PoisonError::into_inner).remove(consumer);
    }

    pub fn messages(&self) -> Messages {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Messages {
            published: get(&self.published),
            consumed: get(&self.consumed),
            failed: get(&self.failed),
            retried: get(&self.retried),
            dead_lettered: get(&self.dead_lettered),
        }
    }

    pub fn lags(&self) -> Vec<Lag> {
        let lag = self.lag.lock().unwrap_or_else(PoisonError::into_inner);
        lag.iter().map(|(consumer, pending)| Lag { consumer: consumer.clone(), pending: *pending }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consumer_that_is_read_no_more_makes_room_for_others() {
        let metrics = MessageMetrics::default();
        for n in 0..CONSUMERS * 3 {
            let name = format!("c-{n}");
            metrics.lag(&name, 1);
            assert_eq!(metrics.lags().len(), 1);
            metrics.forget(&name);
        }
        for n in 0..CONSUMERS * 3 {
            metrics.lag(&format!("c-{n}"), 1);
        }
        assert_eq!(metrics.lags().len(), CONSUMERS);
    }
}
