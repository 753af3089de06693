//! Which adapter is used.

use serde::{Deserialize, Serialize};

/// Which client carries calls and their replies.
///
/// With the client library, calls that are on their way may go unanswered when a service stops taking them or when a NATS
/// server is left before its end (their outcome is unknown then), calls that wait when the connection is lost are sent to the
/// next one although their callers have given up, and servers that a cluster has told of need certificates with their addresses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransportKind {
    /// The client of this project, [`Link`](super::Link).
    #[default]
    Direct,
    /// The client library, [`AsyncNats`](super::AsyncNats).
    AsyncNats,
}
