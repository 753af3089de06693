//! The journal as a `cqrs_es` event store.

use std::collections::HashMap;

use aegis_domain::aggregate::{Definition, Instance, Leadership};
use aegis_domain::{Actor, Aggregate, AggregateId, Context, Cqrs, Recorded};
use cqrs_es::{AggregateContext, AggregateError, EventEnvelope, EventStore};

use super::error::{AppendError, LoadError};
use super::{Head, Journal};

/// The key in the metadata of a commit that names the actor.
pub const ACTOR: &str = "actor";

/// A `cqrs_es` event store over the journal. Aggregate ids are those of the wire:
/// `definition.<service>`, `instance.<service>.<instance>`, `leadership.<service>.<group>`.
#[derive(Debug, Clone)]
pub struct CqrsStore {
    journal: Journal,
}

/// What a commit needs to know of what was loaded.
#[derive(Debug)]
pub struct CqrsContext<A> {
    id: AggregateId,
    aggregate: Cqrs<A>,
    head: Head,
}

impl CqrsStore {
    /// A store over this journal.
    #[must_use]
    pub fn new(journal: Journal) -> Self {
        Self { journal }
    }

    fn id<E: std::error::Error>(&self, id: &str) -> Result<AggregateId, AggregateError<E>> {
        let namespace = self.journal.namespace();
        let subject = format!("{}.event.{id}", namespace.as_str());
        namespace.parse_event_subject(&subject).ok_or_else(|| {
            AggregateError::UnexpectedError(
                format!("{id:?} names no aggregate: use definition.<service>, instance.<service>.<instance> or leadership.<service>.<group>").into(),
            )
        })
    }
}

macro_rules! event_store {
    ($aggregate:ty) => {
        impl AggregateContext<Cqrs<$aggregate>> for CqrsContext<$aggregate> {
            fn aggregate(&mut self) -> &mut Cqrs<$aggregate> {
                &mut self.aggregate
            }
        }

        impl EventStore<Cqrs<$aggregate>> for CqrsStore {
            type AC = CqrsContext<$aggregate>;

            async fn load_events(
                &self,
                aggregate_id: &str,
            ) -> Result<
                Vec<EventEnvelope<Cqrs<$aggregate>>>,
                AggregateError<<$aggregate as Aggregate>::Rejection>,
            > {
                let events = self.journal.events(&self.id(aggregate_id)?).await.map_err(unreadable)?;
                Ok(envelopes::<$aggregate, Cqrs<$aggregate>>(events))
            }

            async fn load_aggregate(
                &self,
                aggregate_id: &str,
            ) -> Result<Self::AC, AggregateError<<$aggregate as Aggregate>::Rejection>> {
                let id = self.id(aggregate_id)?;
                let loaded = self.journal.load::<$aggregate>(&id).await.map_err(unreadable)?;
                Ok(CqrsContext { id, aggregate: Cqrs(loaded.state), head: loaded.head })
            }

            async fn commit(
                &self,
                events: Vec<<$aggregate as Aggregate>::Event>,
                context: Self::AC,
                metadata: HashMap<String, String>,
            ) -> Result<
                Vec<EventEnvelope<Cqrs<$aggregate>>>,
                AggregateError<<$aggregate as Aggregate>::Rejection>,
            > {
                let actor =
                    metadata.get(ACTOR).map_or_else(|| Actor::system("cqrs"), |a| Actor::from_wire(a));
                let events = events.into_iter().map(Into::into).collect();
                let written = Context::new(actor, chrono::Utc::now());
                let recorded = self
                    .journal
                    .append(&context.id, context.head, events, &written)
                    .await
                    .map_err(unwritten)?;
                Ok(envelopes::<$aggregate, Cqrs<$aggregate>>(recorded))
            }
        }
    };
}

event_store!(Definition);
event_store!(Instance);
event_store!(Leadership);

fn envelopes<A, C>(events: Vec<Recorded>) -> Vec<EventEnvelope<C>>
where
    A: Aggregate,
    C: cqrs_es::Aggregate<Event = A::Event>,
{
    let envelope = |recorded: Recorded| {
        let payload = A::event(&recorded.envelope.event)?.clone();
        Some(EventEnvelope {
            aggregate_id: recorded.envelope.aggregate.to_string(),
            sequence: usize::try_from(recorded.envelope.version.get()).ok()?,
            payload,
            metadata: HashMap::from([(ACTOR.to_owned(), recorded.envelope.context.actor.to_string())]),
        })
    };
    events.into_iter().filter_map(envelope).collect()
}

fn unreadable<E: std::error::Error>(error: LoadError) -> AggregateError<E> {
    match error {
        LoadError::Unavailable { source } => AggregateError::DatabaseConnectionError(source),
        LoadError::Undecodable { source, .. } => AggregateError::DeserializationError(source.into()),
    }
}

fn unwritten<E: std::error::Error>(error: AppendError) -> AggregateError<E> {
    match error {
        AppendError::Conflict => AggregateError::AggregateConflict,
        AppendError::Ambiguous => AggregateError::DatabaseConnectionError(error.into()),
        AppendError::Refused { source } => AggregateError::DatabaseConnectionError(source),
        AppendError::Encode { source } => AggregateError::UnexpectedError(source.into()),
    }
}
