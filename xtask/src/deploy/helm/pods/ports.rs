//! Ports of this machine for those of pods.

use std::{
    net::TcpListener,
    ops::RangeInclusive,
    sync::{LazyLock, Mutex, PoisonError},
};

use anyhow::{Context, Result};

/// The kernel gives those above to outgoing connections, and one of these could take the port of a pod that is being restarted.
const PORTS: RangeInclusive<u16> = 20_000..=32_000;

/// A port that no other pod has, nor will have.
pub(super) fn free() -> Result<u16> {
    // Two runs at once begin at different ones.
    static REST: LazyLock<Mutex<RangeInclusive<u16>>> = LazyLock::new(|| {
        let skipped = u16::try_from(std::process::id() % 100).unwrap_or_default() * 100;
        Mutex::new(PORTS.start() + skipped..=*PORTS.end())
    });
    let mut rest = REST.lock().unwrap_or_else(PoisonError::into_inner);
    rest.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).context("no port is free")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::free;

    #[test]
    fn no_port_is_given_twice() {
        let ports: BTreeSet<_> = (0..50).map(|_| free().unwrap()).collect();
        assert_eq!(ports.len(), 50);
    }
}
