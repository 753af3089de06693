//! Streaming answers, on the side of the service: no more than the caller has said it takes, and no longer than it
//! is there.

use std::sync::Arc;
use std::time::Duration;

use aegis_domain::wire::flow::Flow;
use aegis_domain::wire::header;
use aegis_domain::{ErrorCode, GroupName};
use async_nats::Subject;
use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::admission::places;
use super::execution::next;
use super::handler::Many;
use super::job::Job;
use super::response::{Outcome, Responder};
use crate::Connection;
use aegis_domain::Failure;
use aegis_leases::leadership::{Guard, Permit};
use aegis_nats::transport::{Headers, Message, Outgoing, Subscription, Transport as _};

/// A caller that is not heard for so long is gone.
const CALLER_IDLE: Duration = Duration::from_secs(30);
/// How often the caller is told that the service is there, while it has nothing else to say.
const BEAT: Duration = Duration::from_secs(10);
/// The most messages that are sent ahead, whatever the caller says it takes.
const CREDIT_MAX: u64 = 65_536;
/// So many messages of the caller wait to be looked at.
const SIGNALS: usize = 64;

/// The streams of a service.
#[derive(Debug)]
pub(super) struct Streams {
    connection: Connection,
    guard: Guard,
    responder: Responder,
    places: Arc<Semaphore>,
    stopping: CancellationToken,
}

/// A stream that has yet to begin: its caller is told where to answer to.
pub(super) struct Opened {
    headers: Headers,
    many: Many,
    control: String,
    inbox: Subject,
    granted: u64,
    flow: mpsc::Receiver<Message>,
    _subscription: Subscription,
    _place: OwnedSemaphorePermit,
}

impl Opened {
    /// The reply that begins it, to each copy of the call.
    pub(super) fn reply(&self) -> Outcome {
        (self.headers.clone(), Ok(Bytes::new()))
    }
}

/// A stream being sent.
struct Producer<'a> {
    streams: &'a Streams,
    job: &'a Job,
    inbox: Subject,
    control: String,
    sent: u64,
    granted: u64,
}

/// Why a stream ends.
enum End {
    /// The handler has sent everything, or failed.
    Complete(Option<Failure>),
    /// The caller does not read any more.
    CallerGone,
}

impl Streams {
    /// So many run at once. Each message goes out as the responder sends.
    pub(super) fn new(connection: Connection, guard: Guard, responder: Responder, limit: u64) -> Self {
        let (places, stopping) = (Arc::new(Semaphore::new(places(limit))), CancellationToken::new());
        Self { connection, guard, responder, places, stopping }
    }

    /// Ends every stream, now and later.
    pub(super) fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// Makes ready for the stream that a handler answers with, or says why not. From then on the time of the call is
    /// over.
    pub(super) fn open(&self, job: &Job, mut headers: Headers, many: Many) -> Result<Opened, Outcome> {
        let Some(ask) = &job.asked.stream else {
            let text = "the method answers with a stream: call it as one";
            return Err((headers, Err(Failure::of(ErrorCode::InvalidInput, text))));
        };
        // Streams have places of their own: they last, and calls end soon.
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            let text = "too many streams are running: end some, or ask another";
            return Err((headers, Err(Failure::of(ErrorCode::Overloaded, text))));
        };
        let transport = self.connection.serving();
        let control = transport.new_inbox();
        // Whatever comes faster than it is looked at says no more than the last that fits.
        let (signals, flow) = mpsc::channel(SIGNALS);
        let subscription = transport.subscribe(control.clone(), None, move |message| {
            let _dropped_when_full = signals.try_send(message);
        });
        headers.insert(header::STREAM, control.as_str());
        job.cancel.stream_begins();
        let (inbox, granted) = (ask.inbox.clone(), ask.credit.min(CREDIT_MAX));
        Ok(Opened {
            headers,
            many,
            control,
            inbox,
            granted,
            flow,
            _subscription: subscription,
            _place: place,
        })
    }

    /// Sends the whole stream; answers how it failed, if it did.
    pub(super) async fn send(
        &self,
        job: &Job,
        tenancy: Option<&(GroupName, Permit)>,
        opened: Opened,
    ) -> Option<Failure> {
        self.responder.answer(&job.reply_to, &job.form, opened.reply()).await;
        let Opened { many, control, inbox, granted, flow, _subscription, _place, .. } = opened;
        let mut producer = Producer { streams: self, job, inbox, control, sent: 0, granted };
        let end = producer.run(flow, many, tenancy).await;
        // What the handler has left running for it learns that its caller is gone.
        job.cancel.give_up();
        match end {
            End::Complete(failure) => {
                producer.end(failure.as_ref()).await;
                failure
            }
            End::CallerGone => None,
        }
    }
}

