//! How calls and their replies travel: one port, and two adapters for it.
//!
//! [`Link`] is the client of this project, [`AsyncNats`] goes over the client library. Both are held to one suite
//! (`conformance/`), which runs on real servers, and names where the two differ. Everything durable goes over the client
//! library in any case ([`crate::Connection::client`]).

mod address;
mod any;
#[cfg(test)]
mod conformance;
mod headers;
mod kind;
mod library;
pub mod link;
mod message;
mod subscription;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::denial::{Denials, Interest};
use super::state::ConnectionState;

pub(super) use address::Address;
pub use any::AnyTransport;
pub use headers::Headers;
pub use kind::TransportKind;
pub use library::AsyncNats;
pub use link::Link;
pub use message::{FlushMode, Message, OnDisconnect, Outgoing, PublishError, Sink};
pub use subscription::Subscription;

/// How often a message is handed over that comes while the transport moves to another server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It may come twice: of those who send it, nobody minds, or the receiver knows it by its number.
    AtLeastOnce,
    /// It comes once.
    Once,
}

/// What carries calls: one connection to NATS, which is made again for ever when it is lost. The last clone closes it.
///
/// A request is a publish whose reply subject is of an [`Inbox`](crate::inbox::Inbox).
///
/// # What holds of each adapter
/// - Subscriptions outlive the connection: they are made again on the next one.
/// - A lost connection goes to any server that is configured, or that the cluster has told of. The credentials and
///   certificates are read anew from their files for each connection.
/// - A server that announces its end (lame duck mode) is left for another, if there is one.
/// - What the server does not permit is told to [`Transport::denials`], with its subject, and ends nothing.
/// - What waits to be sent or taken is bounded.
pub trait Transport: Clone + fmt::Debug + Send + Sync + 'static {
    /// The state, and its changes.
    fn state(&self) -> watch::Receiver<ConnectionState>;

    /// Waits until it is connected; at once, as a rule.
    ///
    /// # Cancel safety
    /// Cancel-safe.
    fn connected(&self) -> impl Future<Output = ()> + Send;

    /// Sends a message. While the connection is lost, see [`OnDisconnect`].
    ///
    /// # Errors
    /// See [`PublishError`]: nothing was sent.
    fn publish(&self, message: &Outgoing<'_>, flush: FlushMode) -> Result<(), PublishError>;

    /// Waits until [`Transport::publish`] is not [`PublishError::Full`].
    ///
    /// # Cancel safety
    /// Cancel-safe.
    fn writable(&self) -> impl Future<Output = ()> + Send;

    /// Hands what arrives on the subject to `sink`. With a queue group, one of its members gets each message. Both are of
    /// the wire's grammar. See [`Transport::subscribe`] and [`Transport::subscribe_to_requests`].
    fn subscribe_with(
        &self,
        subject: String,
        queue: Option<String>,
        delivery: Delivery,
        sink: Sink,
    ) -> Subscription;

    /// Subscribes once more to what was denied: for whoever subscribes to it now, if anybody does. Otherwise only to hear
    /// whether that is permitted.
    fn subscribe_again(&self, interest: &Interest);

    /// Waits until the server has taken all that was sent. Answers whether it has: not when the connection was lost
    /// meanwhile.
    ///
    /// # Cancel safety
    /// Cancel-safe.
    fn flush(&self, patience: Duration) -> impl Future<Output = bool> + Send;

    /// What the server does not permit.
    fn denials(&self) -> &Denials;

    /// A subject that nobody else subscribes to: the prefix of inboxes, which permissions name, and a part of its own.
    fn new_inbox(&self) -> String;

    /// The runtime moves: to be said by one task of it, several times a second.
    fn note_pace(&self);

    /// When the message that is being handed over was sent at the latest, if it may have waited here: then it was before
    /// `now`. For a sink, while it runs.
    fn sent_by(&self, now: Instant) -> Instant;

    /// Hands what arrives on the subject to `sink`, on the task that reads: so `sink` must not block, and may spawn. A
    /// message may come twice while the transport moves to another server.
    fn subscribe(
        &self,
        subject: impl Into<String>,
        queue: Option<String>,
        sink: impl Fn(Message) + Send + Sync + 'static,
    ) -> Subscription {
        self.subscribe_with(subject.into(), queue, Delivery::AtLeastOnce, Arc::new(sink))
    }

    /// The same for requests, each of which comes once, also while the transport moves to another server.
    fn subscribe_to_requests(
        &self,
        subject: impl Into<String>,
        sink: impl Fn(Message) + Send + Sync + 'static,
    ) -> Subscription {
        self.subscribe_with(subject.into(), None, Delivery::Once, Arc::new(sink))
    }
}
