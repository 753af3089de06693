//! What a handler knows of its call.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Context as Poller;
use std::time::{Duration, Instant};

use aegis_domain::wire::{TraceParent, header};
use aegis_domain::{Context, ErrorCode, GroupName, InstanceName, Schema, ServiceName, Term};
use aegis_journal::Journal;
use futures_util::task::AtomicWaker;
use tokio::sync::Notify;

use crate::within::{Cause, JournalWithin, Ordinals};
use crate::{Client, Commands, Connection, Events, Fault};

/// What a handler knows of the call beside its parameters, and how it reaches other services. Cheap to clone.
///
/// # Examples
/// ```
/// use aegis_sdk::{Call, Fault};
///
/// async fn place(call: Call, shares: u64) -> Result<String, Fault> {
///     let (account, term) = call.exclusive()?;
///     // In the trace of the call.
///     call.events().publish("orders", &format!("{account}.placed"), &shares).await?;
///     Ok(format!("{shares} for {account} in term {term}, {:?} before its caller gives up", call.remaining()))
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Call {
    /// When the caller stops waiting; nothing done after that reaches it. Of a stream, for its beginning: once that has
    /// begun, it lasts as long as both sides want.
    pub deadline: Option<Instant>,
    /// For exclusive methods: the group and the term under which this instance acts for it. Pass the
    /// term on to whatever the handler writes to, so that a stale writer is refused there.
    pub tenancy: Option<(GroupName, Term)>,
    pub(super) request_id: Option<Box<str>>,
    pub(super) trace: TraceParent,
    pub(super) cancel: Arc<Cancel>,
    pub(super) handle: Arc<Handle>,
}

/// What all calls of a service share.
#[derive(Debug)]
pub(in crate::service) struct Handle {
    pub(in crate::service) service: ServiceName,
    pub(in crate::service) instance: InstanceName,
    pub(in crate::service) connection: Connection,
    pub(in crate::service) client: Client,
    pub(in crate::service) events: Events,
    pub(in crate::service) commands: Commands,
}

/// Whether the caller has given the call up.
#[derive(Debug, Default)]
pub(super) struct Cancel {
    given_up: AtomicBool,
    /// Whether a stream has begun: then the time of the call is over, and says nothing.
    streams: AtomicBool,
    news: Notify,
    /// Whether the instance stops, and no longer waits for the handler.
    left: AtomicBool,
    waits: AtomicWaker,
    /// The commands that the handler has given to aggregates, if to any: most calls give none.
    ordinals: OnceLock<Box<Ordinals>>,
}

impl AsRef<Ordinals> for Cancel {
    fn as_ref(&self) -> &Ordinals {
        self.ordinals.get_or_init(Box::default)
    }
}

impl Cancel {
    pub(super) fn give_up(&self) {
        self.given_up.store(true, Ordering::SeqCst);
        self.news.notify_waiters();
    }

    /// The instance no longer waits for the handler.
    pub(super) fn leave(&self) {
        self.left.store(true, Ordering::SeqCst);
        self.waits.wake();
    }

    /// Whether it no longer waits. If it does, whoever asks is woken when that changes.
    pub(super) fn poll_left(&self, poller: &Poller<'_>) -> bool {
        self.waits.register(poller.waker());
        self.left.load(Ordering::SeqCst)
    }

    pub(super) fn stream_begins(&self) {
        self.streams.store(true, Ordering::SeqCst);
    }

    fn streams(&self) -> bool {
        self.streams.load(Ordering::SeqCst)
    }

    pub(super) fn is_given_up(&self) -> bool {
        self.given_up.load(Ordering::SeqCst)
    }

    pub(super) async fn given_up(&self) {
        loop {
            let mut news = std::pin::pin!(self.news.notified());
            news.as_mut().enable();
            if self.is_given_up() {
                return;
            }
            news.await;
        }
    }
}

/// What a call of a test is made of.
#[derive(Debug)]
pub(crate) struct CallParts {
    pub(crate) service: ServiceName,
    pub(crate) instance: InstanceName,
    pub(crate) connection: Connection,
    pub(crate) client: Client,
    pub(crate) events: Events,
    pub(crate) commands: Commands,
    pub(crate) tenancy: Option<(GroupName, Term)>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) request_id: Option<Box<str>>,
}

impl Call {
    /// One that no server has received.
    pub(crate) fn of(parts: CallParts) -> Self {
        let CallParts {
            service,
            instance,
            connection,
            client,
            events,
            commands,
            tenancy,
            deadline,
            request_id,
        } = parts;
        let trace = connection.telemetry().spans.make(None).trace;
        let handle = Arc::new(Handle { service, instance, connection, client, events, commands });
        Self { deadline, tenancy, request_id, trace, cancel: Arc::default(), handle }
    }

