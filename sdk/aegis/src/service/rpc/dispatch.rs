//! One call from its message to its reply: admission, deadline, guard, handler, guard, reply.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aegis_domain::wire::header;
use aegis_domain::{ErrorCode, GroupName};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tracing::Span;

use super::admit::Tenancy;
use super::call::Handle;
use super::cancel::Cancels;
use super::handler::{Work, Yield};
use super::job::{COPIED, Job};
use super::method::Method;
use super::replies::{Arrival, Outcome, Replies};
use super::run::{self, Caught};
use super::stream::Opened;
use crate::service::stats::Stats;
use aegis_domain::Fault;
use aegis_leases::leadership::Guard;
use aegis_nats::transport::{Headers, Message};

/// How a call came.
#[derive(Debug, Clone)]
pub(super) enum Way {
    /// To any instance, or to this very one.
    Balanced,
    /// To the owner of the group.
    Group(GroupName),
    /// To the owner of a group that was given up here.
    Left(GroupName),
}

/// Everything that calls share.
#[derive(Debug)]
pub(in crate::service) struct Dispatcher {
    pub(in crate::service) handle: Arc<Handle>,
    pub(in crate::service) balanced: HashMap<String, Arc<Method>>,
    pub(in crate::service) exclusive: HashMap<String, Arc<Method>>,
    /// The group that calls of the Python SDK mean, which name none: of a service that has one alone.
    pub(in crate::service) only_group: Option<GroupName>,
    pub(in crate::service) guard: Guard,
    pub(in crate::service) stats: Arc<Stats>,
    pub(in crate::service) places: Semaphore,
    pub(in crate::service) streams: Arc<Semaphore>,
    /// For copies of calls that wait for the outcome of the first.
    pub(in crate::service) copies: Arc<Semaphore>,
    pub(in crate::service) max_waiting: u64,
    /// The most bytes that parameters or a reply may have.
    pub(in crate::service) max_payload: usize,
    /// Ends the streams.
    pub(in crate::service) stopping: CancellationToken,
    pub(in crate::service) kept: Kept,
}

/// What calls leave behind for a while.
#[derive(Debug, Default)]
pub(in crate::service) struct Kept {
    pub(super) replies: Replies,
    pub(super) cancels: Arc<Cancels>,
}

/// What a handler's work has come to.
pub(super) enum Settled {
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
    /// The method that is served under this name.
    pub(super) fn find(&self, name: &str, way: &Way) -> Option<&Arc<Method>> {
        match way {
            Way::Balanced => self.balanced.get(name),
            Way::Group(_) | Way::Left(_) => self.exclusive.get(name),
        }
    }

    /// The exclusive method that is served under this name, and the group that it is meant for.
    pub(super) fn find_exclusive(&self, name: &str) -> Option<(&Arc<Method>, GroupName)> {
        Some((self.exclusive.get(name)?, self.only_group.clone()?))
    }

    /// Takes a message. A handler that is known to give way soon is begun here; the others, and what remains of
    /// it, run on a task of their own.
    pub(super) fn take(self: &Arc<Self>, message: Message, way: Way) {
        let namespace = self.handle.connection.namespace();
        if message.reply.as_ref().is_none_or(|reply| namespace.is_reserved(reply)) {
            tracing::debug!(subject = %message.subject, "a call that cannot be answered was ignored");
            return;
        }
        let job = match Job::read(self, message, way) {
            Ok(job) => job,
            Err(refused) => {
                self.stats.refuse();
                let dispatcher = Arc::clone(self);
                tokio::spawn(async move {
                    let outcome = (Headers::default(), Err(refused.fault));
                    dispatcher.answer(&refused.reply_to, &refused.form, outcome).await;
                });
                return;
            }
        };
        // One that is here already takes no second place, however full it is.
        if let Some(outcome) = self.again(&job) {
            let dispatcher = Arc::clone(self);
            let place = Arc::clone(&self.copies).try_acquire_owned().ok();
            tokio::spawn(async move {
                let until = if place.is_some() { dispatcher.copy_waits_until(&job) } else { Instant::now() };
                let outcome = first_outcome(outcome, until).await;
                dispatcher.answer(&job.reply_to, &job.form, outcome).await;
            });
        } else if self.stats.queued() >= self.max_waiting {
            self.stats.refuse();
            let (dispatcher, outcome) = (Arc::clone(self), self.overloaded(&job.way));
            tokio::spawn(async move { dispatcher.answer(&job.reply_to, &job.form, outcome).await });
        } else if self.takes_here(&job) {
            self.begin_here(job);
        } else {
            self.stats.queue();
            tokio::spawn(Arc::clone(self).run(job.by_itself()));
        }
    }

