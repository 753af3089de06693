//! Sign-ins that failed.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

static FAILURES: AtomicU64 = AtomicU64::new(0);

/// How often somebody presented to this process what is no credential.
pub(crate) fn failed_sign_ins() -> u64 {
    FAILURES.load(Ordering::Relaxed)
}

/// Somebody at this address presented what is no credential.
pub(crate) fn note_failure(address: IpAddr, request: &str) {
    let count = FAILURES.fetch_add(1, Ordering::Relaxed) + 1;
    tracing::warn!(%address, request, count, "somebody failed to sign in");
}
