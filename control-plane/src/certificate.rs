//! Until when the certificate of this replica is good.

use std::sync::atomic::{AtomicI64, Ordering};

static NOT_AFTER: AtomicI64 = AtomicI64::new(0);

/// In seconds since 1970; 0 without one.
pub(crate) fn not_after() -> i64 {
    NOT_AFTER.load(Ordering::Relaxed)
}

/// The certificate that is shown from now on is good until then.
pub(crate) fn set_not_after(seconds: i64) {
    NOT_AFTER.store(seconds, Ordering::Relaxed);
}
