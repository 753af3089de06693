//! The signal that NATS is back.

use aegis_nats::ConnectionState;
use tokio::sync::watch;

/// Waits until the connection is back after it was lost. Of changes without a waiter, the last one counts.
///
/// # Cancel safety
/// Cancel-safe.
pub(crate) async fn reconnected(state: &mut watch::Receiver<ConnectionState>) {
    while state.changed().await.is_ok() {
        match *state.borrow_and_update() {
            ConnectionState::Connected => return,
            ConnectionState::Reconnecting | ConnectionState::Closed => {}
        }
    }
    // Closed for good.
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[test]
    fn a_connection_that_stands_again_is_told_once() {
        let (state, mut known) = watch::channel(ConnectionState::Connected);
        assert!(reconnected(&mut known).now_or_never().is_none(), "it stood from the beginning");
        state.send_replace(ConnectionState::Reconnecting);
        assert!(reconnected(&mut known).now_or_never().is_none());
        state.send_replace(ConnectionState::Connected);
        assert!(reconnected(&mut known).now_or_never().is_some());
        assert!(reconnected(&mut known).now_or_never().is_none(), "that was told");
        drop(state);
        assert!(reconnected(&mut known).now_or_never().is_none());
    }
}
