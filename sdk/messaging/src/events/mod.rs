//! Events of applications: `events.<domain>.<type>`, kept in the `EVENTS` stream.

mod delivery;
mod draft;
mod error;
mod event;
mod replay;
mod subscribe;

use std::sync::Arc;
use std::time::Duration;

use aegis_domain::wire::{TraceParent, subject};
use aegis_domain::{Actor, InstanceName, ServiceName};
use futures_util::{Stream, StreamExt as _};
use serde::Serialize;

use crate::codec::CodecError;
use crate::consume::metrics::MessageMetrics;
use crate::legacy::Envelope;
use crate::publish::{Outbox, OutboxLimits, Pending, Published};
use aegis_nats::Connection;

pub use delivery::{Delivery, StillHandled, Subscription};
pub use draft::Draft;
pub use error::{EventError, SubscribeError};
pub use event::Event;
pub use replay::{Replay, Replayed};
pub use subscribe::{Mode, Start, Subscribe};

pub use crate::consume::{Lost, OnLost};

/// How events are published, and who is told of lost ones.
#[derive(Debug, Clone, Default)]
pub struct EventOptions {
    /// Who publishes them, unless a draft says otherwise. Without it, the name of the connection.
    pub actor: Option<Actor>,
    /// Whether they go out in the envelope of the Python SDK, in MessagePack, so that its subscribers can read
    /// them. Their bodies must be maps then. Only with the feature `legacy`.
    #[cfg(feature = "legacy")]
    pub legacy: bool,
    /// How much waits in memory while JetStream is away.
    pub outbox: OutboxLimits,
    /// Who is told when a subscription has lost events because the stream kept them for a shorter time than it was behind. The log
    /// has it in any case.
    pub on_lost: OnLost,
}

/// Publishes and receives events. Cheap to clone; clones share one outbox.
///
/// # Examples
/// ```no_run
/// # async fn example(events: aegis_sdk::Events) -> Result<(), Box<dyn std::error::Error>> {
/// let kept = events.publish("orders", "ACC-1.placed", &5_u64).await?;
/// println!("the stream has it at {}", kept.sequence);
/// // With an id of its own: sent twice within two minutes, it is kept once.
/// events.draft("orders", "ACC-1.placed").id("order-17").publish(&5_u64).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Events {
    pub(crate) connection: Connection,
    outbox: Outbox,
    settings: Arc<Settings>,
    /// The trace that events belong to which say none.
    trace: Option<TraceParent>,
}

#[derive(Debug)]
struct Settings {
    actor: Arc<str>,
    envelope: Option<Envelope>,
    metrics: Arc<MessageMetrics>,
    on_lost: OnLost,
}

impl Events {
    /// On this connection, with an outbox of their own.
    #[must_use]
    pub fn new(connection: &Connection) -> Self {
        Self::with(connection, EventOptions::default())
    }

    /// On this connection, with an outbox of their own, published so.
    #[must_use]
    pub fn with(connection: &Connection, options: EventOptions) -> Self {
        Self::counted(connection, options, Arc::default())
    }

    pub fn counted(connection: &Connection, options: EventOptions, metrics: Arc<MessageMetrics>) -> Self {
        #[cfg(feature = "legacy")]
        let envelope = options.legacy.then(Envelope::new);
        #[cfg(not(feature = "legacy"))]
        let envelope = None;
        let EventOptions { actor, outbox, on_lost, .. } = options;
        let actor =
            actor.map_or_else(|| format!("client:{}", connection.options().name), |it| it.to_string());
        let settings = Settings { actor: actor.into(), envelope, metrics, on_lost };
        let outbox = Outbox::new(connection, outbox, crate::provision::making());
        Self { connection: connection.clone(), outbox, settings: Arc::new(settings), trace: None }
    }

    /// The same, whose events belong to this trace unless a draft says otherwise.
    #[must_use]
    pub fn within(&self, trace: TraceParent) -> Self {
        Self { trace: Some(trace), ..self.clone() }
    }

    /// In whose name they are published.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::from_wire(&self.settings.actor)
    }

    /// Begins an event with an id, a trace or an actor of its own.
    pub fn draft<'a>(&'a self, domain: &'a str, event_type: &'a str) -> Draft<'a> {
        Draft::new(self, domain, event_type)
    }

    /// Publishes an event, and waits until the stream has it, for as long as the outbox' patience.
    ///
    /// # Errors
    /// See [`EventError`]. After [`PublishError::Waiting`](crate::PublishError::Waiting) the event is still on
    /// its way.
    ///
    /// # Cancel safety
    /// A dropped future leaves the event on its way, or not taken in.
    pub async fn publish<T: Serialize + Sync>(
        &self,
        domain: &str,
        event_type: &str,
        event: &T,
    ) -> Result<Published, EventError> {
        self.draft(domain, event_type).publish(event).await
    }

    /// Takes an event in, and answers with what tells when the stream has it: any number may be on their way,
    /// in the order in which they were taken in. Waits for room while JetStream takes events.
    ///
    /// # Errors
    /// See [`EventError`]: the event was not taken in.
    ///
    /// # Cancel safety
    /// Cancel-safe: the event is taken in, or it is not.
    pub async fn publish_later<T: Serialize + Sync>(
        &self,
        domain: &str,
        event_type: &str,
        event: &T,
    ) -> Result<Pending, EventError> {
        self.draft(domain, event_type).publish_later(event).await
    }

    /// Waits until the stream has everything that was taken in.
    ///
    /// # Errors
    /// How many events were left when the time was over. They are still on their way.
    ///
    /// # Cancel safety
    /// Cancel-safe.
    pub async fn flush(&self, within: Duration) -> Result<(), usize> {
        self.outbox.flush(within).await
    }

    /// How many events are on their way.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.outbox.len()
    }

    /// Subscribes durably on behalf of this service and instance: the position is kept on the server, by
    /// service, or by service and instance where each instance gets every event.
    ///
    /// # Errors
    /// See [`SubscribeError`].
    ///
    /// # Cancel safety
    /// A dropped future may leave the consumer made; it is found again the next time.
    pub async fn subscribe(
        &self,
        service: &ServiceName,
        instance: &InstanceName,
        subscribe: impl Into<Subscribe>,
    ) -> Result<Subscription, SubscribeError> {
        Subscription::open(self, &subscribe.into(), service, instance).await
    }

    /// Events as they are published from now on, each at most once: what is published while this process is
    /// away or too slow does not arrive. For what only the latest matters of, prices on a screen say; for
    /// everything else there are subscriptions. Both parts may hold the wildcards of NATS.
    ///
    /// # Errors
    /// When the subject cannot be subscribed to.
    pub async fn live(
        &self,
        domain: &str,
        event_type: &str,
    ) -> Result<impl Stream<Item = Event> + use<>, SubscribeError> {
        let pattern = subject::app_event(self.connection.namespace(), domain, event_type);
        if !subject::is_subject(&pattern, true) {
            return Err(SubscribeError::Pattern { pattern });
        }
        let subscription = self.connection.client().subscribe(pattern).await?;
        Ok(subscription.map(Event::live))
    }
}

impl From<CodecError> for EventError {
    fn from(error: CodecError) -> Self {
        Self::Encode(error)
    }
}
