//! Consumers that are deleted.

use async_graphql::{InputObject, SimpleObject, Union};

use super::rejected::{Rejected, invalid};
use super::scalar::Long;
use crate::ports;

/// The longest name of a stream or a consumer that is looked for.
const NAME_MAX: usize = 200;

/// A consumer that is to be deleted.
#[derive(Debug, Clone, InputObject)]
pub(crate) struct DeleteConsumerInput {
    stream: String,
    consumer: String,
    /// Why, for the record.
    reason: String,
    /// Also when somebody reads it.
    #[graphql(default)]
    force: bool,
}

/// The consumer is gone.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct ConsumerDeleted {
    stream: String,
    consumer: String,
    /// Messages that were waiting for this consumer: no other reader receives them.
    pending: Long,
    /// Messages that it was given, and that nobody had acknowledged.
    ack_pending: Long,
    /// The event that records it.
    sequence: Long,
}

#[derive(Debug, Clone, Union)]
pub(crate) enum DeleteConsumerResult {
    Deleted(ConsumerDeleted),
    Rejected(Rejected),
}

impl DeleteConsumerInput {
    /// The stream, the consumer, why, and whether by force.
    pub(crate) fn read(self) -> Result<(String, String, String, bool), Rejected> {
        let Self { stream, consumer, reason, force } = self;
        for (field, name) in [("stream", &stream), ("consumer", &consumer)] {
            if name.is_empty() || name.len() > NAME_MAX {
                return Err(invalid(field, format!("{field}: 1 to {NAME_MAX} bytes")));
            }
        }
        Ok((stream, consumer, reason, force))
    }
}

impl ConsumerDeleted {
    pub(crate) fn new(deleted: &ports::ConsumerDeleted) -> Self {
        let facts = &deleted.facts;
        Self {
            stream: facts.stream.clone(),
            consumer: facts.name.clone(),
            pending: facts.pending.into(),
            ack_pending: facts.ack_pending.into(),
            sequence: deleted.sequence.into(),
        }
    }
}
