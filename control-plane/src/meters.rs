//! The kinds of metrics that parts of the control plane keep themselves.

use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

pub(crate) type Count = Gauge<u64, AtomicU64>;
pub(crate) type Total = Counter<u64, AtomicU64>;

/// Says what has been counted elsewhere.
pub(crate) fn is_at(counter: &Total, count: u64) {
    counter.inner().store(count, Ordering::Relaxed);
}
