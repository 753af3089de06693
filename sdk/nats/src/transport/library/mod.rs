//! The adapter over the client library, async-nats.
//!
//! What it cannot do as well as [`Link`](super::Link), and the suite holds it to by name (`Difference` in `conformance/`):
//! it keeps what waits to be written over a loss of the connection, drops what is on its way when it unsubscribes or leaves a
//! server, and verifies the certificate of a discovered server by its address.

mod forward;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_nats::client::traits::Publisher as _;
use async_nats::connection::State;
use async_nats::message::OutboundMessage;
use async_nats::{PublishErrorKind, SubscribeError, Subscriber};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::runtime::Handle;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::{JoinHandle, unconstrained};
use tokio_util::sync::CancellationToken;

use super::message;
use super::subscription::Close;
use super::{Address, Delivery, FlushMode, OnDisconnect, Outgoing, PublishError, Sink, Transport};
use crate::backoff::backoff;
use crate::denial::{Denials, Denied, Interest};
use crate::observer::{Observer, leave_lame_ducks};
use crate::pace::Pace;
use crate::security;
use crate::state::{ConnectionState, PING_EVERY};
use forward::Forwarder;

/// So many messages wait to be taken by one sink. Sinks do not block, so there are more only when the runtime stands still.
pub(super) const WAITING_TO_BE_TAKEN: usize = 8_192;
/// The library tells of errors on a task of its own, a moment after it has read them.
const ERRORS_ARE_TOLD: Duration = Duration::from_millis(10);
/// Of the events of the library some are lost when there are many at once: so often its state is looked at besides.
const LOOK: Duration = Duration::from_millis(50);

/// A client of the library. Cheap to clone; the last clone closes it.
#[derive(Debug, Clone)]
pub struct AsyncNats {
    shared: Arc<Shared>,
}

struct Shared {
    client: async_nats::Client,
    state: watch::Receiver<ConnectionState>,
    on_disconnect: OnDisconnect,
    denials: Denials,
    runtime: Handle,
    pace: Arc<Pace>,
    subscribed: Mutex<BTreeMap<u64, Subscribed>>,
    last_id: AtomicU64,
}

/// Takes a subscription of the library that replaces the one before.
struct Subscribed {
    interest: Interest,
    again: mpsc::Sender<Subscriber>,
}

/// Messages of one subject go to its sink as long as this lives.
pub(super) struct Subscription {
    library: AsyncNats,
    id: u64,
    drain: CancellationToken,
    forwarding: JoinHandle<()>,
}

impl AsyncNats {
    /// Begins to connect, on this runtime, and goes on until it is dropped.
    pub(crate) fn open(address: Address, on_disconnect: OnDisconnect, runtime: &Handle) -> Self {
        let Address { denials, slow_consumers, .. } = &address;
        let observer = Observer::of_calls(denials.clone(), Arc::clone(slow_consumers));
        let (state, lame_duck) = (observer.state(), observer.lame_duck());
        let settings = address.auth.options();
        let settings = security::apply_tls(settings, address.tls.as_ref())
            .name(&address.name)
            .ping_interval(PING_EVERY)
            .retry_on_initial_connect()
            .max_reconnects(None)
            .reconnect_delay_callback(backoff)
            .subscription_capacity(WAITING_TO_BE_TAKEN)
            .event_callback(move |event| {
                observer.note(&event);
                std::future::ready(())
            });
        let entered = runtime.enter();
        let client = settings.connect(address.servers).now_or_never();
        drop(entered);
        let client = client.and_then(Result::ok);
        let client = client.expect("the addresses are parsed, and the library connects on a task of its own");
        let shared = Arc::new(Shared {
            client,
            state,
            on_disconnect,
            denials: address.denials,
            runtime: runtime.clone(),
            pace: Arc::default(),
            subscribed: Mutex::default(),
            last_id: AtomicU64::new(0),
        });
        let weak = Arc::downgrade(&shared);
        let client = move || Some(weak.upgrade()?.client.clone());
        runtime.spawn(leave_lame_ducks(client, lame_duck));
        Self { shared }
    }

    fn is_connected(&self) -> bool {
        self.shared.client.connection_state() == State::Connected
    }
}

impl Transport for AsyncNats {
    fn state(&self) -> watch::Receiver<ConnectionState> {
        self.shared.state.clone()
    }

