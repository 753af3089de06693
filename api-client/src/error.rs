//! Errors of the client.

use std::time::Duration;

use serde::Deserialize;

/// A request that was not answered as asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL, the token, or a file of certificates cannot be used. Nothing was sent.
    #[error("{0}")]
    Settings(String),
    /// The control plane refused it, and says why.
    #[error("{0}")]
    Refused(Box<Problem>),
    /// No connection. Nothing was sent.
    #[error("{url} cannot be reached: {detail}")]
    Unreachable {
        /// Where to.
        url: String,
        /// Why.
        detail: String,
    },
    /// Whoever answers is not known to be who it should be. Nothing was sent.
    #[error("{url} has a certificate that is not trusted: {detail}")]
    Untrusted {
        /// Where to.
        url: String,
        /// Why.
        detail: String,
    },
    /// No answer in time.
    #[error("{url} has not answered within {} s{}", after.as_secs_f64(), unknown(*.outcome_unknown))]
    TimedOut {
        /// Where to.
        url: String,
        /// How long it was waited for.
        after: Duration,
        /// Whether it was a change, which may have been carried out.
        outcome_unknown: bool,
    },
    /// The connection ended before the answer was there.
    #[error("the connection to {url} has ended before its answer: {detail}{}", unknown(*.outcome_unknown))]
    Interrupted {
        /// Where to.
        url: String,
        /// Why.
        detail: String,
        /// Whether it was a change, which may have been carried out.
        outcome_unknown: bool,
    },
    /// Somebody sends the request elsewhere. It was not followed: the token is for this host alone.
    #[error(
        "{url} answers {status} and sends to {location}, which is not followed: give the URL that it leads to"
    )]
    Redirected {
        /// Where to.
        url: String,
        /// The status.
        status: u16,
        /// Where it should have gone.
        location: String,
    },
    /// Whoever answered is no control plane: a proxy on the way, or another program.
    #[error(
        "{url} answers {status} with {content}, which is no answer of a control plane: a proxy on the way has answered, or the \
         URL lacks the base path{}", unknown(*.outcome_unknown)
    )]
    Foreign {
        /// Where to.
        url: String,
        /// The status.
        status: u16,
        /// What kind of content came.
        content: String,
        /// Whether it was a change, which may have been carried out.
        outcome_unknown: bool,
    },
    /// The answer has another shape than this version of the client knows, or is too large.
    #[error("the answer of {url} cannot be read: {detail}{}", unknown(*.outcome_unknown))]
    Unreadable {
        /// Where to.
        url: String,
        /// Why.
        detail: String,
        /// Whether it was a change, which has been carried out.
        outcome_unknown: bool,
    },
}

/// A refusal, as RFC 9457 has it, with what Aegis adds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, thiserror::Error)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[error("{code}: {detail}")]
pub struct Problem {
    /// The entry of the code in the catalogue.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code in words.
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// What happened, and what to do.
    pub detail: String,
    /// Stable, see `docs/errors.md`.
    pub code: String,
    /// By which the log of the replica names the request.
    pub request_id: String,
    /// Whether nothing was done and the same request may succeed later.
    pub retryable: bool,
    /// The field at fault, where there is one.
    pub field: Option<String>,
    /// The revision that stands, for conflicts.
    pub current_revision: Option<u64>,
    /// When to come back, where the replica says so.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
}

impl Error {
    /// What the control plane said, if it was the control plane that refused.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(problem) => Some(problem),
            Self::Settings(_)
            | Self::Unreachable { .. }
            | Self::Untrusted { .. }
            | Self::TimedOut { .. }
            | Self::Interrupted { .. }
            | Self::Redirected { .. }
            | Self::Foreign { .. }
            | Self::Unreadable { .. } => None,
        }
    }

    /// The stable code of a refusal.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.problem().map(|problem| problem.code.as_str())
    }

    /// The status of the answer, if one came.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(problem) => Some(problem.status),
            Self::Redirected { status, .. } | Self::Foreign { status, .. } => Some(*status),
            Self::Settings(_)
            | Self::Unreachable { .. }
            | Self::Untrusted { .. }
            | Self::TimedOut { .. }
            | Self::Interrupted { .. }
            | Self::Unreadable { .. } => None,
        }
    }

    /// By which the log of the replica names the request, if the replica answered.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.problem().map(|problem| problem.request_id.as_str())
    }

    /// Whether nothing has been done, and the same request may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Refused(problem) => problem.retryable,
            Self::Unreachable { .. } => true,
            Self::TimedOut { outcome_unknown, .. } | Self::Interrupted { outcome_unknown, .. } => {
                !outcome_unknown
            }
            // Gateways whose control plane is away.
            Self::Foreign { status, outcome_unknown, .. } => !outcome_unknown && matches!(status, 502..=504),
            Self::Settings(_)
            | Self::Untrusted { .. }
            | Self::Redirected { .. }
            | Self::Unreadable { .. } => false,
        }
    }

    /// Whether a change may have been carried out. Look before it is repeated, or repeat it with the same key.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        match self {
            Self::Refused(problem) => problem.code == "OUTCOME_UNKNOWN",
            Self::TimedOut { outcome_unknown, .. }
            | Self::Interrupted { outcome_unknown, .. }
            | Self::Foreign { outcome_unknown, .. }
            | Self::Unreadable { outcome_unknown, .. } => *outcome_unknown,
            Self::Settings(_)
            | Self::Unreachable { .. }
            | Self::Untrusted { .. }
            | Self::Redirected { .. } => false,
        }
    }
}

fn unknown(outcome_unknown: bool) -> &'static str {
    if outcome_unknown { "; the change may have been carried out: look before you repeat it" } else { "" }
}
