//! Calling services.

use std::time::{Duration, Instant};

use aegis_domain::wire::{header, subject};
use aegis_domain::{ErrorCode, GroupName, InstanceName, InvalidName, MethodName, ServiceName, Term};
use async_nats::HeaderMap;
use async_nats::RequestErrorKind;
use bytes::Bytes;
use rand::Rng as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::Connection;

const RETRY_FIRST: Duration = Duration::from_millis(2);
const RETRY_MAX: Duration = Duration::from_millis(50);

/// How a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallOptions {
    timeout: Duration,
    idempotent: bool,
}

impl CallOptions {
    /// A call whose caller waits so long, retries and all.
    #[must_use]
    pub fn within(timeout: Duration) -> Self {
        Self { timeout, idempotent: false }
    }

    /// The call may happen twice without harm, so it is sent again, under the same request id, when no
    /// reply comes. An owner that has it already answers from the replies that it keeps; it can
    /// happen twice only when its first owner was lost after handling it.
    #[must_use]
    pub fn idempotent(self) -> Self {
        Self { idempotent: true, ..self }
    }
}

impl From<Duration> for CallOptions {
    fn from(timeout: Duration) -> Self {
        Self::within(timeout)
    }
}

/// Whom to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Any instance of the service.
    Any(ServiceName),
    /// The owner of the group, whoever that is when the call arrives.
    Owner(ServiceName, GroupName),
    /// This very instance.
    Instance(ServiceName, InstanceName),
}

impl Target {
    /// Any instance of this service.
    ///
    /// # Errors
    /// When the name breaks its rule.
    pub fn any(service: &str) -> Result<Self, InvalidName> {
        Ok(Self::Any(ServiceName::new(service)?))
    }

    /// The owner of this group.
    ///
    /// # Errors
    /// When a name breaks its rule.
    pub fn owner(service: &str, group: &str) -> Result<Self, InvalidName> {
        Ok(Self::Owner(ServiceName::new(service)?, GroupName::new(group)?))
    }

    /// How long an idempotent call waits for one reply before it is sent again. An owner that has it
    /// already does not begin anew, so there it costs little to ask soon and often.
    fn resend_after(&self) -> Duration {
        match self {
            Self::Owner(..) => Duration::from_millis(50),
            Self::Any(_) | Self::Instance(..) => Duration::from_millis(500),
        }
    }

