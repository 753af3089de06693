//! Errors of calls.

use std::time::Duration;

use aegis_domain::wire::control::Owner;
use aegis_domain::wire::header;
use aegis_domain::{ErrorCode, InvalidName};

use serde_json::Value;

use crate::Codec;
use aegis_nats::transport::Message;

/// Why a call failed.
///
/// # Examples
/// ```no_run
/// # async fn example(client: aegis_sdk::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use aegis_sdk::{CallError, Target};
/// use std::time::Duration;
///
/// let desk = Target::any("desk")?;
/// match client.call::<_, u64>(&desk, "place", &5_u64, Duration::from_secs(2)).await {
///     Ok(reply) => println!("placed as {}", reply.body),
///     // It may have happened: look before asking again.
///     Err(CallError::OutcomeUnknown { .. }) => println!("unknown"),
///     Err(CallError::Failed { code, message, .. }) => println!("refused by {code}: {message}"),
///     Err(error) => println!("{}: {error}", error.code()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The method's name breaks its rule. Nothing was sent.
    #[error(transparent)]
    Method(#[from] InvalidName),
    /// No instance took the call within the deadline, so nothing was done. Try again later.
    #[error("nobody served {subject} within {after:?}")]
    NoResponders {
        /// The subject.
        subject: String,
        /// How long was tried.
        after: Duration,
    },
    /// No instance took the call within the deadline, so nothing was done, although the group is said to have an
    /// owner: it may have just been lost. Try again.
    #[error("{subject} was not served for {after:?}, although {} is said to own it, in term {}", owner.instance, owner.term)]
    NotActive {
        /// The subject.
        subject: String,
        /// How long was tried.
        after: Duration,
        /// Who was last said to own the group.
        owner: Owner,
    },
    /// The call was taken, and no reply came in time, or the owner lost its group while it handled the
    /// call, or the group was passing from one owner to the next until the deadline: it may or may not
    /// have happened. Look before repeating it.
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
        /// The same for programs, if the service says more.
        details: Option<Value>,
    },
    /// The parameters are larger than the NATS server takes. Nothing was sent.
    #[error("the parameters are too large: {detail}")]
    TooLarge {
        /// How large, and what the limit is.
        detail: String,
    },
    /// A stream broke off: a message is missing, or the service has not been heard for half a minute. What came
    /// before it stands; whether there was more is not known.
    #[error("the stream from {subject} broke off after {received} messages: {detail}")]
    Broken {
        /// The subject of the call.
        subject: String,
        /// How many messages came.
        received: u64,
        /// How it was noticed.
        detail: &'static str,
    },
    /// The parameters cannot be written in the codec. Nothing was sent.
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
    /// The target mostly failed of late, and is left alone for a while. Nothing was sent. See
    /// [`crate::resilience::BreakerPolicy`].
    #[error("calls to {subject} mostly fail, and none is sent for another {retry_after:?}")]
    CircuitOpen {
        /// The subject.
        subject: String,
        /// When one may be sent again.
        retry_after: Duration,
    },
    /// So many calls to the target are under way already. Nothing was sent. See [`crate::Resilience::max_in_flight`].
    #[error("{limit} calls to the target of {subject} are under way: slow down and try again")]
    Shed {
        /// The subject.
        subject: String,
        /// How many may be.
        limit: usize,
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
            Self::NotActive { .. } => ErrorCode::NotActive.as_str(),
            Self::TooLarge { .. } => ErrorCode::PayloadTooLarge.as_str(),
            Self::OutcomeUnknown { .. } | Self::Broken { .. } => ErrorCode::OutcomeUnknown.as_str(),
            Self::Failed { code, .. } => code,
            Self::Decode { .. } => ErrorCode::Internal.as_str(),
            Self::CircuitOpen { .. } => ErrorCode::CircuitOpen.as_str(),
            Self::Shed { .. } => ErrorCode::Overloaded.as_str(),
            Self::Send { .. } => ErrorCode::Unavailable.as_str(),
        }
    }

    /// There is no connection, and nothing is sent while there is none: it would be done long after its caller has
    /// gone.
    pub(super) fn lost() -> Self {
        Self::Send { detail: "NATS cannot be reached now, and is being sought: nothing was sent".to_owned() }
    }

    /// Its handler would be told that its caller has gone before it has begun.
    pub(super) fn late() -> Self {
        Self::Send {
            detail: "the time of the call had passed before it could be sent: nothing was".to_owned(),
        }
    }

    /// The error that a reply carries, if it carries one.
    pub(super) fn of(reply: &Message) -> Option<Self> {
        let header = |name| Some(reply.headers.get(name)?.to_owned());
        let message = header(header::ERROR).unwrap_or_default();
        let code = header(header::ERROR_CODE)?;
        let codec =
            header(header::CONTENT_TYPE).as_deref().and_then(Codec::of_content_type).unwrap_or_default();
        // What other servers put there may be anything.
        let details = codec.decode(&reply.payload).ok().filter(|details: &Value| !details.is_null());
        Some(Self::Failed { code, message, details })
    }
}