    async fn connected(&self) {
        let mut state = self.shared.state.clone();
        while !self.is_connected() {
            tokio::select! {
                Ok(()) = state.changed() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// The library has one task that writes: each message is [`FlushMode::Batched`].
    fn publish(&self, message: &Outgoing<'_>, _flush: FlushMode) -> Result<(), PublishError> {
        let client = &self.shared.client;
        let most = client.max_payload();
        message.check(most)?;
        if self.shared.on_disconnect == OnDisconnect::Discard && !self.is_connected() {
            return Err(PublishError::Lost);
        }
        let sending = client.publish_message(OutboundMessage {
            subject: message.subject.into(),
            reply: message.reply.map(Into::into),
            payload: Bytes::copy_from_slice(message.payload),
            headers: (!message.headers.is_empty()).then(|| message.headers.to_library()),
        });
        // What is not taken at once is not taken at all: the future is dropped.
        match unconstrained(sending).now_or_never() {
            Some(Ok(())) => Ok(()),
            None => Err(PublishError::Full),
            Some(Err(error)) => Err(match error.kind() {
                PublishErrorKind::MaxPayloadExceeded => PublishError::TooLarge { size: message.size(), most },
                PublishErrorKind::InvalidSubject => PublishError::BadSubject,
                PublishErrorKind::Send => PublishError::Lost,
            }),
        }
    }

    async fn writable(&self) {
        if self.shared.client.flush().await.is_err() {
            // The library has ended with its runtime.
            std::future::pending().await
        }
    }

    /// The library never has two connections at once: each message comes once.
    fn subscribe_with(
        &self,
        subject: String,
        queue: Option<String>,
        _delivery: Delivery,
        sink: Sink,
    ) -> super::Subscription {
        debug_assert!(message::is_subject(&subject) && queue.as_deref().is_none_or(message::is_subject));
        let id = self.shared.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let interest = Interest { subject, queue };
        let mut subscribing = Box::pin(subscribe(self.shared.client.clone(), interest.clone()));
        // Here and now, if the library takes it: what is sent after this is heard.
        let subscribing = match unconstrained(&mut subscribing).now_or_never() {
            Some(subscribed) => std::future::ready(subscribed).left_future(),
            None => subscribing.right_future(),
        };
        let (again, replaced) = mpsc::channel(1);
        self.shared.subscribed().insert(id, Subscribed { interest, again });
        let drain = CancellationToken::new();
        let forwarder =
            Forwarder { sink, pace: Arc::clone(&self.shared.pace), drain: drain.clone(), replaced };
        let forwarding = self.shared.runtime.spawn(async move {
            match subscribing.await {
                Ok(subscriber) => forwarder.run(subscriber).await,
                Err(error) => tracing::error!(%error, "the client library does not subscribe"),
            }
        });
        super::Subscription::new(Subscription { library: self.clone(), id, drain, forwarding })
    }

    fn subscribe_again(&self, interest: &Interest) {
        if !self.is_connected() {
            return;
        }
        let subscribe =
            || unconstrained(subscribe(self.shared.client.clone(), interest.clone())).now_or_never();
        let subscribed = self.shared.subscribed();
        let known: Vec<_> = subscribed.values().filter(|it| it.interest == *interest).collect();
        for it in &known {
            if let Some(Ok(subscriber)) = subscribe() {
                // Otherwise it is being replaced already.
                let _replaced = it.again.try_send(subscriber);
            }
        }
        if known.is_empty() {
            drop(subscribe());
        }
    }

    /// The library does not tell of the server's PONG, so it is a message to itself that is waited for, or that it may not be
    /// sent or heard: the server deals with one thing after the other.
    async fn flush(&self, patience: Duration) -> bool {
        let client = &self.shared.client;
        if !self.is_connected() {
            return false;
        }
        let connects = || client.statistics().connects.load(Ordering::Relaxed);
        let (before, inbox) = (connects(), client.new_inbox());
        let mut told = self.shared.denials.listen();
        let answered = async {
            let mut echo = client.subscribe(inbox.clone()).await.ok()?;
            client.publish(inbox.clone(), Bytes::new()).await.ok()?;
            loop {
                tokio::select! {
                    message = echo.next() => return message.map(drop),
                    denied = told.recv() => match denied {
                        Ok(Denied::Publish(subject)) if subject == inbox => return Some(()),
                        Ok(Denied::Subscribe(interest)) if interest.subject == inbox => return Some(()),
                        Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                        Err(broadcast::error::RecvError::Closed) => return None,
                    },
                }
            }
        };
        let is_answered = matches!(tokio::time::timeout(patience, answered).await, Ok(Some(())));
        if is_answered {
            tokio::time::sleep(ERRORS_ARE_TOLD).await;
        }
        is_answered && connects() == before
    }

    fn denials(&self) -> &Denials {
        &self.shared.denials
    }

    fn new_inbox(&self) -> String {
        self.shared.client.new_inbox()
    }

    fn note_pace(&self) {
        self.shared.pace.note();
    }

    fn sent_by(&self, now: Instant) -> Instant {
        forward::waiting_since().map_or(now, |since| since.min(now))
    }
}

impl Shared {
    fn subscribed(&self) -> MutexGuard<'_, BTreeMap<u64, Subscribed>> {
        self.subscribed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Close for Subscription {
    /// Hands over what the library has read by then. What is still on its way the library drops.
    fn close(mut self: Box<Self>, patience: Duration) -> BoxFuture<'static, bool> {
        Box::pin(async move {
            if !self.library.is_connected() {
                return false;
            }
            self.drain.cancel();
            matches!(tokio::time::timeout(patience, &mut self.forwarding).await, Ok(Ok(())))
        })
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let known = self.library.shared.subscribed().remove(&self.id);
        drop(known);
        // The library unsubscribes when the task drops what it has subscribed to.
        self.forwarding.abort();
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("state", &*self.state.borrow()).finish_non_exhaustive()
    }
}

async fn subscribe(client: async_nats::Client, interest: Interest) -> Result<Subscriber, SubscribeError> {
    match interest.queue {
        Some(queue) => client.queue_subscribe(interest.subject, queue).await,
        None => client.subscribe(interest.subject).await,
    }
}
