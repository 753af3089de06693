//! Consumers of streams that are deleted.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a consumer is deleted, and whether also when somebody reads it.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http::rest) struct DeleteConsumer {
    /// Why, for the record.
    #[schema(min_length = 1, max_length = 500)]
    pub(in crate::http::rest) reason: String,
    /// Also when somebody reads it.
    #[serde(default)]
    pub(in crate::http::rest) force: bool,
}

/// The consumer is gone.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::rest) struct ConsumerDeleted {
    stream: String,
    consumer: String,
    /// Messages that were waiting for this consumer: no other reader receives them.
    pending: u64,
    /// Messages that it was given, and that nobody had acknowledged.
    ack_pending: u64,
    /// The event that records it.
    sequence: u64,
}
