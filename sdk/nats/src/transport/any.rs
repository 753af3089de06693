//! The adapter that was chosen.

use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::library::AsyncNats;
use super::link::Link;
use super::message::{FlushMode, OnDisconnect, Outgoing, PublishError, Sink};
use super::{Address, Delivery, Subscription, Transport, TransportKind};
use crate::denial::{Denials, Interest};
use crate::state::ConnectionState;

/// One of the adapters. Cheap to clone; the last clone closes it.
///
/// NOTE: not `Arc<dyn Transport>`, which would box each future of `connected`, `writable` and `flush`, and keep the compiler
/// from inlining `publish`. There are two adapters, and both are known here.
#[derive(Debug, Clone)]
pub enum AnyTransport {
    Direct(Link),
    AsyncNats(AsyncNats),
}

impl AnyTransport {
    /// Begins to connect, on this runtime, and goes on until the last clone is dropped.
    pub(crate) fn open(
        kind: TransportKind,
        address: Address,
        on_disconnect: OnDisconnect,
        runtime: &Handle,
    ) -> Self {
        match kind {
            TransportKind::Direct => Self::Direct(Link::open(address, on_disconnect, runtime)),
            TransportKind::AsyncNats => Self::AsyncNats(AsyncNats::open(address, on_disconnect, runtime)),
        }
    }
}

impl Transport for AnyTransport {
    fn state(&self) -> watch::Receiver<ConnectionState> {
        match self {
            Self::Direct(link) => link.state(),
            Self::AsyncNats(library) => library.state(),
        }
    }

    async fn connected(&self) {
        match self {
            Self::Direct(link) => link.connected().await,
            Self::AsyncNats(library) => library.connected().await,
        }
    }

    fn publish(&self, message: &Outgoing<'_>, flush: FlushMode) -> Result<(), PublishError> {
        match self {
            Self::Direct(link) => link.publish(message, flush),
            Self::AsyncNats(library) => library.publish(message, flush),
        }
    }

    async fn writable(&self) {
        match self {
            Self::Direct(link) => link.writable().await,
            Self::AsyncNats(library) => library.writable().await,
        }
    }

    fn subscribe_with(
        &self,
        subject: String,
        queue: Option<String>,
        delivery: Delivery,
        sink: Sink,
    ) -> Subscription {
        match self {
            Self::Direct(link) => link.subscribe_with(subject, queue, delivery, sink),
            Self::AsyncNats(library) => library.subscribe_with(subject, queue, delivery, sink),
        }
    }

    fn subscribe_again(&self, interest: &Interest) {
        match self {
            Self::Direct(link) => link.subscribe_again(interest),
            Self::AsyncNats(library) => library.subscribe_again(interest),
        }
    }

    async fn flush(&self, patience: Duration) -> bool {
        match self {
            Self::Direct(link) => link.flush(patience).await,
            Self::AsyncNats(library) => library.flush(patience).await,
        }
    }

    fn denials(&self) -> &Denials {
        match self {
            Self::Direct(link) => link.denials(),
            Self::AsyncNats(library) => library.denials(),
        }
    }

    fn new_inbox(&self) -> String {
        match self {
            Self::Direct(link) => link.new_inbox(),
            Self::AsyncNats(library) => library.new_inbox(),
        }
    }

    fn note_pace(&self) {
        match self {
            Self::Direct(link) => link.note_pace(),
            Self::AsyncNats(library) => library.note_pace(),
        }
    }

    fn sent_by(&self, now: Instant) -> Instant {
        match self {
            Self::Direct(link) => link.sent_by(now),
            Self::AsyncNats(library) => library.sent_by(now),
        }
    }
}
