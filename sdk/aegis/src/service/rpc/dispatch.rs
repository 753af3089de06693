//! One call from its message to its reply: admission, execution, response.

use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use aegis_domain::wire::header;
use aegis_domain::{Failure, GroupName, Term};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::admission::{Admission, STOPPED, TOO_MANY, Tenancy};
use super::call::Handle;
use super::execution::{Execution, LeftCall, Running, late};
use super::gates::{Gates, Inside};
use super::handler::Yield;
use super::job::Job;
use super::replies::{Arrival, Replies, first_outcome};
use super::response::{Outcome, Responder, outcome_unknown};
use super::routes::{Routes, Way};
use super::stream::{Opened, Streams};
use super::turns::Waiting;
use crate::Connection;
use crate::stats::Stats;
use aegis_leases::leadership::Guard;
use aegis_nats::transport::{Headers, Message};

/// Takes calls and answers each.
#[derive(Debug)]
pub(in crate::service) struct Dispatcher {
    handle: Arc<Handle>,
    routes: Routes,
    admission: Admission,
    /// Of a service that keeps a state for each group.
    gates: Option<Arc<Gates>>,
    execution: Execution,
    /// Those of exclusive calls, for copies that come later.
    replies: Replies,
    streams: Streams,
    responder: Responder,
}

/// What a service takes at most.
#[derive(Debug, Clone, Copy)]
pub(in crate::service) struct Limits {
    /// So many calls are handled at once, so many wait, and so many streams run beside them.
    pub(in crate::service) in_flight: u64,
    /// The most bytes that parameters or a reply may have.
    pub(in crate::service) max_payload: usize,
}

/// What a handler's work has come to.
enum Settled {
    Reply(Outcome),
    /// A stream that has yet to begin.
    Stream(Box<Opened>),
}

impl Settled {
    /// What the caller is answered, whichever copy of the call it sent.
    fn outcome(&self) -> Outcome {
        match self {
            Self::Reply(outcome) => outcome.clone(),
            Self::Stream(opened) => opened.reply(),
        }
    }
}

