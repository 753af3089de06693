//! Events on the wire: CloudEvents 1.0, NATS protocol binding, binary mode. Metadata stands in `ce-*`
//! headers, the body is the JSON of the event's fields.

use chrono::{DateTime, SecondsFormat, Utc};

use super::chain::Hash;
use super::header::ce;
use super::namespace::Namespace;
use crate::event::{CATALOGUE, Entry};
use crate::{Actor, AggregateVersion, Context, Envelope, Event, EventId};

/// A message ready to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// Its subject.
    pub subject: String,
    /// Its headers.
    pub headers: Vec<(&'static str, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// Its hash, which the next event on the subject carries.
    pub hash: Hash,
}

/// Why a message of the events stream cannot be read as an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The subject names no aggregate.
    #[error("the subject {subject:?} names no aggregate of this namespace")]
    Subject {
        /// The subject.
        subject: String,
    },
    /// A header is missing or has a wrong value.
    #[error("the header {name} is missing or malformed")]
    Header {
        /// Its name.
        name: &'static str,
    },
    /// The type is not in the catalogue.
    #[error("the event type {event_type:?} is unknown")]
    UnknownType {
        /// The type.
        event_type: String,
    },
    /// The type is known, but a later version than this program knows.
    #[error("the event type {event_type:?} is newer than this program: upgrade it")]
    FutureVersion {
        /// The type.
        event_type: String,
    },
    /// The type does not belong on this subject.
    #[error("the event type {event_type:?} does not belong on the subject {subject:?}")]
    Misplaced {
        /// The type.
        event_type: String,
        /// The subject.
        subject: String,
    },
    /// The body is not the JSON of this event type.
    #[error("the body does not fit the event type: {detail}")]
    Body {
        /// What is wrong with it.
        detail: String,
    },
}

impl Envelope {
    /// Writes the event as a message.
    ///
    /// # Errors
    /// [`DecodeError::Body`] when the event cannot be written as JSON; no event made by `decide` does that.
    pub fn encode(&self, namespace: &Namespace) -> Result<Encoded, DecodeError> {
        let body = self
            .event
            .body()
            .and_then(|body| serde_json::to_vec(&body))
            .map_err(|e| DecodeError::Body { detail: e.to_string() })?;
        let mut headers = vec![
            (ce::SPECVERSION, "1.0".to_owned()),
            (ce::ID, self.id.to_string()),
            (ce::TYPE, self.event.event_type()),
            (ce::SOURCE, format!("/{}/{}", namespace.as_str(), self.aggregate.to_string().replace('.', "/"))),
            (ce::TIME, self.context.time.to_rfc3339_opts(SecondsFormat::Micros, true)),
            (ce::VERSION, self.version.to_string()),
            (ce::ACTOR, one_line(self.context.actor.as_str())),
            (ce::PREVIOUS, self.previous.to_string()),
        ];
        let optional = [
            (ce::CORRELATION, &self.context.correlation),
            (ce::CAUSATION, &self.context.causation),
            (ce::TRACEPARENT, &self.context.traceparent),
        ];
        headers.extend(
            optional.into_iter().filter_map(|(name, value)| Some((name, one_line(value.as_deref()?)))),
        );
        let subject = namespace.event_subject(&self.aggregate);
        let hash = Hash::of(&subject, headers.iter().map(|(name, value)| (*name, value.as_str())), &body);
        headers.push((super::header::CONTENT_TYPE, "application/json".to_owned()));
        Ok(Encoded { subject, headers, body, hash })
    }

    /// Reads a message. `header` looks a header up by name.
    ///
    /// # Errors
    /// What is wrong with the message. It is not an event then, and never will be: put it aside.
    pub fn decode<'a>(
        namespace: &Namespace,
        subject: &str,
        header: impl Fn(&str) -> Option<&'a str>,
        body: &[u8],
    ) -> Result<Self, DecodeError> {
        let aggregate = namespace
            .parse_event_subject(subject)
            .ok_or_else(|| DecodeError::Subject { subject: subject.to_owned() })?;
        let required = |name: &'static str| header(name).ok_or(DecodeError::Header { name });
        let event_type = required(ce::TYPE)?;
        let entry = entry_of(event_type)?;
        if entry.kind != aggregate.kind() {
            return Err(DecodeError::Misplaced {
                event_type: event_type.to_owned(),
                subject: subject.to_owned(),
            });
        }
        let time = DateTime::parse_from_rfc3339(required(ce::TIME)?)
            .map_err(|_not_a_time| DecodeError::Header { name: ce::TIME })?;
        let version = required(ce::VERSION)?
            .parse()
            .map_err(|_not_a_number| DecodeError::Header { name: ce::VERSION })?;
        let previous =
            Hash::parse(required(ce::PREVIOUS)?).ok_or(DecodeError::Header { name: ce::PREVIOUS })?;
        let event = serde_json::from_slice(body)
            .and_then(|body| Event::from_body(entry, body))
            .map_err(|e| DecodeError::Body { detail: e.to_string() })?;
        let owned = |name: &str| header(name).map(str::to_owned);
        Ok(Self {
            id: EventId::from_wire(required(ce::ID)?),
            aggregate,
            version: AggregateVersion(version),
            context: Context {
                actor: Actor::from_wire(required(ce::ACTOR)?),
                time: time.with_timezone(&Utc),
                correlation: owned(ce::CORRELATION),
                causation: owned(ce::CAUSATION),
                traceparent: owned(ce::TRACEPARENT),
            },
            previous,
            event,
        })
    }
}

fn entry_of(event_type: &str) -> Result<&'static Entry, DecodeError> {
    if let Some(entry) = CATALOGUE.iter().find(|entry| entry.event_type() == event_type) {
        return Ok(entry);
    }
    let newer = event_type.rsplit_once(".v").is_some_and(|(stem, version)| {
        let known = CATALOGUE.iter().find(|e| format!("aegis.{}.{}", e.kind.as_str(), e.name) == stem);
        matches!((known, version.parse::<u32>()), (Some(entry), Ok(version)) if version > entry.version)
    });
    let event_type = event_type.to_owned();
    Err(if newer {
        DecodeError::FutureVersion { event_type }
    } else {
        DecodeError::UnknownType { event_type }
    })
}

/// Headers are lines: a line break in a value would begin another header. NATS clients drop the blanks
/// around a value when they read it, so it is written without them: the hash covers what a reader gets.
fn one_line(value: &str) -> String {
    let line: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.trim().to_owned()
}
