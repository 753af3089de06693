//! One send of a call, and what came of it.

use std::time::{Duration, Instant};

use aegis_domain::wire::{TraceParent, header};
use aegis_domain::{ErrorCode, ServiceName};
use async_nats::client::PublishErrorKind;
use async_nats::header::HeaderName;
use async_nats::{HeaderMap, Message, StatusCode};
use bytes::Bytes;
use futures_util::FutureExt as _;

use super::legacy;
use super::route::Route;
use super::{CallError, CallOptions, Client, Target};
use crate::Connection;
use crate::nats::inbox::Ticket;

const TRACEPARENT: HeaderName = HeaderName::from_static(header::TRACEPARENT);
const TIMEOUT_MS: HeaderName = HeaderName::from_static(header::TIMEOUT_MS);
const REQUEST_ID: HeaderName = HeaderName::from_static(header::REQUEST_ID);
const CONTENT_TYPE: HeaderName = HeaderName::from_static(header::CONTENT_TYPE);

/// What is sent, once or several times.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) body: Bytes,
    pub(super) trace: TraceParent,
    pub(super) options: CallOptions,
    /// Of a call for a stream: its inbox, and how many messages it takes at first.
    pub(super) stream: Option<(String, u64)>,
}

/// What came of one send.
#[derive(Debug)]
pub(super) enum Answer {
    Reply(Message),
    /// Nobody is subscribed, so nothing was done.
    Nobody,
    /// It was not sent.
    Unsent(CallError),
    /// It was sent, and no reply came in time.
    Silence,
}

/// A call that is out. Unless its reply has come, dropping it tells the service that nobody waits any more.
struct Out<'a> {
    ticket: Ticket,
    connection: &'a Connection,
    service: &'a ServiceName,
    answered: bool,
}

impl Client {
    /// Sends the request once, with so much time left from now on, and waits for the reply.
    pub(super) async fn send(
        &self,
        route: &Route,
        request: &Request,
        now: Instant,
        left: Duration,
    ) -> Answer {
        let patience = request.options.patience(&route.target, left);
        let connection = &self.shared.connection;
        let (client, inbox) = match in_time(patience, connection.next_lane()).await {
            Some(Ok(lane)) => lane,
            Some(Err(error)) => return Answer::Unsent(CallError::Send { detail: error.to_string() }),
            None => return Answer::Silence,
        };
        let ticket = inbox.ticket(now + patience);
        let mut out = Out { ticket, connection, service: route.target.service(), answered: true };
        let (to, inbox, body) = (route.subject.clone(), out.ticket.subject().clone(), request.body.clone());
        let sending = async {
            if request.options.legacy {
                client.publish_with_reply(to, inbox, body).await
            } else {
                let headers = headers(route, request, left);
                client.publish_with_reply_and_headers(to, inbox, headers, body).await
            }
        };
        let Some(sent) = in_time(patience, sending).await else { return Answer::Silence };
        if let Err(error) = sent {
            return Answer::Unsent(match error.kind() {
                PublishErrorKind::MaxPayloadExceeded => CallError::TooLarge { detail: error.to_string() },
                PublishErrorKind::InvalidSubject | PublishErrorKind::Send => {
                    CallError::Send { detail: error.to_string() }
                }
            });
        }
        out.answered = false;
        let Ok(reply) = (&mut out.ticket).await else { return Answer::Silence };
        out.answered = true;
        if reply.status == Some(StatusCode::NO_RESPONDERS) {
            return Answer::Nobody;
        }
        Answer::Reply(if request.options.legacy { legacy::unwrap(reply) } else { reply })
    }
}

impl Drop for Out<'_> {
    fn drop(&mut self) {
        if self.answered {
            return;
        }
        let subject = self.connection.namespace().cancel_subject(self.service);
        let reply_to = Bytes::copy_from_slice(self.ticket.subject().as_bytes());
        // If there is no room for it now, the service goes on until the deadline, as it would without it.
        let _sent_or_not = self.connection.client().publish(subject, reply_to).now_or_never();
    }
}

/// There may be no room in the queue of the connection for a long time; as a rule there is, and no timer is needed.
async fn in_time<T>(patience: Duration, sending: impl Future<Output = T>) -> Option<T> {
    let mut sending = std::pin::pin!(sending);
    match sending.as_mut().now_or_never() {
        Some(sent) => Some(sent),
        None => tokio::time::timeout(patience, sending).await.ok(),
    }
}

fn headers(route: &Route, request: &Request, left: Duration) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(TRACEPARENT, request.trace.as_str());
    headers.insert(TIMEOUT_MS, left.as_millis().max(1).to_string());
    // Where a call may come twice, it has an id; for others, its place in the trace is one.
    if request.options.idempotent || matches!(route.target, Target::Owner(..)) {
        headers.insert(REQUEST_ID, request.trace.message_id());
    }
    if request.options.codec != crate::Codec::Json {
        headers.insert(CONTENT_TYPE, request.options.codec.content_type());
    }
    if let Some((inbox, credit)) = &request.stream {
        headers.insert(header::STREAM, inbox.as_str());
        headers.insert(header::STREAM_CREDIT, credit.to_string());
    }
    headers
}

/// Whether the reply says so.
pub(super) fn has_code(reply: &Message, wanted: ErrorCode) -> bool {
    code_of(reply) == Some(wanted)
}

pub(super) fn code_of(reply: &Message) -> Option<ErrorCode> {
    ErrorCode::parse(reply.headers.as_ref()?.get(header::ERROR_CODE)?.as_str())
}
