//! Aggregates as `cqrs_es` aggregates, for whoever builds on that framework.

use cqrs_es::DomainEvent;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use crate::aggregate::definition::DefinitionEvent;
use crate::aggregate::installation::InstallationEvent;
use crate::aggregate::instance::InstanceEvent;
use crate::aggregate::leadership::LeadershipEvent;
use crate::{Aggregate, Event};

/// A thin layer: an aggregate in the shape that `cqrs_es` asks for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent, bound = "A: Aggregate")]
pub struct Cqrs<A>(pub A);

impl<A> cqrs_es::Aggregate for Cqrs<A>
where
    A: Aggregate,
    A::Event: DomainEvent,
{
    const TYPE: &'static str = A::KIND;
    type Command = A::Command;
    type Event = A::Event;
    type Error = A::Rejection;
    type Services = ();

    async fn handle(
        &mut self,
        command: Self::Command,
        (): &Self::Services,
        sink: &EventSink<Self>,
    ) -> Result<(), Self::Error> {
        for event in self.0.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Self::Event) {
        self.0.evolve(&event);
    }
}

macro_rules! domain_event {
    ($event:ty) => {
        impl DomainEvent for $event {
            fn event_type(&self) -> String {
                Event::from(self.clone()).event_type()
            }

            fn event_version(&self) -> String {
                Event::from(self.clone()).entry().version.to_string()
            }
        }
    };
}

domain_event!(DefinitionEvent);
domain_event!(InstanceEvent);
domain_event!(LeadershipEvent);
domain_event!(InstallationEvent);
