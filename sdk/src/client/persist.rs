//! Calls that do not succeed at once: which are sent again, and what may be said of the others.

use std::time::Instant;

use aegis_domain::ErrorCode;

use super::attempt::{Answer, Out, Request, code_of, has_code};
use super::route::Route;
use super::wait::Wait;
use super::{CallError, Client, Target};
use crate::nats::link::Message;

impl Client {
    /// Sends the request until there is an answer that ends the call.
    pub(super) async fn exchange(
        &self,
        route: &Route,
        request: &Request,
        begun: Instant,
    ) -> Result<Message, CallError> {
        let first = self.send(route, request, begun, request.options.timeout).await;
        match first {
            Answer::Reply(reply) if code_of(&reply).is_none() => Ok(reply),
            // Boxed, so that the futures of callers stay small.
            first @ (Answer::Reply(_) | Answer::Nobody | Answer::Unsent(_) | Answer::Silence(_)) => {
                Box::pin(self.persist(route, request, begun, first)).await
            }
        }
    }

    async fn persist(
        &self,
        route: &Route,
        request: &Request,
        begun: Instant,
        first: Answer<'_>,
    ) -> Result<Message, CallError> {
        let (timeout, idempotent) = (request.options.timeout, request.options.idempotent);
        let subject = || route.subject.to_string();
        let mut wait = Wait::new(&self.shared.connection, &request.lane, &route.target);
        // Dropping it tells the owner that nobody waits any more.
        let mut held: Option<Out<'_>> = None;
        let mut taken = false;
        let mut answer = first;
        loop {
            match answer {
                Answer::Silence(out) => {
                    taken = true;
                    if !idempotent {
                        return Err(CallError::OutcomeUnknown { subject: subject(), after: timeout });
                    }
                    // An owner that has it goes on with it: the next send only asks again, and the first is what it
                    // knows the call by. Another instance may be the better one, and this one is told to stop.
                    if matches!(route.target, Target::Owner(..)) {
                        match held {
                            None => held = Some(out),
                            Some(_) => out.keep(),
                        }
                    }
                }
                // Whoever says so has done nothing, but speaks for nobody else: while a group passes from one
                // owner to the next, both are subscribed and both get the call.
                Answer::Reply(reply) if has_code(&reply, ErrorCode::NotActive) => {
                    taken = true;
                    wait.refused(&reply);
                    wait.pass(timeout.saturating_sub(begun.elapsed())).await;
                }
                Answer::Reply(reply) if idempotent && has_code(&reply, ErrorCode::OutcomeUnknown) => {
                    taken = true;
                    wait.pass(timeout.saturating_sub(begun.elapsed())).await;
                }
                // Likewise, what this send has not done an earlier one may have.
                Answer::Reply(reply) if taken && code_of(&reply).is_some_and(ErrorCode::is_retryable) => {
                    wait.pass(timeout.saturating_sub(begun.elapsed())).await;
                }
                Answer::Reply(reply) => {
                    held.into_iter().for_each(Out::keep);
                    return Ok(reply);
                }
                Answer::Nobody if request.options.once && !taken => {
                    return Err(CallError::NoResponders { subject: subject(), after: begun.elapsed() });
                }
                Answer::Nobody => {
                    match wait.activate(timeout.saturating_sub(begun.elapsed())).await {
                        Some(refusal) if !taken => return Err(refusal),
                        Some(_) | None => {}
                    }
                    wait.pass(timeout.saturating_sub(begun.elapsed())).await;
                }
                Answer::Unsent(_) if taken => {
                    return Err(CallError::OutcomeUnknown { subject: subject(), after: begun.elapsed() });
                }
                Answer::Unsent(error) => return Err(error),
            }
            let left = timeout.saturating_sub(begun.elapsed());
            if left.is_zero() {
                let (subject, after) = (subject(), timeout);
                return Err(match wait.owner() {
                    _ if taken => CallError::OutcomeUnknown { subject, after },
                    Some(owner) => CallError::NotActive { subject, after, owner },
                    None => CallError::NoResponders { subject, after },
                });
            }
            answer = self.send(route, request, Instant::now(), left).await;
        }
    }
}
