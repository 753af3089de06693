//! Consumers of streams that are deleted.

use serde::{Deserialize, Serialize};

/// Why a consumer is deleted, and whether also when somebody reads it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DeleteConsumer {
    /// Why, for the record.
    pub reason: String,
    /// Also when somebody reads it.
    #[cfg_attr(test, schemars(default))]
    pub force: bool,
}

/// A consumer that is gone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConsumerDeleted {
    /// Its stream.
    pub stream: String,
    /// Its name.
    pub consumer: String,
    /// Messages that were waiting for this consumer.
    pub pending: u64,
    /// Messages that it was given, and that nobody had acknowledged.
    pub ack_pending: u64,
    /// The event that records it.
    pub sequence: u64,
}