impl Dispatcher {
    pub(in crate::service) fn new(
        handle: Arc<Handle>,
        routes: Routes,
        guard: Guard,
        gates: Option<Arc<Gates>>,
        stats: Arc<Stats>,
        limits: Limits,
    ) -> Self {
        let responder = Responder::new(handle.connection.clone(), limits.max_payload);
        Self {
            routes,
            admission: Admission::new(handle.instance.clone(), guard.clone(), stats, limits.in_flight),
            gates,
            execution: Execution::new(Arc::clone(&handle)),
            replies: Replies::default(),
            streams: Streams::new(handle.connection.clone(), guard, responder.clone(), limits.in_flight),
            responder,
            handle,
        }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.handle.connection
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    pub(super) fn routes(&self) -> &Routes {
        &self.routes
    }

    pub(super) fn guard(&self) -> &Guard {
        self.admission.guard()
    }

    /// Ends the streams, which would have no end of their own.
    pub(super) fn stopping(&self) -> &CancellationToken {
        self.streams.stopping()
    }

    /// Waits for no handler any more: callers of those at work are told that the outcome is not known.
    pub(super) fn leave_calls(&self) {
        self.execution.leave();
    }

    /// The calls that were left behind.
    pub(super) fn left_calls(&self) -> Vec<LeftCall> {
        self.execution.left()
    }

    /// A caller has given up the call that it sent with this reply subject.
    pub(super) fn cancel(&self, reply_to: &[u8]) {
        self.execution.cancels().hear(reply_to);
    }

    /// Takes a message. A handler that is known to give way soon is begun here; the others, and what remains of
    /// it, run on a task of their own.
    pub(super) fn take(self: &Arc<Self>, message: Message, way: Way) {
        let namespace = self.connection().namespace();
        if message.reply.as_ref().is_none_or(|reply| namespace.is_reserved(reply)) {
            tracing::debug!(subject = %message.subject, "a call that cannot be answered was ignored");
            return;
        }
        let job = match Job::read(&self.routes, &self.handle, self.responder.max_payload(), message, way) {
            Ok(job) => job,
            Err(refused) => {
                self.admission.refused();
                let dispatcher = Arc::clone(self);
                tokio::spawn(async move {
                    let outcome = (Headers::default(), Err(refused.failure));
                    dispatcher.responder.answer(&refused.reply_to, &refused.form, outcome).await;
                });
                return;
            }
        };
        // One that is here already takes no second place, however full it is.
        if let Some(outcome) = self.again(&job) {
            let dispatcher = Arc::clone(self);
            let place = self.admission.try_copy();
            tokio::spawn(async move {
                let until = if place.is_some() { dispatcher.copy_waits_until(&job) } else { Instant::now() };
                let outcome = first_outcome(outcome, until).await;
                dispatcher.responder.answer(&job.reply_to, &job.form, outcome).await;
            });
        } else if self.admission.is_full() {
            self.admission.refused();
            let (dispatcher, outcome) = (Arc::clone(self), self.admission.overloaded(&job.way, TOO_MANY));
            tokio::spawn(async move { dispatcher.responder.answer(&job.reply_to, &job.form, outcome).await });
        } else if job.may_begin_here() && self.admission.try_begin() {
            self.begin_here(job);
        } else {
            self.admission.queue();
            let waiting = self.admission.enter_turns(&job);
            tokio::spawn(Arc::clone(self).run(job.by_itself(), waiting));
        }
    }

    fn begin_here(self: &Arc<Self>, job: Job) {
        job.method.meter.begin();
        let mut running = self.execution.start(&job, None);
        let first = running.poll_once();
        let took = job.received.elapsed();
        job.method.pace.note(took);
        match first {
            Poll::Ready(Ok(Yield::One(body))) => {
                if self.responder.try_send(&job.reply_to, &job.form, &body) {
                    self.admission.release_place();
                    self.end(&job, took, None);
                } else {
                    let dispatcher = Arc::clone(self);
                    let settled = Settled::Reply((Headers::default(), Ok(body)));
                    tokio::spawn(async move { dispatcher.conclude(job, None, settled).await });
                }
            }
            Poll::Ready(outcome) => {
                let (dispatcher, settled) = (Arc::clone(self), self.settle(&job, None, outcome));
                let job = job.by_itself();
                tokio::spawn(async move { dispatcher.conclude(job, None, settled).await });
            }
            Poll::Pending => {
                tokio::spawn(Arc::clone(self).finish(job.by_itself(), running));
            }
        }
    }

    /// The rest of a call that was begun where it arrived.
    async fn finish(self: Arc<Self>, job: Job, running: Running) {
        let outcome = self.execution.finish(&job, running).await;
        let settled = self.settle(&job, None, outcome);
        self.conclude(job, None, settled).await;
    }

    /// A whole call.
    async fn run(self: Arc<Self>, job: Job, waiting: Option<Waiting>) {
        // Held until the reply is on its way.
        let turn = self.admission.turn(&job.way, waiting).await;
        self.admission.begin().await;
        job.method.meter.begin();
        let admitted = match turn {
            Ok(_) => self.admission.admit(&job.way).await,
            Err(ref refusal) => Err(refusal.clone()),
        };
        match admitted {
            Ok(tenancy) => {
                // Held until the reply is on its way: a group that is used is not idle.
                let inside = match (&self.gates, &tenancy) {
                    (Some(gates), Some((group, permit))) => {
                        self.enter(gates, &job, group, permit.term()).await.map(Some)
                    }
                    (Some(_), None) | (None, _) => Ok(None),
                };
                let settled = match inside {
                    Ok(_) => self.once(&job, &tenancy).await,
                    Err(ref failure) => Settled::Reply((Headers::default(), Err(failure.clone()))),
                };
                self.conclude(job, tenancy, settled).await;
            }
            Err(refusal) => self.conclude(job, None, Settled::Reply(refusal)).await,
        }
    }

    /// Waits for the state of the group, for as long as the caller does, and without a place among the calls that are handled.
    async fn enter(
        &self,
        gates: &Gates,
        job: &Job,
        group: &GroupName,
        term: Term,
    ) -> Result<Inside, Failure> {
        if let Some(entered) = gates.try_enter(group, term) {
            return entered;
        }
        self.admission.release_place();
        let until = self.copy_waits_until(job);
        let entered = tokio::time::timeout_at(until.into(), gates.enter(group, term)).await;
        self.admission.take_place().await;
        entered.unwrap_or_else(|_elapsed| Err(late()))
    }

    /// Handles the call, unless it comes too late or was handled already.
    async fn once(&self, job: &Job, tenancy: &Tenancy) -> Settled {
        if job.is_late() {
            return Settled::Reply((Headers::default(), Err(late())));
        }
        if self.execution.has_left() {
            return Settled::Reply(self.admission.overloaded(&job.way, STOPPED));
        }
        let (Some((group, _)), Some(request_id)) = (tenancy, job.asked.request_id.clone()) else {
            return self.execute(job, tenancy).await;
        };
        match self.replies.arrive(group, &request_id) {
            Arrival::First(handling) => {
                let settled = self.execute(job, tenancy).await;
                handling.end(settled.outcome());
                settled
            }
            Arrival::Again(outcome) => {
                Settled::Reply(first_outcome(outcome, self.copy_waits_until(job)).await)
            }
        }
    }

    /// Until when a copy of a call waits for the outcome of the first: as long as its caller does.
    fn copy_waits_until(&self, job: &Job) -> Instant {
        job.deadline().unwrap_or_else(|| job.received + self.connection().options().call_timeout)
    }

    async fn execute(&self, job: &Job, tenancy: &Tenancy) -> Settled {
        let outcome = self.execution.run(job, tenancy.as_ref()).await;
        self.settle(job, tenancy.as_ref().map(|(group, permit)| (group, permit.term())), outcome)
    }

    /// Looks at the guard again before the reply goes out.
    fn settle(
        &self,
        job: &Job,
        tenancy: Option<(&GroupName, Term)>,
        outcome: Result<Yield, Failure>,
    ) -> Settled {
        let mut headers = Headers::default();
        if let Some((group, term)) = tenancy {
            if !self.admission.still_holds(group, term) {
                // NOTE: not NOT_ACTIVE, which promises that nothing was done and invites a retry.
                let failure = outcome_unknown("the instance lost the group while it handled the call");
                return Settled::Reply((headers, Err(failure)));
            }
            headers.insert(header::GROUP, group.as_str());
            headers.insert(header::TERM, &term.to_string());
        }
        match outcome {
            Ok(Yield::One(body)) => Settled::Reply((headers, Ok(body))),
            Ok(Yield::Many(many)) => match self.streams.open(job, headers, many) {
                Ok(opened) => Settled::Stream(Box::new(opened)),
                Err(refusal) => Settled::Reply(refusal),
            },
            Err(failure) => Settled::Reply((headers, Err(job.for_caller(failure)))),
        }
    }

    /// Sends the reply, then counts the call as ended: a stop that waits for calls in flight must not overtake
    /// it. Only then may its group be handed over.
    async fn conclude(&self, job: Job, tenancy: Tenancy, settled: Settled) {
        let failed = match settled {
            Settled::Reply(outcome) => {
                let failed = outcome.1.as_ref().err().cloned();
                let unsendable = self.responder.answer(&job.reply_to, &job.form, outcome).await;
                self.admission.release_place();
                failed.or(unsendable)
            }
            Settled::Stream(opened) => {
                self.admission.release_place();
                self.streams.send(&job, tenancy.as_ref(), *opened).await
            }
        };
        drop(tenancy);
        self.end(&job, job.received.elapsed(), failed.as_ref());
    }

    fn end(&self, job: &Job, took: Duration, failed: Option<&Failure>) {
        let failed = failed.map(|failure| (failure.code.as_str(), failure.message.as_str()));
        job.method.meter.end(took, failed);
        let ended = job.ended(&self.handle.service, took, failed.map(|(code, _)| code));
        self.connection().telemetry().spans.end(&job.step, ended);
        self.admission.end();
    }

    /// The outcome of the same call, if it came here before.
    fn again(&self, job: &Job) -> Option<watch::Receiver<Option<Outcome>>> {
        let Way::Group(group) = &job.way else { return None };
        self.replies.find(group, job.asked.request_id.as_deref()?)
    }
}
