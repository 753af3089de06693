//! Messages of the log, decoded. What is no event is copied to the dead letters before it is passed on, or noted as one that is
//! still to be copied.

use aegis_domain::aggregate::{Partly, read_partly};
use aegis_domain::wire::DecodeError;
use aegis_domain::{Actor, AggregateId, AggregateVersion, Envelope, Heading, Sequence};
use aegis_journal::counted;
use aegis_nats::Connection;
use aegis_nats::follow::{Follower, From, Message, Wanted};
use async_nats::HeaderMap;
use chrono::{DateTime, SubsecRound as _, Utc};

use super::aside::{Letter, put_aside};
use crate::engine::{Feed, History};
use crate::fact::Fact;
use crate::view::summary;

/// What a message of the log is.
#[derive(Debug)]
pub enum Content {
    /// An event.
    Event(Box<Event>),
    /// No event, and put aside.
    Dead(Dead),
}

/// An event with its body as it stands in the log.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its CloudEvents id.
    pub id: String,
    /// Its CloudEvents type, as it stands in the log.
    pub event_type: String,
    /// The aggregate it belongs to.
    pub aggregate: AggregateId,
    /// The aggregate as text.
    pub aggregate_name: String,
    /// The version of the aggregate after it.
    pub version: AggregateVersion,
    /// When it happened, by the clock of its recorder, to the microsecond.
    pub time: DateTime<Utc>,
    /// Who caused it.
    pub actor: Actor,
    /// What it belongs to.
    pub correlation: Option<String>,
    /// What caused it.
    pub causation: Option<String>,
    /// One line for people.
    pub summary: String,
    /// Its body, JSON.
    pub data: String,
    /// What happened.
    pub event: aegis_domain::Event,
    /// The parts of its body that this version could not read.
    pub left_out: Vec<String>,
}

/// A message of the log that is no event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dead {
    /// Its subject.
    pub subject: String,
    /// Why it is none.
    pub reason: String,
    /// Whether its copy among the dead letters is still to be written.
    pub owed: bool,
}

/// The events stream.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    pub(crate) connection: Connection,
    /// Only these subjects; none means all.
    pub(crate) filters: Vec<String>,
    /// Whether what is no event is copied to the dead letters; not by those who only look.
    pub(crate) puts_aside: bool,
}

impl Event {
    /// Reads an event. The hash is not computed: a fold does not need it.
    ///
    /// # Errors
    /// What is wrong with the message.
    pub fn read(namespace: &aegis_domain::wire::Namespace, message: &Message) -> Result<Self, DecodeError> {
        Self::stored(namespace, message.sequence, &message.subject, message.headers.as_ref(), &message.body)
    }

    pub(super) fn stored(
        namespace: &aegis_domain::wire::Namespace,
        sequence: u64,
        subject: &str,
        headers: Option<&HeaderMap>,
        body: &[u8],
    ) -> Result<Self, DecodeError> {
        // One pass over the map: each look into it would make a name of its own first.
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .flat_map(|headers| headers.iter())
            .filter_map(|(name, values)| Some((name.as_ref(), values.first()?.as_str())))
            .collect();
        let header = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let heading = Heading::<aegis_domain::Registry>::decode(namespace, subject, header)?;
        counted(heading.version, sequence)?;
        let read = read_partly(&heading.aggregate, &heading.event_type, body)?;
        Ok(Self::of(heading, read, String::from_utf8_lossy(body).into_owned()))
    }

    /// The event of this envelope, with its type and its body as they stand in the log.
    #[must_use]
    pub fn new(envelope: Envelope, event_type: String, data: String) -> Self {
        let Envelope { id, aggregate, version, context, previous, event } = envelope;
        let heading = Heading { id, aggregate, version, event_type, context, previous };
        Self::of(heading, Partly { event, left_out: vec![] }, data)
    }

    fn of(heading: Heading<aegis_domain::Registry>, read: Partly, data: String) -> Self {
        let Heading { id, aggregate, version, event_type, context, .. } = heading;
        let Partly { event, left_out } = read;
        Self {
            id: id.as_str().to_owned(),
            event_type,
            aggregate_name: aggregate.to_string(),
            summary: summary(&aggregate, &event),
            aggregate,
            version,
            time: context.time.trunc_subsecs(6),
            actor: context.actor,
            correlation: context.correlation,
            causation: context.causation,
            data,
            event,
            left_out,
        }
    }

    /// What the fold takes from it, with when the log took it.
    #[must_use]
    pub fn fact(&self, sequence: Sequence, recorded_at: DateTime<Utc>) -> Fact<'_> {
        Fact {
            sequence,
            aggregate: &self.aggregate,
            version: self.version,
            time: recorded_at,
            actor: &self.actor,
            event: &self.event,
        }
    }
}

impl Feed for Log {
    type Value = Content;

    fn history(&self) -> History {
        History::of(&self.connection, self.connection.namespace().events_stream())
    }

    fn follow(&self, from: Sequence) -> Follower {
        let stream = self.connection.namespace().events_stream();
        let wanted = Wanted { filters: self.filters.clone(), ..Wanted::default() };
        Follower::filtered(&self.connection, stream, From::Sequence(from.get()), wanted)
    }

    async fn decode(&self, message: Message) -> Content {
        match Event::read(self.connection.namespace(), &message) {
            Ok(event) => {
                if !event.left_out.is_empty() {
                    let (parts, subject) = (event.left_out.join(", "), &message.subject);
                    tracing::warn!(
                        sequence = message.sequence,
                        subject,
                        parts,
                        "an event is read without some parts"
                    );
                }
                Content::Event(Box::new(event))
            }
            Err(error) => {
                let (subject, reason) = (message.subject.clone(), error.to_string());
                tracing::warn!(sequence = message.sequence, subject, reason, "an event cannot be read");
                let owed = self.puts_aside
                    && put_aside(&self.connection, Letter::of(message, &reason)).await.is_err();
                Content::Dead(Dead { subject, reason, owed })
            }
        }
    }
}

/// The event of this type and body.
///
/// # Errors
/// What is wrong with them; nothing is with those of the index, which have been read before.
pub(crate) fn event_of(
    aggregate: &AggregateId,
    event_type: &str,
    body: &str,
) -> Result<aegis_domain::Event, DecodeError> {
    read_partly(aggregate, event_type, body.as_bytes()).map(|read| read.event)
}
