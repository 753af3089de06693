//! The handlers of events that a service registers.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use aegis_domain::wire::{DecodeError, TraceParent};
use aegis_domain::{ErrorCode, InstanceName, Recorded, Schema, ServiceName};
use futures_util::FutureExt as _;
use serde::de::DeserializeOwned;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::commands::Commands;
use crate::consume::{Held, for_others};
use crate::events::{Event, Events, Subscribe, SubscribeError, Subscription};
use aegis_domain::Failure;
use aegis_nats::Connection;
use aegis_nats::backoff::backoff;
use aegis_nats::supervise::supervised;

/// What a handler knows of an event beside what it holds.
///
/// # Examples
/// ```
/// use aegis_sdk::{EventContext, Fault};
///
/// async fn placed(context: EventContext, shares: u64) -> Result<(), Fault> {
///     println!("{shares} by {:?} on {}, try {}", context.event.id(), context.event.subject, context.attempt);
///     // What is published here is in the trace of the event.
///     context.events().publish("positions", "ACC-1.changed", &shares).await?;
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct EventContext {
    /// The event as it came: its subject, sequence, id, actor and trace context.
    pub event: Event,
    /// Which try this is, from 1 on, since the event came to this reader: another instance that gets it, or this one
    /// after a restart, counts anew.
    pub attempt: u32,
    trace: TraceParent,
    connection: Connection,
    events: Events,
    commands: Commands,
}

impl EventContext {
    /// Of an event on this try, for a service that publishes and sends so.
    #[must_use]
    pub fn new(event: Event, attempt: u32, (events, commands): (&Events, &Commands)) -> Self {
        let trace = aegis_telemetry::trace::of(event.traceparent());
        Self {
            event,
            attempt,
            trace,
            connection: events.connection.clone(),
            events: events.within(trace),
            commands: commands.within(trace),
        }
    }

    /// W3C trace context of the event; a new trace when it says none. What is called, published and sent by way of
    /// this context belongs to it.
    #[must_use]
    pub fn trace(&self) -> TraceParent {
        self.trace
    }

    /// The service's connection.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The service's own events, in the trace of this one.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// The way to send commands, in the trace of the event.
    #[must_use]
    pub fn commands(&self) -> &Commands {
        &self.commands
    }
}

type Handled = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;
type Handle = Arc<dyn Fn(EventContext) -> Handled + Send + Sync>;

/// A subscription of a service, and what it does with events.
#[derive(Clone)]
pub struct EventHandler {
    subscribe: Subscribe,
    handle: Handle,
}

impl EventHandler {
    /// Of what is recorded in the journal of a schema.
    pub fn recorded<S, F, Fut>(subscribe: Subscribe, handle: F) -> Self
    where
        S: Schema,
        F: Fn(EventContext, Recorded<S>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let handle = Arc::new(handle);
        let handle = move |context: EventContext| -> Handled {
            let handle = Arc::clone(&handle);
            Box::pin(async move {
                let Event { subject, headers, body, sequence, .. } = &context.event;
                let namespace = context.connection.namespace();
                let read = aegis_journal::decode(
                    namespace,
                    sequence.unwrap_or_default(),
                    subject,
                    Some(headers),
                    body,
                );
                let recorded = read.map_err(|error| {
                    let text = format!("the event cannot be read: {error}");
                    let failure = Failure::of(ErrorCode::InvalidInput, text);
                    // Another instance may be of the version that knows it.
                    let is_newer =
                        matches!(error, DecodeError::UnknownType { .. } | DecodeError::FutureVersion { .. });
                    if is_newer { failure } else { failure.for_good() }
                })?;
                handle(context, recorded).await
            })
        };
        Self { subscribe: subscribe.recorded::<S>(), handle: Arc::new(handle) }
    }

    pub fn new<T, F, Fut>(subscribe: Subscribe, handle: F) -> Self
    where
        T: DeserializeOwned + Send + 'static,
        F: Fn(EventContext, T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let handle = Arc::new(handle);
        let handle = move |context: EventContext| -> Handled {
            let handle = Arc::clone(&handle);
            Box::pin(async move {
                // It will be no other the next time.
                let body = context.event.decode().map_err(|error| {
                    Failure::of(ErrorCode::InvalidInput, format!("the event cannot be read: {error}"))
                        .for_good()
                })?;
                handle(context, body).await
            })
        };
        Self { subscribe, handle: Arc::new(handle) }
    }
}

impl std::fmt::Debug for EventHandler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventHandler").field("subscribe", &self.subscribe).finish_non_exhaustive()
    }
}

