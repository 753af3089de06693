//! Consumers of streams.

use super::keyed;
use crate::key::IdempotencyKey;
use crate::route;
use crate::transport::Outgoing;
use crate::types::{ConsumerDeleted, DeleteConsumer};
use crate::{Client, Error};

impl Client {
    /// Deletes a durable consumer of a stream, and with it the place where its reader was.
    ///
    /// # Errors
    /// `NOT_FOUND`; `CONSUMER_IN_USE` when somebody reads it, unless by force; see [`Error`].
    pub async fn delete_consumer(
        &self,
        stream: &str,
        consumer: &str,
        asked: &DeleteConsumer,
        key: Option<&IdempotencyKey>,
    ) -> Result<ConsumerDeleted, Error> {
        let path = route::DELETE_CONSUMER.with(&[stream, consumer]);
        let outgoing = Outgoing::new(&route::DELETE_CONSUMER, path).json(asked);
        self.fetch(keyed(outgoing, key)).await
    }
}
