//! One send of a call, and what came of it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use aegis_domain::wire::{TraceParent, header};
use aegis_domain::{ErrorCode, ServiceName};
use bytes::Bytes;
use futures_util::FutureExt as _;

use super::route::Route;
use super::{CallError, CallOptions, Client, Target};
use crate::Connection;
use aegis_nats::connection::Lane;
use aegis_nats::inbox::Ticket;
use aegis_nats::transport::{
    AnyTransport, FlushMode, Headers, Message, Outgoing, PublishError, Transport as _,
};

/// As a rule, the headers of a call have not more bytes.
const HEADERS: usize = 192;

/// What is sent, once or several times.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) body: Bytes,
    pub(super) trace: TraceParent,
    pub(super) options: CallOptions,
    /// Its id, where the caller has given one.
    pub(super) id: Option<Arc<str>>,
    pub(super) lane: Arc<Lane>,
    /// Of a call for a stream: its inbox, and how many messages it takes at first.
    pub(super) stream: Option<(String, u64)>,
}

/// What came of one send.
#[derive(Debug)]
pub(super) enum Answer<'a> {
    Reply(Message),
    /// There is no subscriber, so nothing was done.
    NoResponders,
    /// It was not sent.
    NotSent(CallError),
    /// It was sent, and no reply came in time.
    Silence(Out<'a>),
}

/// A call that is out. Unless its reply has come, dropping it tells the service that nobody waits any more.
#[derive(Debug)]
pub(super) struct Out<'a> {
    ticket: Ticket,
    transport: &'a AnyTransport,
    connection: &'a Connection,
    service: &'a ServiceName,
    answered: bool,
}

impl Client {
    /// Sends the request once, with so much time left from now on, and waits for the reply.
    pub(super) async fn send<'a>(
        &'a self,
        route: &'a Route,
        request: &'a Request,
        now: Instant,
        left: Duration,
    ) -> Answer<'a> {
        let patience = request.options.patience(&route.target, left);
        let mut out = match self.put(route, request, (now, left), patience).await {
            Ok(out) => out,
            Err(error) => return Answer::NotSent(error),
        };
        let Ok(reply) = (&mut out.ticket).await else { return Answer::Silence(out) };
        out.answered = true;
        Answer::of(reply, request)
    }

    /// Sends the request, with so much time left from that moment on. Its reply may come for as long as `patience`.
    pub(super) async fn put<'a>(
        &'a self,
        route: &'a Route,
        request: &'a Request,
        (mut now, mut left): (Instant, Duration),
        patience: Duration,
    ) -> Result<Out<'a>, CallError> {
        let (connection, transport) = (&self.shared.connection, &request.lane.transport);
        let until = now + left;
        loop {
            let ticket = request.lane.inbox().ticket(route.tag, now + patience.min(left));
            let reply_to = ticket.subject();
            let headers = match request.options.wire {
                Some(_knows_none) => Headers::default(),
                None => headers(route, request, left),
            };
            let flush = if ticket.is_alone() { FlushMode::Immediate } else { FlushMode::Batched };
            let (subject, reply) = (&route.subject, Some(reply_to.as_str()));
            let message = Outgoing { subject, reply, headers: &headers, payload: &request.body };
            let waited = match transport.publish(&message, flush) {
                Ok(()) => {
                    return Ok(Out {
                        ticket,
                        transport,
                        connection,
                        service: route.target.service(),
                        answered: false,
                    });
                }
                Err(PublishError::Full) => in_time(left, transport.writable()).await,
                Err(PublishError::Lost) => in_time(left, transport.connected()).await,
                Err(error @ PublishError::TooLarge { .. }) => {
                    return Err(CallError::TooLarge { detail: error.to_string() });
                }
                Err(error @ PublishError::BadSubject) => {
                    return Err(CallError::Send { detail: error.to_string() });
                }
            };
            now = Instant::now();
            left = until.saturating_duration_since(now);
            if waited.is_none() || left.is_zero() {
                return Err(CallError::lost());
            }
        }
    }
}

impl Answer<'_> {
    /// What a reply to the request says.
    pub(super) fn of(reply: Message, request: &Request) -> Self {
        if reply.headers.is_no_responders() {
            return Self::NoResponders;
        }
        Self::Reply(match request.options.wire {
            Some(wire) => wire.unwrap(reply),
            None => reply,
        })
    }
}

impl Out<'_> {
    /// Nobody is told when it is given up: somebody waits for its outcome in another way, or has it.
    pub(super) fn keep(&mut self) {
        self.answered = true;
    }

    /// Its reply may come until then.
    pub(super) fn extend(&mut self, until: Instant) {
        self.ticket.extend(until);
    }

    /// The reply, if it has come. Wakes the task when it comes later.
    pub(super) fn poll_reply(&mut self, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        let reply = ready!(Pin::new(&mut self.ticket).poll(cx)).ok();
        self.answered |= reply.is_some();
        Poll::Ready(reply)
    }
}

impl Drop for Out<'_> {
    fn drop(&mut self) {
        if self.answered {
            return;
        }
        let subject = self.connection.namespace().cancel_subject(self.service);
        let reply_to = self.ticket.subject();
        // If there is no room for it now, the service goes on until the deadline, as it would without it.
        let _sent_or_not = self
            .transport
            .publish(&Outgoing::plain(&subject, reply_to.as_str().as_bytes()), FlushMode::Batched);
    }
}

/// What is waited for may take long; as a rule it is there, and no timer is needed.
pub(crate) async fn in_time<T>(patience: Duration, sending: impl Future<Output = T>) -> Option<T> {
    let mut sending = std::pin::pin!(sending);
    match sending.as_mut().now_or_never() {
        Some(sent) => Some(sent),
        None => tokio::time::timeout(patience, sending).await.ok(),
    }
}

fn headers(route: &Route, request: &Request, left: Duration) -> Headers {
    let mut headers = Headers::with_capacity(HEADERS);
    headers.insert(header::TRACEPARENT, request.trace.as_str());
    headers.insert(header::TIMEOUT_MS, itoa::Buffer::new().format(left.as_millis().max(1)));
    // Where a call may come twice, it has an id; for others, its place in the trace is one.
    if let Some(id) = &request.id {
        headers.insert(header::REQUEST_ID, id);
    } else if request.options.idempotent || matches!(route.target, Target::Owner(..)) {
        headers.insert(header::REQUEST_ID, request.trace.message_id());
    }
    if request.options.body_codec() != crate::Codec::Json {
        headers.insert(header::CONTENT_TYPE, request.options.body_codec().content_type());
    }
    if let Some((inbox, credit)) = &request.stream {
        headers.insert(header::STREAM, inbox);
        headers.insert(header::STREAM_CREDIT, &credit.to_string());
    }
    headers
}

/// Whether the reply says so.
pub(super) fn has_code(reply: &Message, wanted: ErrorCode) -> bool {
    code_of(reply) == Some(wanted)
}

pub(super) fn code_of(reply: &Message) -> Option<ErrorCode> {
    ErrorCode::parse(reply.headers.get(header::ERROR_CODE)?)
}