impl Producer<'_> {
    async fn run(
        &mut self,
        mut flow: mpsc::Receiver<Message>,
        mut many: Many,
        tenancy: Option<&(GroupName, Permit)>,
    ) -> End {
        let mut heard = Instant::now();
        let mut beat = tokio::time::interval(BEAT);
        beat.reset();
        let mut changes = self.streams.guard.changes();
        let mut stopping = std::pin::pin!(self.streams.stopping.cancelled());
        let mut given_up = std::pin::pin!(self.job.cancel.given_up());
        let span = tracing::Span::current();
        loop {
            if let Some((group, permit)) = tenancy
                && self.streams.guard.admit(group) != Some(permit.term())
            {
                let text = format!("the instance gives {group} up: ask its next owner for the rest");
                return End::Complete(Some(Failure::of(ErrorCode::NotActive, text)));
            }
            let may_send = self.sent < self.granted;
            tokio::select! {
                biased;
                message = flow.recv() => match message.as_ref().map(signal) {
                    Some(Signal::Grant(upto)) => {
                        self.granted = self.granted.max(upto.min(self.sent.saturating_add(CREDIT_MAX)));
                        heard = Instant::now();
                    }
                    Some(Signal::Other) => {}
                    Some(Signal::Gone) | None => return End::CallerGone,
                },
                () = &mut given_up => return End::CallerGone,
                () = &mut stopping => {
                    let text = "the instance stops: ask another for the rest";
                    return End::Complete(Some(Failure::of(ErrorCode::Unavailable, text)));
                }
                changed = changes.changed(), if tenancy.is_some() => if changed.is_err() {
                    return End::CallerGone;
                },
                item = next(&mut many, &span), if may_send => match item {
                    Some(Ok(body)) => {
                        if let Err(failure) = self.send(body).await {
                            return End::Complete(Some(failure));
                        }
                        beat.reset();
                    }
                    Some(Err(failure)) => return End::Complete(Some(self.job.for_caller(failure))),
                    None => return End::Complete(None),
                },
                _ = beat.tick() => self.publish(Headers::default(), Bytes::new()).await,
                () = tokio::time::sleep_until(heard + CALLER_IDLE) => return End::CallerGone,
            }
        }
    }

    async fn send(&mut self, body: Bytes) -> Result<(), Failure> {
        let (size, most) = (body.len(), self.streams.responder.max_payload());
        if size > most {
            let text =
                format!("a message of the stream is {size} bytes, and the service sends {most} at most");
            return Err(Failure::of(ErrorCode::PayloadTooLarge, text));
        }
        self.sent += 1;
        let mut headers = Headers::default();
        headers.insert(header::STREAM_SEQUENCE, &self.sent.to_string());
        if let Some(media_type) = self.job.form.content_type() {
            headers.insert(header::CONTENT_TYPE, media_type);
        }
        self.publish(headers, body).await;
        Ok(())
    }

    async fn end(&self, failure: Option<&Failure>) {
        let mut headers = Headers::default();
        headers.insert(header::STREAM_END, &self.sent.to_string());
        let body = failure.map(|failure| self.job.form.fail(&mut headers, failure)).unwrap_or_default();
        self.publish(headers, body).await;
    }

    async fn publish(&self, headers: Headers, body: Bytes) {
        // If it cannot be sent, the caller sees the gap.
        let (subject, reply) = (&self.inbox, Some(self.control.as_str()));
        self.streams.responder.send(&Outgoing { subject, reply, headers: &headers, payload: &body }).await;
    }
}

/// What the caller says.
enum Signal {
    Grant(u64),
    Gone,
    Other,
}

fn signal(message: &Message) -> Signal {
    if message.headers.is_no_responders() {
        return Signal::Gone;
    }
    match serde_json::from_slice(&message.payload) {
        Ok(Flow::Grant(upto)) => Signal::Grant(upto),
        Ok(Flow::Cancel) => Signal::Gone,
        Err(_other) => Signal::Other,
    }
}
