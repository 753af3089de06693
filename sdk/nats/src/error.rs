//! Why there is no connection to NATS.

use std::time::Duration;

use aegis_domain::ErrorCode;
use chrono::{DateTime, Utc};

use super::security::SecurityError;

/// The oldest nats-server that has what Aegis needs: atomic batch publish came with 2.12 (ADR-50).
pub const OLDEST_SERVER: (u32, u32) = (2, 12);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL cannot be read.
    #[error("the NATS URL {url:?} is not valid: use nats://host:port, several joined by commas")]
    BadUrl {
        /// The URL.
        url: String,
        /// Why.
        source: std::io::Error,
    },
    /// The credentials or certificates cannot be used.
    #[error(transparent)]
    Security(#[from] SecurityError),
    /// Nobody answered in time.
    #[error("no NATS server answered at {url} within {patience:?}: start one, or correct the URL")]
    Unreachable {
        /// The URL.
        url: String,
        /// How long was waited.
        patience: Duration,
    },
    /// A server answered, and did not let the client in.
    #[error("the NATS server at {url} refuses the connection: check the credentials and the TLS settings")]
    Refused {
        /// The URL.
        url: String,
        /// Why.
        source: async_nats::ConnectError,
    },
    /// The server did not let the client in, and the credentials file says why.
    #[error(
        "the NATS server at {url} refuses the connection: the credentials have expired at {at}; get new ones"
    )]
    Expired {
        /// The URL.
        url: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// The server is too old.
    #[error("the NATS server at {url} is {found}, and Aegis needs {needed} or later: upgrade it", needed = format!("{}.{}", OLDEST_SERVER.0, OLDEST_SERVER.1))]
    ServerTooOld {
        /// The URL.
        url: String,
        /// Its version.
        found: String,
    },
    /// The server runs without JetStream.
    #[error(
        "JetStream is disabled on the NATS server at {url}: start it with -js, or with a jetstream block in its configuration"
    )]
    JetStreamDisabled {
        /// The URL.
        url: String,
    },
    /// A subject that the service must hear may not be subscribed to.
    #[error(
        "the credentials of this connection may not subscribe to {subject}: give the user that permission"
    )]
    Denied {
        /// The subject.
        subject: String,
    },
    /// The client refused the options.
    #[error("the NATS client could not be set up")]
    Client {
        /// Why.
        source: async_nats::ConnectError,
    },
}

impl ConnectError {
    /// The stable code of the failure.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::BadUrl { .. } | Self::Security(_) | Self::Client { .. } => ErrorCode::InvalidInput,
            Self::Refused { .. } | Self::Expired { .. } => ErrorCode::Unauthenticated,
            Self::Denied { .. } => ErrorCode::PermissionDenied,
            Self::Unreachable { .. } | Self::ServerTooOld { .. } | Self::JetStreamDisabled { .. } => {
                ErrorCode::Unavailable
            }
        }
    }
}
