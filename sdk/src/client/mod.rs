//! Calling services.

mod error;
mod target;
mod wait;

use std::time::Instant;

use aegis_domain::wire::header;
use aegis_domain::{ErrorCode, MethodName, Term};
use async_nats::{HeaderMap, Message, RequestErrorKind};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

pub use error::CallError;
pub use target::{CallOptions, Target};

use crate::Connection;
use wait::Wait;

/// A reply, and who gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply<T> {
    /// What the handler returned.
    pub body: T,
    /// For exclusive methods: the term of the owner that answered.
    pub term: Option<Term>,
}

/// A client. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    connection: Connection,
}

impl Client {
    /// A client on this connection.
    #[must_use]
    pub fn new(connection: &Connection) -> Self {
        Self { connection: connection.clone() }
    }

    /// Calls a method and waits for its reply until the time of `options` has passed; a [`Duration`] will
    /// do for them.
    ///
    /// While nobody takes the call (no instance runs, or a group is between two owners) it is sent
    /// again, since then nothing has happened: as soon as the owner of the group changes, and after a
    /// short wait. A group that nobody owns is activated, where the service takes groups on demand. Once
    /// somebody may have taken the call, it is repeated only if it is idempotent.
    ///
    /// # Errors
    /// See [`CallError`]; each says whether anything has happened.
    ///
    /// # Cancel safety
    /// Not cancel-safe: a dropped future leaves it open whether the call happened.
    pub async fn call<Req, Res>(
        &self,
        target: &Target,
        method: &str,
        request: &Req,
        options: impl Into<CallOptions> + Send,
    ) -> Result<Reply<Res>, CallError>
    where
        Req: Serialize + Sync,
        Res: DeserializeOwned,
    {
        let begun = Instant::now();
        let subject = target.subject(&MethodName::new(method)?);
        let body = serde_json::to_vec(request).map_err(|e| CallError::Encode { detail: e.to_string() })?;
        // Boxed, so that the futures of callers stay small.
        let reply = Box::pin(self.exchange(target, &subject, body.into(), options.into())).await?;
        if has_code(&reply, ErrorCode::OutcomeUnknown) {
            return Err(CallError::OutcomeUnknown { subject, after: begun.elapsed() });
        }
        if let Some(error) = CallError::of(&reply) {
            return Err(error);
        }
        let body = serde_json::from_slice(&reply.payload)
            .map_err(|e| CallError::Decode { detail: e.to_string() })?;
        let term = reply.headers.as_ref().and_then(|headers| headers.get(header::TERM));
        Ok(Reply { body, term: term.and_then(|term| term.as_str().parse().ok()).map(Term) })
    }

    async fn exchange(
        &self,
        target: &Target,
        subject: &str,
        body: Bytes,
        options: CallOptions,
    ) -> Result<Message, CallError> {
        let CallOptions { timeout, idempotent } = options;
        let begun = Instant::now();
        let request_id = Uuid::new_v4().to_string();
        let mut wait = Wait::new(&self.connection, target);
        let mut taken = false;
        loop {
            let left = timeout.saturating_sub(begun.elapsed());
            if left.is_zero() {
                let (subject, after) = (subject.to_owned(), timeout);
                return Err(match wait.owner() {
                    _ if taken => CallError::OutcomeUnknown { subject, after },
                    Some(owner) => CallError::NotActive { subject, after, owner },
                    None => CallError::NoResponders { subject, after },
                });
            }
            let patience = if idempotent { left.min(target.resend_after()) } else { left };
            let mut headers = HeaderMap::new();
            headers.insert(header::REQUEST_ID, request_id.as_str());
            headers.insert(header::TIMEOUT_MS, left.as_millis().max(1).to_string());
            // NOTE: not the client's own timeout, which begins only when its queue has had room.
            let request = async_nats::Request::new().payload(body.clone()).headers(headers).timeout(None);
            let sent = self.connection.next_client().send_request(subject.to_owned(), request);
            let Ok(answer) = tokio::time::timeout(patience, sent).await else {
                taken = true;
                if idempotent {
                    continue;
                }
                return Err(CallError::OutcomeUnknown { subject: subject.to_owned(), after: timeout });
            };
            match answer {
                // Whoever says so has done nothing, but speaks for nobody else: while a group passes from one
                // owner to the next, both are subscribed and both get the call.
                Ok(reply) if has_code(&reply, ErrorCode::NotActive) => {
                    taken = true;
                    wait.refused(&reply);
                }
                Ok(reply) if idempotent && has_code(&reply, ErrorCode::OutcomeUnknown) => taken = true,
                // Likewise, what this send has not done an earlier one may have.
                Ok(reply) if taken && code_of(&reply).is_some_and(ErrorCode::is_retryable) => {}
                Ok(reply) => return Ok(reply),
                Err(error) => match error.kind() {
                    RequestErrorKind::NoResponders => match wait.activate(left).await {
                        Some(refusal) if !taken => return Err(refusal),
                        Some(_) | None => {}
                    },
                    RequestErrorKind::TimedOut
                    | RequestErrorKind::InvalidSubject
                    | RequestErrorKind::MaxPayloadExceeded
                    | RequestErrorKind::Other => {
                        let (subject, after) = (subject.to_owned(), begun.elapsed());
                        return Err(match taken {
                            true => CallError::OutcomeUnknown { subject, after },
                            false => CallError::Send { detail: error.to_string() },
                        });
                    }
                },
            }
            wait.pass(timeout.saturating_sub(begun.elapsed())).await;
        }
    }
}

fn has_code(reply: &Message, wanted: ErrorCode) -> bool {
    code_of(reply) == Some(wanted)
}

fn code_of(reply: &Message) -> Option<ErrorCode> {
    ErrorCode::parse(reply.headers.as_ref()?.get(header::ERROR_CODE)?.as_str())
}