    /// Whether the call is begun where it arrives. It has a place then.
    fn takes_here(&self, job: &Job) -> bool {
        matches!(job.way, Way::Balanced)
            && job.method.pace.is_quick()
            && job.body.len() < COPIED
            && self.stats.queued() == 0
            && !job.is_late()
            && self.places.try_acquire().map(tokio::sync::SemaphorePermit::forget).is_ok()
    }

    fn begin_here(self: &Arc<Self>, job: Job) {
        self.stats.begin();
        job.method.meter.begin();
        let span = run::span(&job);
        let mut work = run::start(self, &job, None);
        let first = run::poll_once(&mut work, &span);
        let took = job.received.elapsed();
        job.method.pace.note(took);
        match first {
            Some(Ok(Yield::One(body))) => match run::try_send(self, &job, &body) {
                true => {
                    self.places.add_permits(1);
                    self.end(&job, took, None);
                }
                false => {
                    let dispatcher = Arc::clone(self);
                    let settled = Settled::Reply((Headers::default(), Ok(body)));
                    tokio::spawn(async move { dispatcher.conclude(job, None, settled).await });
                }
            },
            Some(outcome) => {
                let (dispatcher, settled) = (Arc::clone(self), self.settle(&job, None, outcome));
                let job = job.by_itself();
                tokio::spawn(async move { dispatcher.conclude(job, None, settled).await });
            }
            None => {
                tokio::spawn(Arc::clone(self).go_on(job.by_itself(), work, span));
            }
        }
    }

    /// The rest of a call that was begun where it arrived.
    async fn go_on(self: Arc<Self>, job: Job, mut work: Work, span: Span) {
        let outcome = {
            let _entry = self.kept.cancels.enter(&job.reply_to, &job.cancel);
            Caught { work: &mut work, span: &span }.await
        };
        let settled = self.settle(&job, None, outcome);
        self.conclude(job, None, settled).await;
    }

    /// A whole call.
    async fn run(self: Arc<Self>, job: Job) {
        if let Ok(place) = self.places.acquire().await {
            place.forget();
        }
        self.stats.begin();
        self.stats.leave_queue();
        job.method.meter.begin();
        match self.admit(&job.way).await {
            Ok(tenancy) => {
                let settled = self.handle(&job, &tenancy).await;
                self.conclude(job, tenancy, settled).await;
            }
            Err(refusal) => self.conclude(job, None, Settled::Reply(refusal)).await,
        }
    }

    async fn handle(self: &Arc<Self>, job: &Job, tenancy: &Tenancy) -> Settled {
        if job.is_late() {
            let text = "the call waited here until its caller had given up";
            let fault = Fault::of(ErrorCode::DeadlineExceeded, text);
            return Settled::Reply((Headers::default(), Err(fault)));
        }
        let (Some((group, _)), Some(request_id)) = (tenancy, job.asked.request_id.clone()) else {
            return self.work(job, tenancy).await;
        };
        match self.kept.replies.arrive(group, &request_id) {
            Arrival::First(turn) => {
                let settled = self.work(job, tenancy).await;
                turn.end(settled.outcome());
                settled
            }
            Arrival::Again(outcome) => {
                Settled::Reply(first_outcome(outcome, self.copy_waits_until(job)).await)
            }
        }
    }

    /// Until when a copy of a call waits for the outcome of the first: as long as its caller does.
    fn copy_waits_until(&self, job: &Job) -> Instant {
        job.deadline().unwrap_or_else(|| job.received + self.handle.connection.options().call_timeout)
    }

