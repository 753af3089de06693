//! An event before it is published.

use std::borrow::Cow;
use std::sync::Arc;

use aegis_domain::Actor;
use aegis_domain::wire::subject;
use serde::Serialize;
use uuid::Uuid;

use super::{EventError, Events};
use crate::codec::Codec;
use crate::publish::{ACTOR, Message, Pending, Published, TRACEPARENT};
use aegis_telemetry::metrics::Role;

/// An event before it is published; made by [`Events::draft`].
#[derive(Debug)]
#[must_use = "it is not published yet"]
pub struct Draft<'a> {
    events: &'a Events,
    domain: &'a str,
    event_type: &'a str,
    id: Option<String>,
    actor: Option<String>,
    traceparent: Option<String>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(events: &'a Events, domain: &'a str, event_type: &'a str) -> Self {
        let traceparent = events.trace.as_ref().map(|trace| trace.as_str().to_owned());
        Self { events, domain, event_type, id: None, actor: None, traceparent }
    }

    /// The id by which the stream tells copies: of those that come within its window of duplicates, two minutes
    /// by default, it keeps the first. Without it, an id is made.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Who causes the event.
    pub fn actor(mut self, actor: &Actor) -> Self {
        self.actor = Some(actor.as_str().to_owned());
        self
    }

    /// The W3C trace context that the event belongs to. Without it, that of [`Events::within`], which is the trace of
    /// whatever is handled where the events came from a context or a call.
    pub fn traceparent(mut self, traceparent: impl Into<String>) -> Self {
        self.traceparent = Some(traceparent.into());
        self
    }

    /// See [`Events::publish`].
    ///
    /// # Errors
    /// See [`EventError`].
    ///
    /// # Cancel safety
    /// As with [`Events::publish`].
    pub async fn publish<T: Serialize + Sync>(self, event: &T) -> Result<Published, EventError> {
        let patience = self.events.outbox.patience();
        let pending = self.publish_later(event).await?;
        Ok(pending.within(patience).await?)
    }

    /// See [`Events::publish_later`].
    ///
    /// # Errors
    /// See [`EventError`].
    ///
    /// # Cancel safety
    /// As with [`Events::publish_later`].
    pub async fn publish_later<T: Serialize + Sync>(self, event: &T) -> Result<Pending, EventError> {
        let events = self.events;
        let message = self.message(event)?;
        let receipt = events.outbox.put(message).await?;
        events.settings.metrics.published();
        Ok(Pending::new(receipt))
    }

    fn message<T: Serialize>(self, event: &T) -> Result<Message, EventError> {
        let namespace = self.events.connection.namespace();
        let subject = subject::app_event(namespace, self.domain, self.event_type);
        if !subject::is_subject(&subject, false) {
            return Err(EventError::Subject { subject });
        }
        let settings = &self.events.settings;
        let meter =
            self.events.connection.telemetry().meters.of(
                Role::Publish,
                &counted_as(subject.strip_prefix(&namespace.prefix()).unwrap_or(&subject)),
            );
        let id = self.id.unwrap_or_else(|| Uuid::now_v7().to_string());
        if let Some(envelope) = settings.envelope {
            // No Aegis header: such a message would count as native.
            let body = envelope.event((self.domain, self.event_type), &id, &settings.actor, event)?;
            return Ok(Message { meter: Some(meter), ..Message::new(subject, id, body) });
        }
        let actor = self.actor.map_or_else(|| Arc::clone(&settings.actor), Into::into);
        let mut message = Message::new(subject, id, Codec::Json.encode(event)?).header(ACTOR, actor);
        message.meter = Some(meter);
        Ok(match self.traceparent {
            Some(traceparent) => message.header(TRACEPARENT, traceparent),
            None => message,
        })
    }
}

/// What an event of this subject is counted as: what lies between its domain and the last part of its type is mostly
/// an id, and there are too many of those.
fn counted_as(subject: &str) -> Cow<'_, str> {
    let mut parts = subject.match_indices('.').map(|(at, _)| at);
    match (parts.nth(1), parts.next_back()) {
        (Some(first), Some(last)) => format!("{}.*{}", &subject[..first], &subject[last..]).into(),
        _ => subject.into(),
    }
}
