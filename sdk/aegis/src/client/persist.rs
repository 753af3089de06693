//! Calls that do not succeed at the first send: which are sent again, and which error the others end with.

use std::time::Instant;

use aegis_domain::ErrorCode;

use super::attempt::{Answer, Request, code_of, has_code};
use super::race::Race;
use super::route::Route;
use super::wait::Wait;
use super::{CallError, Client};
use crate::resilience::Pass;
use aegis_nats::transport::Message;

impl Client {
    /// Sends the request until there is an answer that ends the call. What is sent again because nothing was heard is
    /// paid for by the pass, if there is one.
    pub(super) async fn exchange(
        &self,
        route: &Route,
        request: &Request,
        pass: Option<&Pass>,
        begun: Instant,
    ) -> Result<Message, CallError> {
        if request.options.timeout.is_zero() {
            return Err(CallError::late());
        }
        let changes = route.owner_changes();
        let first = self.send(route, request, begun, request.options.timeout).await;
        match first {
            Answer::Reply(reply) if code_of(&reply).is_none() => Ok(reply),
            // Boxed, so that the futures of callers stay small.
            first @ (Answer::Reply(_) | Answer::NoResponders | Answer::NotSent(_) | Answer::Silence(_)) => {
                Box::pin(self.persist(route, request, pass, (begun, changes), first)).await
            }
        }
    }

    async fn persist<'a>(
        &'a self,
        route: &'a Route,
        request: &'a Request,
        pass: Option<&Pass>,
        (begun, changes): (Instant, u64),
        first: Answer<'a>,
    ) -> Result<Message, CallError> {
        let (timeout, idempotent) = (request.options.timeout, request.options.idempotent);
        let subject = || route.subject.to_string();
        let left = || timeout.saturating_sub(begun.elapsed());
        let mut wait = Wait::new(&self.shared.connection, &request.lane, route, changes);
        let mut race = Race::new(&route.target, begun + timeout);
        let mut taken = false;
        let mut answer = first;
        loop {
            let is_silent = matches!(answer, Answer::Silence(_));
            let waited = match answer {
                Answer::Silence(out) if !idempotent => {
                    taken = true;
                    race.join(out);
                    // It is not sent again: its reply may come as long as the owner that has it may give one.
                    let lost = wait.owner_lost(left());
                    let Err(reply) = race.unless(lost).await else {
                        return Err(CallError::OutcomeUnknown { subject: subject(), after: begun.elapsed() });
                    };
                    Err(reply)
                }
                Answer::Silence(out) => {
                    taken = true;
                    race.join(out);
                    Ok(())
                }
                // Whoever says so has done nothing, but speaks for nobody else: while a group passes from one
                // owner to the next, both are subscribed and both get the call.
                Answer::Reply(reply) if has_code(&reply, ErrorCode::NotActive) => {
                    taken = true;
                    wait.refused(&reply);
                    race.unless(wait.pass(left())).await
                }
                Answer::Reply(reply) if idempotent && has_code(&reply, ErrorCode::OutcomeUnknown) => {
                    taken = true;
                    race.unless(wait.pass(left())).await
                }
                // Likewise, what this send has not done an earlier one may have.
                Answer::Reply(reply) if taken && code_of(&reply).is_some_and(ErrorCode::is_retryable) => {
                    race.unless(wait.pass(left())).await
                }
                // It came too late for its deadline, as its service had to assume: nothing was done, and there is time.
                Answer::Reply(reply)
                    if !taken && has_code(&reply, ErrorCode::DeadlineExceeded) && !left().is_zero() =>
                {
                    race.unless(wait.pass(left())).await
                }
                Answer::Reply(reply) => {
                    race.end();
                    return Ok(reply);
                }
                Answer::NoResponders if request.options.once && !taken => {
                    return Err(CallError::NoResponders { subject: subject(), after: begun.elapsed() });
                }
                Answer::NoResponders => match race.unless(wait.activate(left())).await {
                    Ok(Some(refusal)) if !taken => return Err(refusal),
                    Ok(Some(_) | None) => race.unless(wait.pass(left())).await,
                    Err(reply) => Err(reply),
                },
                Answer::NotSent(_) if taken => {
                    return Err(CallError::OutcomeUnknown { subject: subject(), after: begun.elapsed() });
                }
                Answer::NotSent(error) => return Err(error),
            };
            if let Err(reply) = waited {
                answer = Answer::of(reply, request);
                continue;
            }
            if left().is_zero() {
                let (subject, after) = (subject(), timeout);
                return Err(match wait.owner() {
                    _ if taken => CallError::OutcomeUnknown { subject, after },
                    Some(owner) => CallError::NotActive { subject, after, owner },
                    None => CallError::NoResponders { subject, after },
                });
            }
            answer = if race.is_empty() {
                self.send(route, request, Instant::now(), left()).await
            } else {
                let next = self.again(route, request, pass, &mut race, &mut wait, is_silent).await;
                next.ok_or_else(|| CallError::OutcomeUnknown { subject: subject(), after: timeout })?
            };
        }
    }

    /// Sends it again, and again, until something is heard of any that is out; nothing when the time is over.
    async fn again<'a>(
        &'a self,
        route: &'a Route,
        request: &'a Request,
        pass: Option<&Pass>,
        race: &mut Race<'a>,
        wait: &mut Wait<'_>,
        mut is_silent: bool,
    ) -> Option<Answer<'a>> {
        loop {
            let now = Instant::now();
            let left = race.left(now)?;
            let pause = if race.is_free() || !is_silent || pass.is_none_or(Pass::may_repeat) {
                match self.put(route, request, (now, left), left).await {
                    Ok(out) => race.join(out),
                    Err(error) => return Some(Answer::NotSent(error)),
                }
                race.pause().min(left)
            } else {
                left
            };
            match race.unless(wait.silence(pause)).await {
                Err(reply) => return Some(Answer::of(reply, request)),
                Ok(true) => race.owner_changed(),
                Ok(false) => is_silent = true,
            }
        }
    }
}