/// The running subscriptions of a service.
#[derive(Debug)]
pub struct EventHandlers {
    stop: CancellationToken,
    running: Vec<JoinHandle<()>>,
}

impl EventHandlers {
    /// Subscribes all of them, or none.
    pub async fn start(
        handlers: Vec<EventHandler>,
        (events, commands): (&Events, &Commands),
        service: &ServiceName,
        instance: &InstanceName,
        drain: Duration,
    ) -> Result<Self, SubscribeError> {
        let mut names = std::collections::BTreeSet::new();
        for handler in &handlers {
            let name = handler.subscribe.name()?;
            if let Some(name) = names.replace(name) {
                return Err(SubscribeError::DuplicateName { name });
            }
        }
        let mut opened = Vec::new();
        for handler in handlers {
            let subscription = Subscription::open(events, &handler.subscribe, service, instance).await?;
            let of = (events.clone(), commands.clone(), service.clone(), instance.clone());
            opened.push((Subscribed { handler, of, drain }, subscription));
        }
        let stop = CancellationToken::new();
        let run = |(subscribed, subscription): (Subscribed, Subscription)| {
            let (mut first, stop) = (Some(subscription), stop.clone());
            tokio::spawn(supervised("a subscription to events", async move || {
                subscribed.run(first.take(), &stop).await;
            }))
        };
        let running = opened.into_iter().map(run).collect();
        Ok(Self { stop, running })
    }

    /// Takes no more events, and waits for those that are handled, within the time for draining.
    pub async fn stop(&mut self) {
        self.stop.cancel();
        for running in self.running.drain(..) {
            if let Err(error) = running.await {
                tracing::error!(%error, "a subscription ended badly");
            }
        }
    }
}

impl Drop for EventHandlers {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A subscription, and what it needs to be opened again.
struct Subscribed {
    handler: EventHandler,
    of: (Events, Commands, ServiceName, InstanceName),
    drain: Duration,
}

impl Subscribed {
    /// Until it is stopped. What was read and not handled when its reader ended comes again.
    async fn run(&self, mut open: Option<Subscription>, stop: &CancellationToken) {
        loop {
            let subscription = match open.take() {
                Some(subscription) => subscription,
                None => match stop.run_until_cancelled(self.reopen()).await {
                    Some(subscription) => subscription,
                    None => return,
                },
            };
            if self.read(subscription, stop).await {
                return;
            }
            tracing::error!(subscribe = ?self.handler.subscribe, "the reader of a subscription ended: it is opened again");
        }
    }

    async fn reopen(&self) -> Subscription {
        let (events, _, service, instance) = &self.of;
        let mut attempt = 1;
        loop {
            attempt += 1;
            tokio::time::sleep(backoff(attempt)).await;
            match Subscription::open(events, &self.handler.subscribe, service, instance).await {
                Ok(subscription) => return subscription,
                Err(error) => tracing::warn!(%error, "a subscription cannot be opened again yet"),
            }
        }
    }

    /// Whether it was stopped, rather than having ended.
    async fn read(&self, mut subscription: Subscription, stop: &CancellationToken) -> bool {
        let (events, commands, ..) = &self.of;
        let stopped = loop {
            let delivery = tokio::select! {
                () = stop.cancelled() => break true,
                delivery = subscription.next() => delivery,
            };
            let Some(delivery) = delivery else { break false };
            // Bounded by the concurrency of the subscription.
            let context = EventContext::new(delivery.event, delivery.held.attempt, (events, commands));
            tokio::spawn(one(Arc::clone(&self.handler.handle), context, delivery.held));
        };
        if let Err(error) = subscription.close(self.drain).await {
            tracing::warn!(%error, "a subscription is closed all the same");
        }
        stopped
    }
}

async fn one(handle: Handle, context: EventContext, held: Held) {
    let handled = AssertUnwindSafe(async { handle(context).await }).catch_unwind().await;
    match handled {
        Ok(Ok(())) => held.ack(),
        Ok(Err(failure)) => {
            let id = format!("{}", held.position.sequence);
            let failure = for_others(failure, held.message.subject.as_str(), &id);
            tracing::debug!(subject = %held.message.subject, attempt = held.attempt, ?failure, "an event was not handled");
            held.fail(failure);
        }
        Err(_panic) => {
            tracing::error!(subject = %held.message.subject, attempt = held.attempt, "a handler of events panicked");
            held.fail(Failure::of(ErrorCode::HandlerFailed, "the handler panicked"));
        }
    }
}
