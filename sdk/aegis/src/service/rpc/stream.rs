//! Streaming answers, on the side of the service: no more than the caller has said it takes, and no longer than it
//! is there.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use aegis_domain::wire::flow::Flow;
use aegis_domain::wire::header;
use aegis_domain::{ErrorCode, GroupName};
use async_nats::Subject;
use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::Instant;

use super::dispatch::{Dispatcher, Settled};
use super::handler::Many;
use super::job::Job;
use super::replies::Outcome;
use super::run;
use aegis_domain::Fault;
use aegis_leases::leadership::Permit;
use aegis_nats::transport::{Headers, Message, Outgoing, Subscription, Transport as _};

/// A caller that is not heard for so long is gone.
const CALLER_IDLE: Duration = Duration::from_secs(30);
/// How often the caller is told that the service is there, while it has nothing else to say.
const BEAT: Duration = Duration::from_secs(10);
/// The most messages that are sent ahead, whatever the caller says it takes.
const CREDIT_MAX: u64 = 65_536;
/// So many wishes of the caller wait to be looked at.
const WISHES: usize = 64;

/// A stream that has yet to begin: its caller is told where to answer to.
pub(super) struct Opened {
    headers: Headers,
    many: Many,
    control: String,
    inbox: Subject,
    granted: u64,
    flow: mpsc::Receiver<Message>,
    _told: Subscription,
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
    dispatcher: &'a Dispatcher,
    job: &'a Job,
    inbox: Subject,
    control: String,
    sent: u64,
    granted: u64,
}

/// Why a stream ends.
enum End {
    /// The handler has said everything, or failed.
    Told(Option<Fault>),
    /// Nobody wants to hear the rest.
    Unheard,
}

impl Dispatcher {
    /// Makes ready for the stream that a handler answers with. From then on the time of the call is over.
    pub(super) fn open(&self, job: &Job, mut headers: Headers, many: Many) -> Settled {
        let Some(ask) = &job.asked.stream else {
            let text = "the method answers with a stream: call it as one";
            return Settled::Reply((headers, Err(Fault::of(ErrorCode::InvalidInput, text))));
        };
        // Streams have places of their own: they last, and calls end soon.
        let Ok(place) = Arc::clone(&self.streams).try_acquire_owned() else {
            let text = "too many streams are running: end some, or ask another";
            return Settled::Reply((headers, Err(Fault::of(ErrorCode::Overloaded, text))));
        };
        let connection = &self.handle.connection;
        let control = connection.serving().new_inbox();
        // Whatever comes faster than it is looked at says no more than the last that fits.
        let (wishes, flow) = mpsc::channel(WISHES);
        let told = connection.serving().subscribe(control.clone(), None, move |message| {
            let _dropped_when_full = wishes.try_send(message);
        });
        headers.insert(header::STREAM, control.as_str());
        job.cancel.stream_begins();
        let (inbox, granted) = (ask.inbox.clone(), ask.credit.min(CREDIT_MAX));
        Settled::Stream(Box::new(Opened {
            headers,
            many,
            control,
            inbox,
            granted,
            flow,
            _told: told,
            _place: place,
        }))
    }

