//! A call as it arrives: what its message says, read once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aegis_domain::wire::{TraceParent, header};
use aegis_domain::{ErrorCode, Failure, GroupName, ServiceName, Term};
use async_nats::Subject;
use bytes::Bytes;

use super::call::{Call, Cancel, Handle};
use super::form::Form;
use super::method::{Kind, Method};
use super::routes::{Routes, Way};
use crate::legacy::Envelope;
use crate::otel::{Ended, Side, Step};
use aegis_messaging::codec::Codec;
use aegis_nats::transport::{Headers, Message, Transport as _};

/// Parameters of more bytes are most of what was read with them.
const COPIED: usize = 16 << 10;

/// A call that can be handled.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) method: Arc<Method>,
    pub(super) way: Way,
    pub(super) reply_to: Subject,
    pub(super) received: Instant,
    /// When it was sent at the latest: before `received`, when it may have waited in the socket.
    sent_by: Instant,
    pub(super) form: Form,
    pub(super) body: Bytes,
    pub(super) asked: Asked,
    pub(super) step: Step,
    pub(super) cancel: Arc<Cancel>,
}

/// What the headers ask for.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) request_id: Option<Box<str>>,
    timeout: Option<Duration>,
    trace: Option<TraceParent>,
    codec: Codec,
    /// A codec that is not known here.
    other_codec: Option<Box<str>>,
    pub(super) stream: Option<Ask>,
    /// Whether any header is one of ours: then the message is native.
    native: bool,
}

/// A stream that the caller is ready for.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) inbox: Subject,
    pub(super) credit: u64,
}

/// A call that cannot be handled, and how to say so.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) reply_to: Subject,
    pub(super) form: Form,
    pub(super) failure: Failure,
}

impl Job {
    pub(super) fn read(
        routes: &Routes,
        handle: &Handle,
        max_payload: usize,
        message: Message,
        way: Way,
    ) -> Result<Self, Box<Refused>> {
        let received = Instant::now();
        let sent_by = handle.connection.serving().sent_by(received);
        let Message { subject, reply, payload: body, headers } = message;
        let reply_to = reply.unwrap_or_else(|| Subject::from_static(""));
        let asked = Asked::read(&headers);
        let mut form = Form::Native(asked.codec);
        let found = find(routes, &subject, &body, &asked, &mut form, way);
        match found.and_then(|found| check(handle, &body, &asked, max_payload).map(|()| found)) {
            Ok((method, way)) => {
                let step = handle.connection.telemetry().spans.serve(asked.trace.as_ref());
                let cancel = Arc::default();
                Ok(Self { method, way, reply_to, received, sent_by, form, body, asked, step, cancel })
            }
            Err(failure) => Err(Box::new(Refused { reply_to, form, failure })),
        }
    }

    /// Whether the handler is short enough to be begun where the call arrives.
    pub(super) fn may_begin_here(&self) -> bool {
        matches!(self.way, Way::Balanced)
            && self.method.pace.is_quick()
            && self.body.len() < COPIED
            && !self.is_late()
    }

    /// The same call, which may take long: it does not hold on to all that was read from the socket with it.
    pub(super) fn by_itself(mut self) -> Self {
        if self.body.len() < COPIED {
            self.body = Bytes::copy_from_slice(&self.body);
        }
        self.reply_to = Subject::from(self.reply_to.as_str());
        self
    }

