//! Running a handler, whose panic ends the call and not the service, and sending what it has made.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use aegis_domain::wire::header;
use aegis_domain::{ErrorCode, GroupName};
use async_nats::Subject;
use bytes::Bytes;
use tracing::Span;

use super::dispatch::Dispatcher;
use super::form::Form;
use super::handler::{Work, Yield};
use super::job::Job;
use super::replies::Outcome;
use aegis_domain::Fault;
use aegis_leases::leadership::Permit;
use aegis_nats::transport::{FlushMode, Headers, Outgoing, PublishError, Transport as _};

/// A handler at work, whose panic is a fault.
pub(super) struct Caught<'a> {
    pub(super) work: &'a mut Work,
    pub(super) span: &'a Span,
}

impl Future for Caught<'_> {
    type Output = Result<Yield, Fault>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { work, span } = &mut *self;
        poll(work, span, cx)
    }
}

/// The span around a handler: what it logs can be found by its trace.
pub(super) fn span(job: &Job) -> Span {
    tracing::info_span!("call", method = %job.method.name, trace_id = %job.step.trace.trace_id())
}

/// Calls the service's function.
pub(super) fn start(dispatcher: &Arc<Dispatcher>, job: &Job, tenancy: Option<&(GroupName, Permit)>) -> Work {
    let tenancy = tenancy.map(|(group, permit)| (group.clone(), permit.term()));
    let call = job.call(dispatcher, tenancy);
    let (handler, form, body) = (&job.method.served.handler, job.form.clone(), job.body.clone());
    let work = catch_unwind(AssertUnwindSafe(|| handler.call(call, form, body)));
    work.unwrap_or_else(|_panic| Box::pin(std::future::ready(Err(panicked()))))
}

pub(super) fn poll(work: &mut Work, span: &Span, cx: &mut Context<'_>) -> Poll<Result<Yield, Fault>> {
    let _entered = span.enter();
    let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)));
    polled.unwrap_or_else(|_panic| Poll::Ready(Err(panicked())))
}

/// Begins, with nobody to wake: whoever goes on with it polls it again.
pub(super) fn poll_once(work: &mut Work, span: &Span) -> Option<Result<Yield, Fault>> {
    match poll(work, span, &mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}

pub(super) fn panicked() -> Fault {
    tracing::error!("a handler panicked");
    Fault::of(ErrorCode::HandlerFailed, "the handler panicked; the service's log has the details")
}

/// Sends a reply that nothing stands in the way of, if there is room for it now.
pub(super) fn try_send(dispatcher: &Dispatcher, job: &Job, body: &Bytes) -> bool {
    if body.len() > dispatcher.max_payload || job.form.content_type().is_some() {
        return false;
    }
    let reply = Outgoing::plain(&job.reply_to, body);
    dispatcher.handle.connection.serving().publish(&reply, FlushMode::Batched).is_ok()
}

impl Dispatcher {
    /// Sends the outcome, or that it is too large to be sent, which it answers then.
    pub(super) async fn answer(&self, to: &Subject, form: &Form, outcome: Outcome) -> Option<Fault> {
        let (mut headers, outcome) = outcome;
        let has_happened = outcome.is_ok();
        let too_large = match &outcome {
            Ok(body) if body.len() > self.max_payload => Some(too_large(body.len(), self.max_payload)),
            Ok(_) | Err(_) => None,
        };
        let body = match outcome {
            Ok(_) if too_large.is_some() => Bytes::new(),
            Ok(body) => {
                if let Some(media_type) = form.content_type() {
                    headers.insert(header::CONTENT_TYPE, media_type);
                }
                body
            }
            Err(fault) => form.fail(&mut headers, &fault),
        };
        let fault = match too_large {
            Some(fault) => fault,
            None => match self.send(&Outgoing { headers: &headers, ..Outgoing::plain(to, &body) }).await? {
                PublishError::TooLarge { .. } if has_happened => too_large_of_server(body.len()),
                // Its headers and texts are bounded, so the server takes next to nothing.
                PublishError::TooLarge { .. } => return None,
                PublishError::BadSubject | PublishError::Full | PublishError::Lost => return None,
            },
        };
        let mut headers = Headers::default();
        let body = form.fail(&mut headers, &fault);
        self.send(&Outgoing { headers: &headers, ..Outgoing::plain(to, &body) }).await;
        Some(fault)
    }

    /// Sends it as soon as there is room for it.
    pub(super) async fn send(&self, message: &Outgoing<'_>) -> Option<PublishError> {
        let transport = self.handle.connection.serving();
        loop {
            match transport.publish(message, FlushMode::Batched) {
                Ok(()) => return None,
                Err(PublishError::Full) => transport.writable().await,
                Err(
                    error @ (PublishError::TooLarge { .. } | PublishError::BadSubject | PublishError::Lost),
                ) => {
                    tracing::warn!(%error, "a reply could not be sent");
                    return Some(error);
                }
            }
        }
    }
}

fn too_large(size: usize, most: usize) -> Fault {
    let text =
        format!("the reply is {size} bytes, and the service sends {most} at most; the call has happened");
    Fault::of(ErrorCode::PayloadTooLarge, text)
}

fn too_large_of_server(size: usize) -> Fault {
    let text = format!("the reply is {size} bytes, more than the NATS server takes; the call has happened");
    Fault::of(ErrorCode::PayloadTooLarge, text)
}
