//! Pulls from a consumer until stopped: supervised, on demand, with a pin where only one reader is allowed.
//!
//! NOTE: not the message stream of async-nats. It asks by itself, so that what it holds back cannot be bounded
//! by what its reader has room for, and it does not say that it may have missed something.

use std::time::{Duration, Instant};

use aegis_domain::wire::{header, subject};
use async_nats::jetstream;
use async_nats::jetstream::consumer::Info;
use async_nats::{StatusCode, Subscriber};
use futures_util::StreamExt as _;
use serde::Serialize;
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::consumer::{OpenError, Position, Progress, Spec};
use aegis_nats::Connection;
use aegis_nats::ConnectionState;
use aegis_nats::backoff::backoff;

/// How long the server keeps one request for messages.
const EXPIRES: Duration = Duration::from_secs(2);
/// How much later than that its end may be told.
const GRACE: Duration = Duration::from_secs(2);
/// How long a pinned reader keeps the pin without asking: several requests may be lost.
pub(crate) const PIN_TIMEOUT: Duration = Duration::from_secs(6);
/// The only group of pinned consumers.
pub(crate) const PIN_GROUP: &str = "reader";
/// How often a consumer is asked how much waits.
pub(crate) const LOOK: Duration = Duration::from_secs(5);
/// The most messages that are asked for at once.
const BATCH: usize = 256;

/// What comes.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all that comes is messages")]
pub(crate) enum Arrival {
    Message {
        message: jetstream::Message,
        /// This reader has just got the pin: others may still hold messages.
        new_pin: bool,
    },
    /// Messages may have been delivered that did not arrive. They are delivered again when their time is over.
    Interrupted,
    /// There was nothing when it was asked for without waiting.
    Nothing,
    /// The pin has gone to another reader, with everything that is not settled.
    Unpinned,
}

#[derive(Debug)]
pub(crate) struct Puller {
    connection: Connection,
    spec: Spec,
    inbox: String,
    subscriber: Subscriber,
    state: watch::Receiver<ConnectionState>,
    /// How many requests there were; each has an inbox of its own.
    asked: u64,
    live: Option<Live>,
    pin: Option<String>,
    /// Answers when the stream was made, once the consumer is there.
    repair: Option<JoinHandle<Option<OffsetDateTime>>>,
    failures: usize,
    not_before: Option<Instant>,
    /// Where a consumer that is gone is made again.
    progress: Progress,
}

/// A request that the server has.
#[derive(Debug)]
struct Live {
    left: usize,
    over: Instant,
}

#[derive(Serialize)]
struct Ask<'a> {
    batch: usize,
    /// In nanoseconds.
    expires: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    no_wait: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
}

impl Puller {
    /// Makes the consumer, or finds it, and tells how it stands.
    pub(crate) async fn open(connection: &Connection, spec: Spec) -> Result<(Self, Info), OpenError> {
        let (info, created) = spec.ensure(connection, None).await?;
        let inbox = format!("{}.", connection.client().new_inbox());
        let subscriber = connection.client().subscribe(format!("{inbox}*"));
        let subscriber = subscriber.await.map_err(|e| OpenError::Server(e.into()))?;
        let mut state = connection.state();
        state.mark_unchanged();
        let puller = Self {
            connection: connection.clone(),
            spec,
            inbox,
            subscriber,
            state,
            asked: 0,
            live: None,
            pin: None,
            repair: None,
            failures: 0,
            not_before: None,
            progress: Progress { created, last: None },
        };
        Ok((puller, info))
    }

    pub(crate) fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Whether messages come to this reader and to no other.
    pub(crate) fn is_pinned(&self) -> bool {
        self.pin.is_some()
    }

    /// The next thing that comes. Asks for as many messages as are wanted, but not for any while a request is
    /// under way: what that brings may be more than is wanted now.
    ///
    /// # Cancel safety
    /// Cancel-safe: nothing that came is lost.
    pub(crate) async fn next(&mut self, wanted: usize) -> Arrival {
        self.await_next(wanted, false).await
    }

    /// The same for one message. Without waiting, it says so when there is none.
    ///
    /// # Cancel safety
    /// Cancel-safe: nothing that came is lost.
    pub(crate) async fn next_one(&mut self, wanted: bool, wait: bool) -> Arrival {
        self.await_next(usize::from(wanted), !wait).await
    }

    /// Whether the server has a request, so that a message comes as soon as there is one.
    pub(crate) fn is_asking(&self) -> bool {
        self.live.is_some()
    }

