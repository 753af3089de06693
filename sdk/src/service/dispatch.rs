//! One call from its message to its reply: admission, deadline, guard, handler, guard, reply.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aegis_domain::wire::{header, subject};
use aegis_domain::{ErrorCode, GroupName, MethodName};
use async_nats::HeaderMap;
use bytes::Bytes;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::handler::{Call, Fault, Handler};
use super::replies::{Arrival, Outcome, Replies};
use super::stats::Stats;
use crate::leadership::Guard;

/// Everything that calls share.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    pub(crate) client: async_nats::Client,
    pub(crate) balanced: HashMap<MethodName, Handler>,
    pub(crate) exclusive: HashMap<MethodName, Handler>,
    pub(crate) guard: Guard,
    pub(crate) stats: Arc<Stats>,
    pub(crate) places: Arc<Semaphore>,
    pub(crate) max_waiting: u64,
    pub(super) replies: Replies,
}

impl Dispatcher {
    /// Takes a message; the reply follows on its own task. `group` is that of an exclusive subject.
    pub(crate) fn take(self: &Arc<Self>, message: async_nats::Message, group: Option<GroupName>) {
        let Some(reply_to) = message.reply.clone() else {
            tracing::debug!(subject = %message.subject, "a call without a reply subject was ignored");
            return;
        };
        let dispatcher = Arc::clone(self);
        if self.stats.queued() >= self.max_waiting {
            self.stats.refuse();
            let fault =
                Fault::of(ErrorCode::Overloaded, "too many calls are waiting: slow down and try again");
            tokio::spawn(async move { dispatcher.answer(reply_to, HeaderMap::new(), Err(fault)).await });
            return;
        }
        self.stats.queue();
        tokio::spawn(async move {
            let received = Instant::now();
            let _place = dispatcher.places.acquire().await;
            dispatcher.stats.begin();
            let (headers, outcome) = dispatcher.handle(message, group, received).await;
            let (took, failed) = (received.elapsed(), outcome.is_err());
            dispatcher.answer(reply_to, headers, outcome).await;
            // After the reply: a stop that waits for calls in flight must not overtake it.
            dispatcher.stats.end(took, failed);
        });
    }

    async fn handle(
        &self,
        message: async_nats::Message,
        group: Option<GroupName>,
        received: Instant,
    ) -> Outcome {
        let (handler, tenancy) = match self.admit(&message, group) {
            Ok(admitted) => admitted,
            Err(fault) => return (HeaderMap::new(), Err(fault)),
        };
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
            Arrival::Again(mut outcome) => match outcome.wait_for(Option::is_some).await.as_deref() {
                Ok(Some(outcome)) => outcome.clone(),
                Ok(None) | Err(_) => {
                    (HeaderMap::new(), Err(unknown("the first handling of this call was cut off")))
                }
            },
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

    fn admit(
        &self,
        message: &async_nats::Message,
        group: Option<GroupName>,
    ) -> Result<(Handler, Option<(GroupName, aegis_domain::Term)>), Fault> {
        let methods = if group.is_some() { &self.exclusive } else { &self.balanced };
        let method = subject::method_of(&message.subject);
        let handler = method.as_ref().and_then(|method| methods.get(method)).ok_or_else(|| {
            Fault::of(ErrorCode::MethodNotFound, format!("nothing is served on {}", message.subject))
        })?;
        let tenancy = match group {
            None => None,
            Some(group) => {
                let term = self.guard.admit(&group).ok_or_else(|| {
                    Fault::of(ErrorCode::NotActive, format!("this instance does not own {group} now"))
                })?;
                Some((group, term))
            }
        };
        Ok((handler.clone(), tenancy))
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

fn unknown(what: &str) -> Fault {
    Fault::of(ErrorCode::OutcomeUnknown, format!("{what}: look before repeating it"))
}

/// A header is one line.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