    async fn work(self: &Arc<Self>, job: &Job, tenancy: &Tenancy) -> Settled {
        let span = run::span(job);
        let begun = Instant::now();
        let mut work = run::start(self, job, tenancy.as_ref());
        let first = std::future::poll_fn(|cx| std::task::Poll::Ready(run::poll(&mut work, &span, cx))).await;
        job.method.pace.note(begun.elapsed());
        let outcome = match first {
            std::task::Poll::Ready(outcome) => outcome,
            std::task::Poll::Pending => {
                let _entry = self.kept.cancels.enter(&job.reply_to, &job.cancel);
                Caught { work: &mut work, span: &span }.await
            }
        };
        self.settle(job, tenancy.as_ref().map(|(group, permit)| (group, permit.term())), outcome)
    }

    /// Looks at the guard again before the reply goes out.
    fn settle(
        &self,
        job: &Job,
        tenancy: Option<(&GroupName, aegis_domain::Term)>,
        outcome: Result<Yield, Fault>,
    ) -> Settled {
        let mut headers = Headers::default();
        if let Some((group, term)) = tenancy {
            if !self.guard.still_holds(group, term) {
                // NOTE: not NOT_ACTIVE, which promises that nothing was done and invites a retry.
                let fault = unknown("the instance lost the group while it handled the call");
                return Settled::Reply((headers, Err(fault)));
            }
            headers.insert(header::GROUP, group.as_str());
            headers.insert(header::TERM, &term.to_string());
        }
        match outcome {
            Ok(Yield::One(body)) => Settled::Reply((headers, Ok(body))),
            Ok(Yield::Many(many)) => self.open(job, headers, many),
            Err(fault) => Settled::Reply((headers, Err(self.told(job, fault)))),
        }
    }

    /// The fault of a handler as its caller gets it.
    pub(super) fn told(&self, job: &Job, fault: Fault) -> Fault {
        let (what, id) = (job.method.name.as_str(), job.id());
        let (fault, internal) = fault.for_caller(&id);
        if let Some(error) = internal {
            tracing::error!(what, request_id = %id, %error, "a handler failed");
        }
        fault
    }

    /// Sends the reply, then counts the call as ended: a stop that waits for calls in flight must not overtake
    /// it. Only then may its group be handed over.
    async fn conclude(self: Arc<Self>, job: Job, tenancy: Tenancy, settled: Settled) {
        let failed = match settled {
            Settled::Reply(outcome) => {
                let failed = outcome.1.as_ref().err().cloned();
                let unsendable = self.answer(&job.reply_to, &job.form, outcome).await;
                self.places.add_permits(1);
                failed.or(unsendable)
            }
            Settled::Stream(opened) => {
                self.places.add_permits(1);
                self.stream(&job, tenancy.as_ref(), *opened).await
            }
        };
        drop(tenancy);
        self.end(&job, job.received.elapsed(), failed.as_ref());
    }

    fn end(&self, job: &Job, took: Duration, failed: Option<&Fault>) {
        let failed = failed.map(|fault| (fault.code.as_str(), fault.message.as_str()));
        job.method.meter.end(took, failed);
        self.handle
            .connection
            .telemetry()
            .spans
            .end(&job.step, job.ended(self, took, failed.map(|(code, _)| code)));
        self.stats.end();
    }

    /// The outcome of the same call, if it came here before.
    fn again(&self, job: &Job) -> Option<watch::Receiver<Option<Outcome>>> {
        let Way::Group(group) = &job.way else { return None };
        self.kept.replies.find(group, job.asked.request_id.as_deref()?)
    }
}

/// What became of a call that was here before, if that is known by then.
async fn first_outcome(mut outcome: watch::Receiver<Option<Outcome>>, until: Instant) -> Outcome {
    let what = match tokio::time::timeout_at(until.into(), outcome.wait_for(Option::is_some)).await {
        Ok(Ok(outcome)) => match outcome.clone() {
            Some(outcome) => return outcome,
            None => "the first handling of this call has no outcome",
        },
        Ok(Err(_dropped)) => "the first handling of this call was cut off",
        Err(_elapsed) => "the first handling of this call goes on",
    };
    (Headers::default(), Err(unknown(what)))
}

fn unknown(what: &str) -> Fault {
    Fault::of(ErrorCode::OutcomeUnknown, format!("{what}: look before repeating it"))
}