    /// Until when the caller waits, counted from the sending.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let timeout = match &self.form {
            Form::Native(_) => self.asked.timeout,
            Form::Legacy(call) => Duration::try_from_secs_f64(call.timeout()).ok(),
        };
        timeout.and_then(|timeout| self.sent_by.checked_add(timeout))
    }

    /// Whether the caller may have given up already.
    pub(super) fn is_late(&self) -> bool {
        self.deadline().is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// The id under which the log has it: that of the caller, or its place in the trace.
    pub(super) fn id(&self) -> String {
        match (&self.form, &self.asked.request_id) {
            (Form::Legacy(call), _) => call.id().to_owned(),
            (Form::Native(_), Some(id)) => header::text(id, 128),
            (Form::Native(_), None) => self.step.trace.trace_id().to_string(),
        }
    }

    /// What the handler gets.
    pub(super) fn call(&self, handle: &Arc<Handle>, tenancy: Option<(GroupName, Term)>) -> Call {
        let request_id = match &self.form {
            Form::Native(_) => {
                // What is recorded has an id of its own, and the request that of its caller.
                let sent = self.asked.trace.as_ref().filter(|_| self.step.recorded);
                self.asked.request_id.clone().or_else(|| sent.map(|sent| sent.message_id().into()))
            }
            Form::Legacy(call) => Some(call.id().into()),
        };
        Call {
            deadline: self.deadline(),
            tenancy,
            request_id,
            trace: self.step.trace,
            cancel: Arc::clone(&self.cancel),
            handle: Arc::clone(handle),
        }
    }

    /// The failure of a handler as the caller gets it; what is for operators alone goes to the log.
    pub(super) fn for_caller(&self, failure: Failure) -> Failure {
        let (what, id) = (self.method.name.as_str(), self.id());
        let (failure, internal) = failure.for_others(&id);
        if let Some(error) = internal {
            tracing::warn!(what, request_id = %id, %error, "a handler failed");
        }
        failure
    }

    /// How it has ended.
    pub(super) fn ended<'a>(
        &'a self,
        service: &'a ServiceName,
        took: Duration,
        failed: Option<&'a str>,
    ) -> Ended<'a> {
        let group = self.way.group();
        let method = &self.method.name;
        Ended { side: Side::Server, service, method, group, begun: self.received, took, failed }
    }
}

/// The method that the call is for, how it came, and in which form.
fn find(
    routes: &Routes,
    subject: &str,
    body: &[u8],
    asked: &Asked,
    form: &mut Form,
    mut way: Way,
) -> Result<(Arc<Method>, Way), Failure> {
    let name = subject.rsplit('.').next().unwrap_or_default();
    let mut found = routes.find(name, &way);
    if !asked.native
        && let Some(envelope) = Envelope::around(body)
    {
        // The Python SDK calls exclusive methods where it calls the others.
        if found.is_none()
            && let Some((method, group)) = routes.find_exclusive(name)
        {
            (found, way) = (Some(method), Way::Group(group));
        }
        let exclusive = found.is_some_and(|method| method.served.kind == Kind::Exclusive);
        *form = Form::legacy(envelope, body, exclusive)?;
    }
    let method = found
        .ok_or_else(|| Failure::of(ErrorCode::MethodNotFound, format!("nothing is served on {subject}")))?;
    Ok((Arc::clone(method), way))
}

/// Whether what is asked for can be done.
fn check(handle: &Handle, body: &[u8], asked: &Asked, max_payload: usize) -> Result<(), Failure> {
    if let Some(other) = &asked.other_codec {
        let text = format!("the content type {other:?} is not known here: use JSON or MessagePack");
        return Err(Failure::of(ErrorCode::InvalidInput, text));
    }
    let namespace = handle.connection.namespace();
    if asked.stream.as_ref().is_some_and(|ask| namespace.is_reserved(&ask.inbox)) {
        return Err(Failure::of(ErrorCode::InvalidInput, "no stream goes to a subject of the installation"));
    }
    let size = body.len();
    if size > max_payload {
        let text = format!("the parameters are {size} bytes, and the service takes {max_payload} at most");
        return Err(Failure::of(ErrorCode::PayloadTooLarge, text));
    }
    Ok(())
}

impl Asked {
    fn read(headers: &Headers) -> Self {
        let mut asked = Self::default();
        let mut stream = (None, 0);
        // One pass, rather than a look-up for each: there are few.
        for (name, value) in headers.iter() {
            match name {
                header::TRACEPARENT => asked.trace = TraceParent::parse(value),
                header::TIMEOUT_MS => asked.timeout = value.parse().ok().map(Duration::from_millis),
                header::REQUEST_ID => asked.request_id = Some(value.into()),
                header::CONTENT_TYPE => match Codec::of_content_type(value) {
                    Some(codec) => asked.codec = codec,
                    None => asked.other_codec = Some(value.into()),
                },
                header::STREAM => stream.0 = Some(Subject::from(value)),
                header::STREAM_CREDIT => stream.1 = value.parse().unwrap_or_default(),
                _ => continue,
            }
            asked.native = true;
        }
        if let (Some(inbox), credit) = stream {
            asked.stream = Some(Ask { inbox, credit });
        }
        asked
    }
}