    /// Sends the whole stream; answers how it failed, if it did.
    pub(super) async fn stream(
        self: &Arc<Self>,
        job: &Job,
        tenancy: Option<&(GroupName, Permit)>,
        opened: Opened,
    ) -> Option<Fault> {
        self.answer(&job.reply_to, &job.form, opened.reply()).await;
        let Opened { many, control, inbox, granted, flow, _told, _place, .. } = opened;
        let mut producer = Producer { dispatcher: self, job, inbox, control, sent: 0, granted };
        let end = producer.run(flow, many, tenancy).await;
        // Whatever the handler has left at work for it is told that nobody waits any more.
        job.cancel.give_up();
        match end {
            End::Told(fault) => {
                producer.end(fault.as_ref()).await;
                fault
            }
            End::Unheard => None,
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
        let mut changes = self.dispatcher.guard.changes();
        let mut stopping = std::pin::pin!(self.dispatcher.stopping.cancelled());
        let mut given_up = std::pin::pin!(self.job.cancel.given_up());
        let span = tracing::Span::current();
        loop {
            if let Some((group, permit)) = tenancy
                && self.dispatcher.guard.admit(group) != Some(permit.term())
            {
                let text = format!("the instance gives {group} up: ask its next owner for the rest");
                return End::Told(Some(Fault::of(ErrorCode::NotActive, text)));
            }
            let may_send = self.sent < self.granted;
            tokio::select! {
                biased;
                message = flow.recv() => match message.as_ref().map(wish) {
                    Some(Wish::Grant(upto)) => {
                        self.granted = self.granted.max(upto.min(self.sent.saturating_add(CREDIT_MAX)));
                        heard = Instant::now();
                    }
                    Some(Wish::Nothing) => {}
                    Some(Wish::Gone) | None => return End::Unheard,
                },
                () = &mut given_up => return End::Unheard,
                () = &mut stopping => {
                    let text = "the instance stops: ask another for the rest";
                    return End::Told(Some(Fault::of(ErrorCode::Unavailable, text)));
                }
                changed = changes.changed(), if tenancy.is_some() => if changed.is_err() {
                    return End::Unheard;
                },
                item = next(&mut many, &span), if may_send => match item {
                    Some(Ok(body)) => {
                        if let Err(fault) = self.send(body).await {
                            return End::Told(Some(fault));
                        }
                        beat.reset();
                    }
                    Some(Err(fault)) => return End::Told(Some(self.dispatcher.told(self.job, fault))),
                    None => return End::Told(None),
                },
                _ = beat.tick() => self.publish(Headers::default(), Bytes::new()).await,
                () = tokio::time::sleep_until(heard + CALLER_IDLE) => return End::Unheard,
            }
        }
    }

    async fn send(&mut self, body: Bytes) -> Result<(), Fault> {
        let (size, most) = (body.len(), self.dispatcher.max_payload);
        if size > most {
            let text =
                format!("a message of the stream is {size} bytes, and the service sends {most} at most");
            return Err(Fault::of(ErrorCode::PayloadTooLarge, text));
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

    async fn end(&self, fault: Option<&Fault>) {
        let mut headers = Headers::default();
        headers.insert(header::STREAM_END, &self.sent.to_string());
        let body = fault.map(|fault| self.job.form.fail(&mut headers, fault)).unwrap_or_default();
        self.publish(headers, body).await;
    }

    async fn publish(&self, headers: Headers, body: Bytes) {
        // If it cannot be sent, the caller sees the gap.
        let (subject, reply) = (&self.inbox, Some(self.control.as_str()));
        self.dispatcher.send(&Outgoing { subject, reply, headers: &headers, payload: &body }).await;
    }
}

/// What the caller wants.
enum Wish {
    Grant(u64),
    Gone,
    Nothing,
}

fn wish(message: &Message) -> Wish {
    if message.headers.is_no_responders() {
        return Wish::Gone;
    }
    match serde_json::from_slice(&message.payload) {
        Ok(Flow::Grant(upto)) => Wish::Grant(upto),
        Ok(Flow::Cancel) => Wish::Gone,
        Err(_other) => Wish::Nothing,
    }
}

/// The next message; a panic is a fault, and the last one.
async fn next(many: &mut Many, span: &tracing::Span) -> Option<Result<Bytes, Fault>> {
    let mut item = std::pin::pin!(many.next());
    std::future::poll_fn(|cx| {
        let _entered = span.enter();
        let polled = catch_unwind(AssertUnwindSafe(|| item.poll_unpin(cx)));
        polled.unwrap_or_else(|_panic| std::task::Poll::Ready(Some(Err(run::panicked()))))
    })
    .await
}