    /// What it shares with all calls of the service.
    pub(in crate::service) fn handle(&self) -> Arc<Handle> {
        Arc::clone(&self.handle)
    }

    /// The id of the request: the same on every retry of it, and no other request's.
    #[must_use]
    pub fn request_id(&self) -> &str {
        self.request_id.as_deref().unwrap_or_else(|| self.trace.message_id())
    }

    /// W3C trace context of the call; a new trace when the caller sent none. [`Call::client`], [`Call::events`] and
    /// [`Call::commands`] pass it on.
    #[must_use]
    pub fn trace(&self) -> TraceParent {
        self.trace
    }

    /// The service that handles the call.
    #[must_use]
    pub fn service(&self) -> &ServiceName {
        &self.handle.service
    }

    /// The instance that handles the call.
    #[must_use]
    pub fn instance(&self) -> &InstanceName {
        &self.handle.instance
    }

    /// A client on the service's connection, whose calls belong to the trace of this one.
    #[must_use]
    pub fn client(&self) -> Client {
        self.handle.client.within(self.trace)
    }

    /// The service's own events, in the trace of this call: a clean stop waits for those on their way.
    #[must_use]
    pub fn events(&self) -> Events {
        self.handle.events.within(self.trace)
    }

    /// The way to send commands, in the trace of this call.
    #[must_use]
    pub fn commands(&self) -> Commands {
        self.handle.commands.within(self.trace)
    }

    /// A journal of your own within this call: what is recorded bears the request's id, its trace and the
    /// [term](Call::tenancy), and is recorded once, also where a successor runs the call again.
    ///
    /// ```no_run
    /// # use aegis_domain::{Aggregate, Schema};
    /// # use aegis_sdk::{Call, Fault};
    /// # async fn place<A, S>(call: &Call, id: &S::Id, command: A::Command) -> Result<A, Fault>
    /// # where A: Aggregate<Schema = S>, A::Command: Clone, S: Schema {
    /// let booked = call.journal::<S>().execute::<A>(id, command).await?;
    /// Ok(booked.state)
    /// # }
    /// ```
    #[must_use]
    pub fn journal<S: Schema>(&self) -> JournalWithin<S> {
        let context = Context {
            // Callers choose their ids, as long as they like.
            correlation: Some(header::text(self.request_id(), 256)),
            traceparent: Some(self.trace.to_string()),
            tenancy: self.tenancy.clone(),
            ..Cause::actor(self.service(), self.instance())
        };
        let id = Some(format!("{}/{}", self.service(), self.request_id()));
        let ordinals: Arc<Cancel> = Arc::clone(&self.cancel);
        JournalWithin::new(Journal::of(self.connection()), Cause { context, id, ordinals })
    }

    /// The service's connection, for whatever else goes over NATS.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.handle.connection
    }

    /// The group and the term of an exclusive call: see [`Call::tenancy`].
    ///
    /// # Errors
    /// `INTERNAL` when any instance may serve the method: give it to [`exclusive`](crate::service::Builder::exclusive).
    pub fn exclusive(&self) -> Result<(&GroupName, Term), Fault> {
        match &self.tenancy {
            Some((group, term)) => Ok((group, *term)),
            None => Err(Fault::of(
                ErrorCode::Internal,
                "the method works for an owner, and is served by any instance",
            )),
        }
    }

    /// How long the caller still waits: what calls to others on its behalf may take, `client.call(&risk, "check", &order,
    /// call.remaining())`. Nothing once it waits no longer; `call_timeout_ms` where it has set no time.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        match self.deadline {
            Some(deadline) => deadline.saturating_duration_since(now()),
            None => self.connection().options().call_timeout,
        }
    }

    /// Whether the caller no longer waits: it has cancelled the call, or its deadline has passed. Of a stream that has
    /// begun: whether it has ended, because the caller is gone or otherwise. Work that only serves the reply may stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        let is_late = || self.deadline.is_some_and(|deadline| now() >= deadline);
        self.cancel.is_given_up() || (!self.cancel.streams() && is_late())
    }

    /// Waits until the caller no longer does. For a handler that is to stop then, beside its work in
    /// `tokio::select!`. A call without a deadline may wait for ever.
    ///
    /// # Cancel safety
    /// Cancel-safe.
    pub async fn cancelled(&self) {
        if let Some(deadline) = self.deadline {
            let waiting = tokio::time::timeout_at(deadline.into(), self.cancel.given_up());
            if waiting.await.is_ok() || !self.cancel.streams() {
                return;
            }
        }
        self.cancel.given_up().await;
    }
}

/// By the clock of tokio, which tests may pause.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
