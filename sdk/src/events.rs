//! Events of applications: `events.<domain>.<type>`, kept in the `EVENTS` stream.

use aegis_domain::wire::{header, subject};
use async_nats::jetstream::context::PublishError;
use async_nats::jetstream::message::PublishMessage;
use futures_util::{Stream, StreamExt as _};
use serde::Serialize;
use uuid::Uuid;

use crate::Connection;

/// An event could not be published.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The subject has an empty part, a blank or a wildcard. Nothing was sent.
    #[error(
        "{subject:?} is no subject for an event: use parts of letters, digits, '-' and '_', joined by dots"
    )]
    Subject {
        /// The subject.
        subject: String,
    },
    /// It cannot be written as JSON. Nothing was sent.
    #[error("the event cannot be encoded")]
    Encode(#[from] serde_json::Error),
    /// No acknowledgement came: it may or may not have been kept.
    #[error("the event was not acknowledged")]
    Publish(#[from] PublishError),
    /// The subject could not be subscribed to.
    #[error("the events cannot be subscribed to")]
    Subscribe(#[from] async_nats::SubscribeError),
}

/// One event as it arrives.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its subject.
    pub subject: String,
    /// Its body.
    pub body: bytes::Bytes,
}

/// Publishes and receives events. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Events {
    connection: Connection,
}

impl Events {
    /// On this connection.
    #[must_use]
    pub fn new(connection: &Connection) -> Self {
        Self { connection: connection.clone() }
    }

    /// Publishes an event and waits until the stream has it. Answers its sequence.
    ///
    /// # Errors
    /// See [`EventError`].
    ///
    /// # Cancel safety
    /// Not cancel-safe: a dropped future leaves it open whether the event was kept.
    pub async fn publish<T: Serialize + Sync>(
        &self,
        domain: &str,
        event_type: &str,
        event: &T,
    ) -> Result<u64, EventError> {
        let subject = subject::app_event(domain, event_type);
        if !subject.split('.').all(is_token) {
            return Err(EventError::Subject { subject });
        }
        let message = PublishMessage::build()
            .payload(serde_json::to_vec(event)?.into())
            .header(header::CONTENT_TYPE, "application/json")
            .message_id(Uuid::now_v7().to_string());
        let ack = self.connection.jetstream().send_publish(subject, message).await?.await?;
        Ok(ack.sequence)
    }

    /// Events as they are published from now on, each at most once: what is published while this
    /// process is away or too slow does not arrive. `event_type` may hold the wildcards of NATS.
    ///
    /// # Errors
    /// When the subject cannot be subscribed to.
    pub async fn live(
        &self,
        domain: &str,
        event_type: &str,
    ) -> Result<impl Stream<Item = Event> + use<>, EventError> {
        let subscription = self.connection.client().subscribe(subject::app_event(domain, event_type)).await?;
        Ok(subscription
            .map(|message| Event { subject: message.subject.into_string(), body: message.payload }))
    }
}

fn is_token(token: &str) -> bool {
    !token.is_empty() && token.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}
