//! One call from its message to its reply: admission, deadline, guard, handler, guard, reply.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aegis_domain::wire::{header, subject};
use aegis_domain::{ErrorCode, GroupName, InstanceName, MethodName};
use async_nats::HeaderMap;
use bytes::Bytes;
use tokio::sync::{Semaphore, watch};
use uuid::Uuid;

use super::handler::{Call, Fault, Handler};
use super::replies::{Arrival, Outcome, Replies};
use super::stats::Stats;
use crate::leadership::{Guard, Permit};

/// How long a call waits for its group before it is refused. A group that passes on has two owners
/// subscribed for a moment, who both get the call: the answer of the one that takes it is to come first.
const REFUSE_AFTER: Duration = Duration::from_millis(2);
/// How much longer it waits while the group is on its way to another.
const HAND_OVER: Duration = Duration::from_millis(8);
/// When it is worth to try again after a refusal: with a new owner that may still be subscribing, and
/// while nobody knows of one.
const SUCCESSOR_KNOWN_MS: u64 = 1;
const SUCCESSOR_UNKNOWN_MS: u64 = 10;

/// How a call came.
#[derive(Debug, Clone)]
pub(crate) enum Way {
    /// To any instance, or to this very one.
    Balanced,
    /// To the owner of the group.
    Group(GroupName),
    /// To the owner of a group that was given up here.
    Left(GroupName),
}

/// A call that may be handled.
struct Admitted {
    handler: Handler,
    tenancy: Option<(GroupName, Permit)>,
}

/// Everything that calls share.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    pub(crate) client: async_nats::Client,
    pub(crate) me: InstanceName,
    pub(crate) balanced: HashMap<MethodName, Handler>,
    pub(crate) exclusive: HashMap<MethodName, Handler>,
    pub(crate) guard: Guard,
    pub(crate) stats: Arc<Stats>,
    pub(crate) places: Arc<Semaphore>,
    pub(crate) max_waiting: u64,
    pub(super) replies: Replies,
}

impl Dispatcher {
    /// Takes a message; the reply follows on its own task.
    pub(crate) fn take(self: &Arc<Self>, message: async_nats::Message, way: Way) {
        let Some(reply_to) = message.reply.clone() else {
            tracing::debug!(subject = %message.subject, "a call without a reply subject was ignored");
            return;
        };
        let dispatcher = Arc::clone(self);
        // One that is here already takes no second place, however full it is.
        if let Some(outcome) = self.again(&message, &way) {
            tokio::spawn(async move {
                let (headers, outcome) = first_outcome(outcome).await;
                dispatcher.answer(reply_to, headers, outcome).await;
            });
            return;
        }
        if self.stats.queued() >= self.max_waiting {
            self.stats.refuse();
            // A refusal ends the call, which its owner may have too: only the owner may refuse it.
            let (headers, outcome) = match &way {
                Way::Left(group) => self.not_active(group),
                Way::Group(group) if self.guard.admit(group).is_none() => self.not_active(group),
                Way::Balanced | Way::Group(_) => {
                    let text = "too many calls are waiting: slow down and try again";
                    (HeaderMap::new(), Err(Fault::of(ErrorCode::Overloaded, text)))
                }
            };
            tokio::spawn(async move { dispatcher.answer(reply_to, headers, outcome).await });
            return;
        }
        self.stats.queue();
        tokio::spawn(async move {
            let received = Instant::now();
            let _place = dispatcher.places.acquire().await;
            dispatcher.stats.begin();
            let admitted = dispatcher.admit(&message, way).await;
            let (headers, outcome) = match &admitted {
                Ok(admitted) => dispatcher.handle(message, admitted, received).await,
                Err(refusal) => refusal.clone(),
            };
            let (took, failed) = (received.elapsed(), outcome.is_err());
            dispatcher.answer(reply_to, headers, outcome).await;
            // A group is handed over once its calls are answered.
            drop(admitted);
            // After the reply: a stop that waits for calls in flight must not overtake it.
            dispatcher.stats.end(took, failed);
        });
    }

    /// The outcome of the same call, if it came here before.
    fn again(&self, message: &async_nats::Message, way: &Way) -> Option<watch::Receiver<Option<Outcome>>> {
        let Way::Group(group) = way else { return None };
        let id = message.headers.as_ref()?.get(header::REQUEST_ID)?;
        self.replies.find(group, id.as_str())
    }

    async fn handle(&self, message: async_nats::Message, admitted: &Admitted, received: Instant) -> Outcome {
        let handler = admitted.handler.clone();
        let tenancy = admitted.tenancy.as_ref().map(|(group, permit)| (group.clone(), permit.term()));
        let get = |name| Some(message.headers.as_ref()?.get(name)?.as_str());
        let timeout = get(header::TIMEOUT_MS).and_then(|ms| ms.parse().ok()).map(Duration::from_millis);
        if timeout.is_some_and(|timeout| received.elapsed() >= timeout) {
            let text = "the call waited here until its caller had given up";
            return (HeaderMap::new(), Err(Fault::of(ErrorCode::DeadlineExceeded, text)));
        }
        let request_id = get(header::REQUEST_ID).map(str::to_owned);
        let call = Call {
            request_id: request_id.clone().unwrap_or_else(|| Uuid::new_v4().to_string()),
            deadline: timeout.and_then(|timeout| received.checked_add(timeout)),
            tenancy: tenancy.clone(),
            traceparent: get(header::TRACEPARENT).map(str::to_owned),
        };
        let (Some((group, _)), Some(request_id)) = (&tenancy, &request_id) else {
            return self.work(handler, call, message).await;
        };
        match self.replies.arrive(group, request_id) {
            Arrival::First(turn) => {
                let outcome = self.work(handler, call, message).await;
                turn.end(outcome.clone());
                outcome
            }
            Arrival::Again(outcome) => first_outcome(outcome).await,
        }
    }

