//! Events on the wire: CloudEvents 1.0, NATS protocol binding, binary mode. Metadata stands in `ce-*`
//! headers, the body is the JSON of the event's fields.

use chrono::{DateTime, SecondsFormat, Utc};

use super::header::ce;
use crate::chain::Hash;
use crate::schema::{self, DecodeError};
use crate::{
    Actor, AggregateVersion, Context, Envelope, EventId, GroupName, Heading, IdempotencyKey, Namespace,
    Schema, Term,
};

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

/// What the headers of an event say, whichever schema it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Its id.
    pub id: EventId,
    /// The version of its aggregate that it made.
    pub version: AggregateVersion,
    /// Its CloudEvents type.
    pub event_type: String,
    /// Who recorded it, when and for what.
    pub context: Context,
    /// The hash of the event before it.
    pub previous: Hash,
}

impl<S: Schema> Envelope<S> {
    /// Writes the event as a message.
    ///
    /// # Errors
    /// [`DecodeError::Body`] when the event cannot be written as JSON, [`DecodeError::Id`] when the aggregate's
    /// id cannot stand in a subject; neither happens to what the control plane's own aggregates decide.
    pub fn encode(&self, namespace: &Namespace) -> Result<Encoded, DecodeError> {
        let body = S::write(&self.event).map_err(|e| DecodeError::Body { detail: e.to_string() })?;
        let id = self.aggregate.to_string();
        if !is_tokens(&id) {
            return Err(DecodeError::Id { id });
        }
        let mut headers = Vec::with_capacity(16);
        headers.extend([
            (ce::SPECVERSION, "1.0".to_owned()),
            (ce::ID, self.id.as_str().to_owned()),
            (ce::TYPE, S::event_type(&self.event)),
            (ce::SOURCE, source(namespace, &id)),
            (ce::TIME, self.context.time.to_rfc3339_opts(SecondsFormat::Micros, true)),
            (ce::VERSION, self.version.to_string()),
            (ce::ACTOR, one_line(self.context.actor.as_str())),
            (ce::PREVIOUS, self.previous.to_string()),
        ]);
        let optional = [
            (ce::CORRELATION, &self.context.correlation),
            (ce::CAUSATION, &self.context.causation),
            (ce::TRACEPARENT, &self.context.traceparent),
        ];
        headers.extend(
            optional.into_iter().filter_map(|(name, value)| Some((name, one_line(value.as_deref()?)))),
        );
        if let Some((group, term)) = &self.context.tenancy {
            headers.extend([(ce::GROUP, group.to_string()), (ce::TERM, term.to_string())]);
        }
        if let Some(key) = &self.context.idempotency_key {
            headers.push((ce::IDEMPOTENCY_KEY, key.to_string()));
        }
        let subject = format!("{}.{id}", S::prefix(namespace));
        let hash = Hash::of(&subject, headers.iter().map(|(name, value)| (*name, value.as_str())), &body);
        headers.push((super::header::CONTENT_TYPE, "application/json".to_owned()));
        Ok(Encoded { subject, headers, body, hash })
    }

    /// Reads a message. `header` looks a header up by name. A type that is written no more is read as its
    /// successor.
    ///
    /// # Errors
    /// What is wrong with the message. It is not an event then, and never will be: put it aside.
    pub fn decode<'a>(
        namespace: &Namespace,
        subject: &str,
        header: impl Fn(&str) -> Option<&'a str>,
        body: &[u8],
    ) -> Result<Self, DecodeError> {
        let Heading { id, aggregate, version, event_type, context, previous } =
            Heading::<S>::decode(namespace, subject, header)?;
        let event = schema::read::<S>(&aggregate, &event_type, body)?;
        Ok(Self { id, aggregate, version, context, previous, event })
    }
}

impl Metadata {
    /// Reads the headers of a message. Whether its type is known and its body fits is not asked.
    ///
    /// # Errors
    /// What is missing or malformed.
    pub fn decode<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Result<Self, DecodeError> {
        let required = |name: &'static str| header(name).ok_or(DecodeError::Header { name });
        let event_type = required(ce::TYPE)?.to_owned();
        let time = DateTime::parse_from_rfc3339(required(ce::TIME)?)
            .map_err(|_not_a_time| DecodeError::Header { name: ce::TIME })?;
        let version = required(ce::VERSION)?
            .parse()
            .map_err(|_not_a_number| DecodeError::Header { name: ce::VERSION })?;
        let previous =
            Hash::parse(required(ce::PREVIOUS)?).ok_or(DecodeError::Header { name: ce::PREVIOUS })?;
        let owned = |name: &str| header(name).map(str::to_owned);
        Ok(Self {
            id: EventId::from_wire(required(ce::ID)?),
            version: AggregateVersion(version),
            event_type,
            context: Context {
                actor: Actor::from_wire(required(ce::ACTOR)?),
                time: time.with_timezone(&Utc),
                correlation: owned(ce::CORRELATION),
                causation: owned(ce::CAUSATION),
                traceparent: owned(ce::TRACEPARENT),
                tenancy: tenancy(header(ce::GROUP), header(ce::TERM)),
                idempotency_key: header(ce::IDEMPOTENCY_KEY).and_then(|key| IdempotencyKey::new(key).ok()),
            },
            previous,
        })
    }
}

impl<S: Schema> Heading<S> {
    /// Reads the headers of a message. Whether its type is known and its body fits is not asked.
    ///
    /// # Errors
    /// What is missing or malformed.
    pub fn decode<'a>(
        namespace: &Namespace,
        subject: &str,
        header: impl Fn(&str) -> Option<&'a str>,
    ) -> Result<Self, DecodeError> {
        let aggregate = namespace
            .aggregate_of::<S>(subject)
            .ok_or_else(|| DecodeError::Subject { subject: subject.to_owned() })?;
        let Metadata { id, version, event_type, context, previous } = Metadata::decode(header)?;
        Ok(Self { id, aggregate, version, event_type, context, previous })
    }
}

/// The group and the term of an owner; none where they are no such things, for an event stays one without them.
fn tenancy(group: Option<&str>, term: Option<&str>) -> Option<(GroupName, Term)> {
    Some((GroupName::new(group?).ok()?, Term(term?.parse().ok()?)))
}

/// Whether a text may stand in a subject as it is.
fn is_tokens(id: &str) -> bool {
    let token = |token: &str| {
        !token.is_empty() && token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    id.split('.').all(token)
}

/// The aggregate as a URI reference.
fn source(namespace: &Namespace, id: &str) -> String {
    let mut source = String::with_capacity(namespace.as_str().len() + id.len() + 2);
    source.push('/');
    source.push_str(namespace.as_str());
    source.push('/');
    source.extend(id.chars().map(|c| if c == '.' { '/' } else { c }));
    source
}

/// Headers are lines: a line break in a value would begin another header. NATS clients drop the blanks
/// around a value when they read it, so it is written without them: the hash covers what a reader gets.
fn one_line(value: &str) -> String {
    if !value.contains(char::is_control) {
        return value.trim().to_owned();
    }
    let line: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.trim().to_owned()
}
