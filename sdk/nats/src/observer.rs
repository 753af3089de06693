//! What the events of the client library tell.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

use super::denial::Denials;
use super::state::ConnectionState;

/// Takes the events of one client.
#[derive(Debug, Clone)]
pub(super) struct Observer {
    state: watch::Sender<ConnectionState>,
    slow_consumers: Arc<AtomicU64>,
    denials: Denials,
    /// Whether the denials are told by this client, so that they count its connections.
    counts_connections: bool,
    /// How often a server has said that it is about to end.
    lame_duck: watch::Sender<u64>,
}

impl Observer {
    /// Of the client that everything goes over but calls.
    pub(super) fn new(denials: Denials, slow_consumers: Arc<AtomicU64>) -> Self {
        let state = watch::channel(ConnectionState::Reconnecting).0;
        Self { state, slow_consumers, denials, counts_connections: true, lame_duck: watch::channel(0).0 }
    }

    /// Of a client for calls.
    pub(super) fn of_calls(denials: Denials, slow_consumers: Arc<AtomicU64>) -> Self {
        Self { counts_connections: false, ..Self::new(denials, slow_consumers) }
    }

    pub(super) fn state(&self) -> watch::Receiver<ConnectionState> {
        self.state.subscribe()
    }

    pub(super) fn lame_duck(&self) -> watch::Receiver<u64> {
        self.lame_duck.subscribe()
    }

    pub(super) fn denials(&self) -> &Denials {
        &self.denials
    }

    pub(super) fn note(&self, event: &async_nats::Event) {
        let next = match event {
            async_nats::Event::Connected => Some(ConnectionState::Connected),
            async_nats::Event::Disconnected => Some(ConnectionState::Reconnecting),
            async_nats::Event::Closed => Some(ConnectionState::Closed),
            async_nats::Event::SlowConsumer(_) => {
                self.slow_consumers.fetch_add(1, Ordering::Relaxed);
                tracing::warn!("messages were dropped because they were not taken in time");
                None
            }
            async_nats::Event::ServerError(async_nats::ServerError::Other(text))
                if self.denials.hear(text) =>
            {
                None
            }
            async_nats::Event::ServerError(error) => {
                tracing::warn!(%error, "the nats server reported an error");
                None
            }
            async_nats::Event::ClientError(error) => {
                tracing::debug!(%error, "nats client error");
                None
            }
            async_nats::Event::LameDuckMode => {
                self.lame_duck.send_modify(|times| *times += 1);
                None
            }
            async_nats::Event::Draining => None,
        };
        if let Some(next) = next {
            if next == ConnectionState::Connected && self.counts_connections {
                self.denials.note_connection();
            }
            let before = self.state.send_replace(next);
            match (before, next) {
                (before, next) if before == next => {}
                (ConnectionState::Connected, ConnectionState::Reconnecting) => {
                    tracing::warn!("the nats connection was lost: it is sought again");
                }
                // Connections are many, and open and close with their process.
                (_, next) => tracing::debug!(state = ?next, "nats connection"),
            }
        }
    }
}

/// Moves the client to another server, as soon as its own says that it is about to end, if there is another. `client` is none
/// when it has been dropped: this must not hold it, for it ends with it.
pub(super) async fn leave_lame_ducks(
    client: impl Fn() -> Option<async_nats::Client>,
    mut lame_duck: watch::Receiver<u64>,
) {
    while lame_duck.changed().await.is_ok() {
        let Some(client) = client() else { return };
        let others = client.server_pool().await.map_or(0, |pool| pool.len());
        if others < 2 {
            tracing::warn!("the nats server is about to end, and no other is known");
            continue;
        }
        tracing::info!("the nats server is about to end: moving to another");
        if let Err(error) = client.force_reconnect().await {
            tracing::debug!(%error, "the client has ended");
        }
    }
}