    /// Runs the handler, and looks at the guard again before its reply goes out.
    async fn work(&self, handler: Handler, call: Call, message: async_nats::Message) -> Outcome {
        let mut reply = HeaderMap::new();
        let tenancy = call.tenancy.clone();
        // A task of its own, so that a panic ends the call and not the service.
        let work = tokio::spawn(handler.call(call, message.payload));
        let outcome = work.await.unwrap_or_else(|error| {
            tracing::error!(%error, subject = %message.subject, "a handler panicked");
            Err(Fault::of(
                ErrorCode::HandlerFailed,
                "the handler panicked; the service's log has the details",
            ))
        });
        if let Some((group, term)) = tenancy {
            if !self.guard.still_holds(&group, term) {
                // NOTE: not NOT_ACTIVE, which promises that nothing was done and invites a retry.
                return (reply, Err(unknown("the instance lost the group while it handled the call")));
            }
            reply.insert(header::GROUP, group.as_str());
            reply.insert(header::TERM, term.to_string());
        }
        (reply, outcome)
    }

    async fn admit(&self, message: &async_nats::Message, way: Way) -> Result<Admitted, Outcome> {
        let (methods, group) = match &way {
            Way::Balanced => (&self.balanced, None),
            Way::Group(group) | Way::Left(group) => (&self.exclusive, Some(group)),
        };
        let method = subject::method_of(&message.subject);
        let handler = method.as_ref().and_then(|method| methods.get(method)).ok_or_else(|| {
            let text = format!("nothing is served on {}", message.subject);
            (HeaderMap::new(), Err(Fault::of(ErrorCode::MethodNotFound, text)))
        })?;
        let tenancy = match group {
            None => None,
            Some(group) => {
                let permit = self.enter(&way, group).await.ok_or_else(|| self.not_active(group))?;
                Some((group.clone(), permit))
            }
        };
        Ok(Admitted { handler: handler.clone(), tenancy })
    }

    /// Leave to act for the group, if it comes within a moment.
    async fn enter(&self, way: &Way, group: &GroupName) -> Option<Permit> {
        let until = tokio::time::Instant::now() + REFUSE_AFTER;
        if matches!(way, Way::Left(_)) {
            tokio::time::sleep_until(until).await;
            return None;
        }
        let held_until = until + HAND_OVER;
        let mut changes = self.guard.changes();
        let mut was_leaving = false;
        loop {
            changes.mark_unchanged();
            if let Some(permit) = self.guard.enter(group) {
                return Some(permit);
            }
            // A call that came before the successor has subscribed is nobody else's: it is told where to go as
            // soon as that is known.
            let leaving = self.guard.is_leaving(group);
            if was_leaving && !leaving {
                return None;
            }
            was_leaving = leaving;
            let until = if leaving { held_until } else { until };
            tokio::time::timeout_at(until, changes.changed()).await.ok()?.ok()?;
        }
    }

    /// The refusal for want of ownership, with what this instance knows of the owner.
    fn not_active(&self, group: &GroupName) -> Outcome {
        let mut headers = HeaderMap::new();
        headers.insert(header::GROUP, group.as_str());
        let owner = self.guard.owner_of(group).filter(|owner| owner.instance != self.me);
        let retry_after = if owner.is_some() { SUCCESSOR_KNOWN_MS } else { SUCCESSOR_UNKNOWN_MS };
        headers.insert(header::RETRY_AFTER_MS, retry_after.to_string());
        let text = match owner {
            Some(owner) => {
                headers.insert(header::OWNER, owner.instance.as_str());
                headers.insert(header::TERM, owner.term.to_string());
                format!("this instance does not own {group}: {} does, in term {}", owner.instance, owner.term)
            }
            None => format!("this instance does not own {group} now"),
        };
        (headers, Err(Fault::of(ErrorCode::NotActive, text)))
    }

    async fn answer(&self, to: async_nats::Subject, mut headers: HeaderMap, outcome: Result<Bytes, Fault>) {
        let body = outcome.unwrap_or_else(|fault| {
            headers.insert(header::ERROR, one_line(&fault.message).as_str());
            headers.insert(header::ERROR_CODE, one_line(&fault.code).as_str());
            Bytes::new()
        });
        let sent = if headers.is_empty() {
            self.client.publish(to, body).await
        } else {
            self.client.publish_with_headers(to, headers, body).await
        };
        if let Err(error) = sent {
            tracing::warn!(%error, "a reply could not be sent");
        }
    }
}

/// What became of a call that was here before.
async fn first_outcome(mut outcome: watch::Receiver<Option<Outcome>>) -> Outcome {
    let outcome = outcome.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
    outcome.unwrap_or_else(|| (HeaderMap::new(), Err(unknown("the first handling of this call was cut off"))))
}

fn unknown(what: &str) -> Fault {
    Fault::of(ErrorCode::OutcomeUnknown, format!("{what}: look before repeating it"))
}

/// A header is one line.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
