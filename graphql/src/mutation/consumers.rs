//! Deleting consumers.

use async_graphql::{Context, Object, Result};

use super::expected;
use crate::error::require;
use crate::ports::{Role, Streams};
use crate::types::{ConsumerDeleted, DeleteConsumerInput, DeleteConsumerResult};

#[derive(Debug, Default)]
pub(super) struct ConsumerMutation;

#[Object]
impl ConsumerMutation {
    /// Deletes a durable consumer of a stream of the installation, and with it the position of its reader: messages that were
    /// waiting for it reach no other reader. One that somebody reads only with `force` (`CONSUMER_IN_USE`).
    async fn delete_consumer(
        &self,
        context: &Context<'_>,
        input: DeleteConsumerInput,
    ) -> Result<DeleteConsumerResult> {
        let by = require(context, Role::Operator)?.clone();
        let (stream, consumer, reason, force) = match input.read() {
            Ok(read) => read,
            Err(rejected) => return Ok(DeleteConsumerResult::Rejected(rejected)),
        };
        match context.data::<Streams>()?.delete_consumer(by, stream, consumer, reason, force).await {
            Ok(deleted) => Ok(DeleteConsumerResult::Deleted(ConsumerDeleted::new(&deleted))),
            Err(refused) => Ok(DeleteConsumerResult::Rejected(expected(refused)?)),
        }
    }
}
