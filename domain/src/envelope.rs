//! The envelope of every entry of a journal.

use chrono::{DateTime, SubsecRound as _, Utc};

use crate::chain::Hash;
use crate::{Actor, AggregateVersion, EventId, GroupName, IdempotencyKey, Registry, Schema, Sequence, Term};

/// Who caused a change, when, and in what connection. Given by the caller of a command.
///
/// # Examples
/// ```
/// use aegis_domain::{Actor, Context, IdempotencyKey, Term};
/// use chrono::DateTime;
///
/// let context = Context::new(Actor::user("alice"), DateTime::UNIX_EPOCH)
///     // Carried out once, however often it comes.
///     .with_key(IdempotencyKey::new("order-17")?)
///     // Refused once a later term of the group has written.
///     .with_term("ACC-1".parse()?, Term(3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Who caused it.
    pub actor: Actor,
    /// When, by the clock of whoever records it.
    pub time: DateTime<Utc>,
    /// The request or process that it belongs to.
    pub correlation: Option<String>,
    /// The event or command that caused it.
    pub causation: Option<String>,
    /// The W3C trace context, as a `traceparent` header.
    pub traceparent: Option<String>,
    /// The group that the change is made for, and the term of the owner that makes it. A journal refuses an owner whose term
    /// is over.
    pub tenancy: Option<(GroupName, Term)>,
    /// By what the command is known when it comes again: a journal carries it out once.
    pub idempotency_key: Option<IdempotencyKey>,
}

impl Context {
    /// A context with only the two things that every change has. The log keeps microseconds, so the time
    /// is cut to them here.
    #[must_use]
    pub fn new(actor: Actor, time: DateTime<Utc>) -> Self {
        Self {
            actor,
            time: time.trunc_subsecs(6),
            correlation: None,
            causation: None,
            traceparent: None,
            tenancy: None,
            idempotency_key: None,
        }
    }

    /// The same, made by the owner of a group in this term.
    #[must_use]
    pub fn with_term(self, group: GroupName, term: Term) -> Self {
        Self { tenancy: Some((group, term)), ..self }
    }

    /// The same, for a command that is carried out once, however often it comes under this key.
    #[must_use]
    pub fn with_key(self, key: IdempotencyKey) -> Self {
        Self { idempotency_key: Some(key), ..self }
    }
}

/// An event with its metadata: what is published to the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope<S: Schema = Registry> {
    /// Its id, unique in the log.
    pub id: EventId,
    /// The aggregate it belongs to.
    pub aggregate: S::Id,
    /// The version of the aggregate after this event; the first one is 1.
    pub version: AggregateVersion,
    /// Who, when and why.
    pub context: Context,
    /// The hash of the event before it on its subject.
    pub previous: Hash,
    /// What happened.
    pub event: S::Event,
}

/// What stands in the headers of an event: all but what happened. Reading it does not read bodies.
#[derive(Debug, Clone, PartialEq)]
pub struct Heading<S: Schema = Registry> {
    /// Its id, unique in the log.
    pub id: EventId,
    /// The aggregate it belongs to.
    pub aggregate: S::Id,
    /// The version of the aggregate after this event; the first one is 1.
    pub version: AggregateVersion,
    /// Its type as it stands in the log, also where it is read as a newer one.
    pub event_type: String,
    /// Who, when and why.
    pub context: Context,
    /// The hash of the event before it on its subject.
    pub previous: Hash,
}

/// An event as it stands in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded<S: Schema = Registry> {
    /// Its position in the stream.
    pub sequence: Sequence,
    /// The hash that the next event on its subject carries.
    pub hash: Hash,
    /// The event and its metadata.
    pub envelope: Envelope<S>,
}
