//! Aggregates and the journal in the shape of `cqrs_es`, for programs that build on that framework.

mod store;

use aegis_domain::{Aggregate, Schema};
use cqrs_es::DomainEvent;
use cqrs_es::event_sink::EventSink;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use store::{CqrsContext, CqrsStore, metadata};

/// A thin layer: an aggregate in the shape that `cqrs_es` asks for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent, bound = "A: Aggregate")]
pub struct Cqrs<A>(pub A);

/// An event of an aggregate, in that shape. Its type and version are those that the schema gives it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent, bound(serialize = "A::Event: Serialize", deserialize = "A::Event: DeserializeOwned"))]
pub struct CqrsEvent<A: Aggregate>(pub A::Event);

impl<A> cqrs_es::Aggregate for Cqrs<A>
where
    A: Aggregate + PartialEq,
    A::Event: Serialize + DeserializeOwned,
{
    const TYPE: &'static str = A::KIND;
    type Command = A::Command;
    type Event = CqrsEvent<A>;
    type Error = A::Rejection;
    type Services = ();

    async fn handle(
        &mut self,
        command: Self::Command,
        (): &Self::Services,
        sink: &EventSink<Self>,
    ) -> Result<(), Self::Error> {
        for event in self.0.decide(command)? {
            sink.write(CqrsEvent(event), self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Self::Event) {
        self.0.evolve(&event.0);
    }
}

impl<A> DomainEvent for CqrsEvent<A>
where
    A: Aggregate + PartialEq,
    A::Event: Serialize + DeserializeOwned,
{
    fn event_type(&self) -> String {
        A::Schema::event_type(&self.0.clone().into())
    }

    fn event_version(&self) -> String {
        self.event_type().rsplit_once(".v").map(|(_, version)| version.to_owned()).unwrap_or_default()
    }
}