    async fn await_next(&mut self, wanted: usize, no_wait: bool) -> Arrival {
        loop {
            if let Some(repair) = &mut self.repair {
                let repaired = repair.await.ok().flatten();
                self.repair = None;
                self.live = None;
                match repaired {
                    Some(created) if created == self.progress.created => {}
                    Some(created) => self.progress = Progress { created, last: None },
                    None => self.pause(),
                }
                return Arrival::Interrupted;
            }
            let now = Instant::now();
            let paused = self.not_before.filter(|until| *until > now);
            let connected = *self.state.borrow() == ConnectionState::Connected;
            if connected && self.live.is_none() && wanted > 0 && paused.is_none() {
                self.ask(wanted, no_wait).await;
            }
            let wake = self.live.as_ref().map(|live| live.over).or(paused.filter(|_| wanted > 0));
            let alarm = async {
                match wake {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                changed = self.state.changed() => {
                    if changed.is_err() {
                        std::future::pending::<()>().await;
                    }
                    let connected = *self.state.borrow_and_update() == ConnectionState::Connected;
                    self.live = None;
                    if connected {
                        self.repair();
                    }
                    return Arrival::Interrupted;
                }
                message = self.subscriber.next() => match message {
                    Some(message) => if let Some(arrival) = self.take(message) { return arrival },
                    None => self.repair(),
                },
                () = alarm => if self.live.take().is_some() {
                    // Every request is answered, if only by its end: this one was not.
                    tracing::debug!(consumer = self.spec.name(), "a request for messages was not answered");
                    self.repair();
                },
            }
        }
    }

    async fn ask(&mut self, wanted: usize, no_wait: bool) {
        let batch = wanted.min(BATCH);
        let ask = Ask {
            batch,
            expires: u64::try_from(EXPIRES.as_nanos()).unwrap_or(u64::MAX),
            no_wait,
            group: self.spec.is_pinned().then_some(PIN_GROUP),
            id: self.pin.as_deref(),
        };
        let Ok(body) = serde_json::to_vec(&ask) else { return };
        let to = subject::consumer_next(&self.spec.stream, self.spec.name());
        self.live = Some(Live { left: batch, over: Instant::now() + EXPIRES + GRACE });
        self.asked += 1;
        let inbox = format!("{}{}", self.inbox, self.asked);
        let asked = self.connection.client().publish_with_reply(to, inbox, body.into()).await;
        if let Err(error) = asked {
            tracing::debug!(%error, "a request for messages was not sent");
        }
    }

    fn take(&mut self, message: async_nats::Message) -> Option<Arrival> {
        if let Some(status) = message.status
            && status != StatusCode::OK
        {
            let number = message.subject.strip_prefix(self.inbox.as_str()).and_then(|it| it.parse().ok());
            if number != Some(self.asked) {
                return None;
            }
            return self.hear(status, message.description.as_deref().unwrap_or_default());
        }
        message.reply.as_ref()?;
        if let Some(live) = &mut self.live {
            live.left -= 1;
            if live.left == 0 {
                self.live = None;
            }
        }
        self.failures = 0;
        self.not_before = None;
        let mut new_pin = false;
        if self.spec.is_pinned()
            && let Some(pin) = message.headers.as_ref().and_then(|headers| headers.get(header::PIN_ID))
            && self.pin.as_deref() != Some(pin.as_str())
        {
            self.pin = Some(pin.as_str().to_owned());
            new_pin = true;
        }
        let message = jetstream::Message { message, context: self.connection.jetstream().clone() };
        let position = Position::of(&message)?;
        // What comes again came before.
        if self.progress.last.is_none_or(|last| last.stored < position.stored) {
            self.progress.last = Some(position);
        }
        Some(Arrival::Message { message, new_pin })
    }

    /// What the server says of a request.
    fn hear(&mut self, status: StatusCode, text: &str) -> Option<Arrival> {
        match status.as_u16() {
            // Still there.
            100 => None,
            // It ended, with nothing or with less than was asked for.
            404 => {
                self.live = None;
                Some(Arrival::Nothing)
            }
            408 => {
                self.live = None;
                None
            }
            423 => {
                self.live = None;
                self.pin = None;
                Some(Arrival::Unpinned)
            }
            code => {
                tracing::debug!(
                    consumer = self.spec.name(),
                    code,
                    text,
                    "a request for messages was refused"
                );
                self.live = None;
                self.pause();
                // No responders, or the consumer is gone. Other errors pass by themselves, and cost one request.
                self.repair();
                None
            }
        }
    }

    /// Takes no more messages, and lets the next reader have the pin. What is said of messages afterwards does not
    /// bring them back here.
    pub(crate) async fn close(&mut self) {
        if let Err(error) = self.subscriber.unsubscribe().await {
            tracing::debug!(%error, "a consumer's messages come here until the connection ends");
        }
        if self.pin.take().is_none() {
            return;
        }
        let stream = self.connection.jetstream().get_stream_no_info(&self.spec.stream).await;
        if let Ok(stream) = stream
            && let Err(error) = stream.unpin_consumer(self.spec.name(), PIN_GROUP).await
        {
            tracing::debug!(%error, "the next reader has to wait until the pin runs out");
        }
    }

    /// The reader has reason to believe that something is wrong with the consumer.
    pub(crate) fn look_after(&mut self) {
        self.repair();
    }

    fn pause(&mut self) {
        self.failures += 1;
        self.not_before = Some(Instant::now() + backoff(self.failures + 1));
    }

    /// Looks whether the consumer is there, and makes it again if it is not, with its stream: where it was, or with all
    /// that a work queue still holds.
    fn repair(&mut self) {
        if self.repair.is_some() {
            return;
        }
        let (connection, spec, failures) = (self.connection.clone(), self.spec.clone(), self.failures);
        let progress = self.progress;
        self.repair = Some(tokio::spawn(async move {
            tokio::time::sleep(backoff(failures + 1)).await;
            match spec.ensure(&connection, Some(progress)).await {
                Ok((_info, created)) => Some(created),
                Err(error) => {
                    tracing::warn!(consumer = spec.name(), %error, "a consumer cannot be found or made now");
                    None
                }
            }
        }));
    }
}

impl Drop for Puller {
    fn drop(&mut self) {
        if let Some(repair) = &self.repair {
            repair.abort();
        }
    }
}