    fn subject(&self, method: &MethodName) -> String {
        match self {
            Self::Any(service) => subject::rpc(service, method),
            Self::Owner(service, group) => subject::group_rpc(service, group, method),
            Self::Instance(service, instance) => subject::instance_rpc(service, instance, method),
        }
    }
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The method's name breaks its rule. Nothing was sent.
    #[error(transparent)]
    Method(#[from] InvalidName),
    /// Nobody took the call within the deadline, so nothing was done. Try again later.
    #[error("nobody served {subject} within {after:?}")]
    NoResponders {
        /// The subject.
        subject: String,
        /// How long was tried.
        after: Duration,
    },
    /// The call was taken, and no reply came in time, or the owner lost its group while it handled the
    /// call: it may or may not have happened. Look before repeating it.
    #[error("the outcome of a call to {subject} is unknown after {after:?}")]
    OutcomeUnknown {
        /// The subject.
        subject: String,
        /// How long was waited.
        after: Duration,
    },
    /// The service answered with an error.
    #[error("{code}: {message}")]
    Failed {
        /// A stable code: one of [`ErrorCode`], or the service's own.
        code: String,
        /// What went wrong, in the service's words.
        message: String,
    },
    /// The parameters cannot be written as JSON. Nothing was sent.
    #[error("the parameters cannot be encoded: {detail}")]
    Encode {
        /// Why.
        detail: String,
    },
    /// The reply is not what was expected. The call has happened.
    #[error("the reply cannot be read: {detail}")]
    Decode {
        /// Why.
        detail: String,
    },
    /// The call could not be sent.
    #[error("the call could not be sent: {detail}")]
    Send {
        /// Why.
        detail: String,
    },
}

impl CallError {
    /// The stable code of the failure.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Method(_) | Self::Encode { .. } => ErrorCode::InvalidInput.as_str(),
            Self::NoResponders { .. } => ErrorCode::NoResponders.as_str(),
            Self::OutcomeUnknown { .. } => ErrorCode::OutcomeUnknown.as_str(),
            Self::Failed { code, .. } => code,
            Self::Decode { .. } => ErrorCode::Internal.as_str(),
            Self::Send { .. } => ErrorCode::Unavailable.as_str(),
        }
    }
}

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
    /// again, since then nothing has happened. Once somebody may have taken it, it is never repeated.
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
        let reply = self.exchange(&subject, body.into(), options.into(), target.resend_after()).await?;
        let header = |name| Some(reply.headers.as_ref()?.get(name)?.as_str());
        if let Some(code) = header(header::ERROR_CODE) {
            if code == ErrorCode::OutcomeUnknown.as_str() {
                return Err(CallError::OutcomeUnknown { subject, after: begun.elapsed() });
            }
            let message = header(header::ERROR).unwrap_or_default().to_owned();
            return Err(CallError::Failed { code: code.to_owned(), message });
        }
        let body = serde_json::from_slice(&reply.payload)
            .map_err(|e| CallError::Decode { detail: e.to_string() })?;
        Ok(Reply { body, term: header(header::TERM).and_then(|term| term.parse().ok()).map(Term) })
    }

    async fn exchange(
        &self,
        subject: &str,
        body: Bytes,
        options: CallOptions,
        resend_after: Duration,
    ) -> Result<async_nats::Message, CallError> {
        let CallOptions { timeout, idempotent } = options;
        let begun = Instant::now();
        let request_id = Uuid::new_v4().to_string();
        let mut pause = RETRY_FIRST;
        let mut taken = false;
        loop {
            let left = timeout.saturating_sub(begun.elapsed());
            if left.is_zero() {
                let (subject, after) = (subject.to_owned(), timeout);
                return Err(if taken {
                    CallError::OutcomeUnknown { subject, after }
                } else {
                    CallError::NoResponders { subject, after }
                });
            }
            let patience = if idempotent { left.min(resend_after) } else { left };
            let mut headers = HeaderMap::new();
            headers.insert(header::REQUEST_ID, request_id.as_str());
            headers.insert(header::TIMEOUT_MS, left.as_millis().to_string());
            let request =
                async_nats::Request::new().payload(body.clone()).headers(headers).timeout(Some(patience));
            match self.connection.client().send_request(subject.to_owned(), request).await {
                Ok(reply) if has_code(&reply, ErrorCode::NotActive) => {}
                Ok(reply) if idempotent && has_code(&reply, ErrorCode::OutcomeUnknown) => taken = true,
                Ok(reply) => return Ok(reply),
                Err(error) => match error.kind() {
                    RequestErrorKind::NoResponders => {}
                    RequestErrorKind::TimedOut => {
                        taken = true;
                        if idempotent {
                            continue;
                        }
                        let (subject, after) = (subject.to_owned(), timeout);
                        return Err(CallError::OutcomeUnknown { subject, after });
                    }
                    RequestErrorKind::InvalidSubject
                    | RequestErrorKind::MaxPayloadExceeded
                    | RequestErrorKind::Other => return Err(CallError::Send { detail: error.to_string() }),
                },
            }
            let wait = rand::rng().random_range(pause / 2..=pause);
            tokio::time::sleep(wait.min(timeout.saturating_sub(begun.elapsed()))).await;
            pause = (pause * 3 / 2).min(RETRY_MAX);
        }
    }
}

fn has_code(reply: &async_nats::Message, wanted: ErrorCode) -> bool {
    let code = reply.headers.as_ref().and_then(|headers| headers.get(header::ERROR_CODE));
    code.is_some_and(|code| code.as_str() == wanted.as_str())
}
