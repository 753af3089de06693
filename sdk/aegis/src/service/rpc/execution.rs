//! Running handlers: within the caller's time, and so that a panic ends the call and not the service.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use aegis_domain::{ErrorCode, Failure, GroupName};
use futures_util::FutureExt as _;
use tracing::Span;

use super::call::Handle;
use super::cancel::Cancels;
use super::handler::{Many, Work, Yield};
use super::job::Job;
use super::response::outcome_unknown;
use aegis_leases::leadership::Permit;

/// Runs the handlers of a service.
#[derive(Debug)]
pub(super) struct Execution {
    handle: Arc<Handle>,
    cancels: Arc<Cancels>,
    left: Mutex<Vec<LeftCall>>,
}

/// A call whose handler had not ended when the instance stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftCall {
    /// Its method.
    pub method: String,
    /// The group that it was for.
    pub group: Option<GroupName>,
    /// The id of the request.
    pub request_id: String,
}

/// A handler at work, whose panic is a failure.
pub(super) struct Running {
    work: Work,
    span: Span,
}

impl Execution {
    pub(super) fn new(handle: Arc<Handle>) -> Self {
        Self { handle, cancels: Arc::default(), left: Mutex::default() }
    }

    /// Where cancellations of calls are announced.
    pub(super) fn cancels(&self) -> &Arc<Cancels> {
        &self.cancels
    }

    /// Calls the service's function.
    pub(super) fn start(&self, job: &Job, tenancy: Option<&(GroupName, Permit)>) -> Running {
        let span =
            tracing::info_span!("call", method = %job.method.name, trace_id = %job.step.trace.trace_id());
        let tenancy = tenancy.map(|(group, permit)| (group.clone(), permit.term()));
        let call = job.call(&self.handle, tenancy);
        let (handler, form, body) = (&job.method.served.handler, job.form.clone(), job.body.clone());
        let work = catch_unwind(AssertUnwindSafe(|| handler.call(call, form, body)));
        let work = work.unwrap_or_else(|_panic| Box::pin(std::future::ready(Err(panicked()))));
        Running { work, span }
    }

    /// The whole work on a call.
    pub(super) async fn run(
        &self,
        job: &Job,
        tenancy: Option<&(GroupName, Permit)>,
    ) -> Result<Yield, Failure> {
        let begun = Instant::now();
        let mut running = self.start(job, tenancy);
        let first = std::future::poll_fn(|cx| Poll::Ready(running.poll_unpin(cx))).await;
        job.method.pace.note(begun.elapsed());
        match first {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => self.finish(job, running).await,
        }
    }

    /// The rest of a call that was begun. Its caller can cancel it from now on, and the instance leave it behind: then the
    /// handler is dropped.
    pub(super) async fn finish(&self, job: &Job, mut running: Running) -> Result<Yield, Failure> {
        let _entry = self.cancels.enter(&job.reply_to, &job.cancel);
        std::future::poll_fn(|cx| {
            if job.cancel.poll_left(cx) {
                Poll::Ready(Err(self.leave_behind(job)))
            } else {
                running.poll_unpin(cx)
            }
        })
        .await
    }

    /// Waits for no handler any more.
    pub(super) fn leave(&self) {
        self.cancels.leave();
    }

    /// Whether no handler is begun any more.
    pub(super) fn has_left(&self) -> bool {
        self.cancels.has_left()
    }

    /// The calls that were left behind.
    pub(super) fn left(&self) -> Vec<LeftCall> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn leave_behind(&self, job: &Job) -> Failure {
        let call = LeftCall {
            method: job.method.name.to_string(),
            group: job.way.group().cloned(),
            request_id: job.id(),
        };
        self.left.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        outcome_unknown("the instance stopped before the handler had ended")
    }
}

impl Running {
    /// Begins, with nothing to wake: its owner polls it again.
    pub(super) fn poll_once(&mut self) -> Poll<Result<Yield, Failure>> {
        self.poll_unpin(&mut Context::from_waker(Waker::noop()))
    }
}

impl Future for Running {
    type Output = Result<Yield, Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { work, span } = &mut *self;
        let _entered = span.enter();
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)));
        polled.unwrap_or_else(|_panic| Poll::Ready(Err(panicked())))
    }
}

/// The next message of a stream; a panic is a failure, and the last one.
pub(super) async fn next(many: &mut Many, span: &Span) -> Option<Result<bytes::Bytes, Failure>> {
    std::future::poll_fn(|cx| {
        let _entered = span.enter();
        let polled = catch_unwind(AssertUnwindSafe(|| many.as_mut().poll_next(cx)));
        polled.unwrap_or_else(|_panic| Poll::Ready(Some(Err(panicked()))))
    })
    .await
}

/// What the caller of a call gets that waited here for too long.
pub(super) fn late() -> Failure {
    Failure::of(ErrorCode::DeadlineExceeded, "the call waited here until its caller had given up")
}

fn panicked() -> Failure {
    tracing::error!("a handler panicked");
    Failure::of(ErrorCode::HandlerFailed, "the handler panicked; the service's log has the details")
}
