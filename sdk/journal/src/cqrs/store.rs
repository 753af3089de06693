//! The journal as a `cqrs_es` event store.

use std::collections::HashMap;

use aegis_domain::{Actor, Aggregate, Context, Recorded, Registry, Schema};
use cqrs_es::{AggregateContext, AggregateError, EventEnvelope, EventStore};
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::metadata::{ACTOR, CAUSATION, CORRELATION, TRACEPARENT};
use super::{Cqrs, CqrsEvent};
use crate::error::{AppendError, LoadError};
use crate::{Head, Journal};

/// The keys that a commit's metadata may have. Others are not recorded.
pub mod metadata {
    /// Who caused it: `user:alice`. Without it, `system:cqrs` did.
    pub const ACTOR: &str = "actor";
    /// What it belongs to.
    pub const CORRELATION: &str = "correlation";
    /// What caused it.
    pub const CAUSATION: &str = "causation";
    /// The W3C trace context.
    pub const TRACEPARENT: &str = "traceparent";
}

/// A `cqrs_es` event store over a journal. Aggregate ids are texts of the schema's ids; of the control plane's
/// own `definition.<service>`, `instance.<service>.<instance>`, `leadership.<service>.<group>`.
///
/// # Examples
/// ```
/// use aegis_sdk::domain::Schema;
/// use aegis_sdk::journal::cqrs::CqrsStore;
/// use aegis_sdk::{Connection, Journal};
///
/// fn store<S: Schema>(connection: &Connection) -> CqrsStore<S> {
///     CqrsStore::new(Journal::of(connection))
/// }
/// ```
#[derive(Debug, Clone)]
pub struct CqrsStore<S: Schema = Registry> {
    journal: Journal<S>,
}

/// What a commit needs to know of what was loaded.
#[derive(Debug)]
pub struct CqrsContext<A: Aggregate> {
    id: <A::Schema as Schema>::Id,
    aggregate: Cqrs<A>,
    head: Head,
}

impl<S: Schema> CqrsStore<S> {
    /// A store over this journal.
    #[must_use]
    pub fn new(journal: Journal<S>) -> Self {
        Self { journal }
    }
}

impl<A> AggregateContext<Cqrs<A>> for CqrsContext<A>
where
    A: Aggregate + PartialEq,
    A::Event: Serialize + DeserializeOwned,
{
    fn aggregate(&mut self) -> &mut Cqrs<A> {
        &mut self.aggregate
    }
}

impl<A> EventStore<Cqrs<A>> for CqrsStore<A::Schema>
where
    A: Aggregate + PartialEq,
    A::Command: Sync,
    A::Event: Serialize + DeserializeOwned,
{
    type AC = CqrsContext<A>;

    async fn load_events(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<EventEnvelope<Cqrs<A>>>, AggregateError<A::Rejection>> {
        let events = self.journal.events(&id::<A>(aggregate_id)?).await.map_err(unreadable)?;
        Ok(envelopes(events))
    }

    async fn load_aggregate(&self, aggregate_id: &str) -> Result<Self::AC, AggregateError<A::Rejection>> {
        let id = id::<A>(aggregate_id)?;
        let loaded = self.journal.load::<A>(&id).await.map_err(unreadable)?;
        Ok(CqrsContext { id, aggregate: Cqrs(loaded.state), head: loaded.head })
    }

    async fn commit(
        &self,
        events: Vec<CqrsEvent<A>>,
        context: Self::AC,
        mut metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<Cqrs<A>>>, AggregateError<A::Rejection>> {
        let actor = metadata.get(ACTOR).map_or_else(|| Actor::system("cqrs"), |a| Actor::from_wire(a));
        let events = events.into_iter().map(|CqrsEvent(event)| event.into()).collect();
        let written = Context {
            correlation: metadata.remove(CORRELATION),
            causation: metadata.remove(CAUSATION),
            traceparent: metadata.remove(TRACEPARENT),
            ..Context::new(actor, chrono::Utc::now())
        };
        let recorded =
            self.journal.append(&context.id, context.head, events, &written).await.map_err(unwritten)?;
        Ok(envelopes(recorded))
    }
}

fn id<A: Aggregate>(id: &str) -> Result<<A::Schema as Schema>::Id, AggregateError<A::Rejection>> {
    id.parse().map_err(|_unreadable| {
        AggregateError::UnexpectedError(format!("{id:?} names no aggregate of this journal").into())
    })
}

fn envelopes<A>(events: Vec<Recorded<A::Schema>>) -> Vec<EventEnvelope<Cqrs<A>>>
where
    A: Aggregate + PartialEq,
    A::Event: Serialize + DeserializeOwned,
{
    let envelope = |recorded: Recorded<A::Schema>| {
        let payload = CqrsEvent(A::event(&recorded.envelope.event)?.clone());
        let context = recorded.envelope.context;
        let optional = [
            (CORRELATION, context.correlation),
            (CAUSATION, context.causation),
            (TRACEPARENT, context.traceparent),
        ];
        let optional = optional.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
        Some(EventEnvelope {
            aggregate_id: recorded.envelope.aggregate.to_string(),
            sequence: usize::try_from(recorded.envelope.version.get()).ok()?,
            payload,
            metadata: optional.chain([(ACTOR.to_owned(), context.actor.to_string())]).collect(),
        })
    };
    events.into_iter().filter_map(envelope).collect()
}

fn unreadable<E: std::error::Error>(error: LoadError) -> AggregateError<E> {
    match error {
        LoadError::Unavailable { source } => AggregateError::DatabaseConnectionError(source),
        missing @ LoadError::Missing { .. } => AggregateError::DatabaseConnectionError(missing.into()),
        LoadError::Undecodable { source, .. } => AggregateError::DeserializationError(source.into()),
    }
}

fn unwritten<E: std::error::Error>(error: AppendError) -> AggregateError<E> {
    match error {
        AppendError::Conflict => AggregateError::AggregateConflict,
        AppendError::Ambiguous => AggregateError::DatabaseConnectionError(error.into()),
        AppendError::Refused { source } => AggregateError::DatabaseConnectionError(source),
        AppendError::TooMany { .. } => AggregateError::UnexpectedError(error.into()),
        AppendError::Encode { source } => AggregateError::UnexpectedError(source.into()),
    }
}
