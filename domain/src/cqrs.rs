//! The aggregates as `cqrs_es` aggregates, for whoever builds on that framework.

use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use crate::aggregate::{Definition, Installation, Instance, Leadership};
use crate::{Aggregate, Event};

/// A thin layer: one of our aggregates in the shape that `cqrs_es` asks for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cqrs<A>(pub A);

macro_rules! cqrs_aggregate {
    ($aggregate:ty, $kind:literal) => {
        impl cqrs_es::DomainEvent for <$aggregate as Aggregate>::Event {
            fn event_type(&self) -> String {
                Event::from(self.clone()).event_type()
            }

            fn event_version(&self) -> String {
                Event::from(self.clone()).entry().version.to_string()
            }
        }

        impl cqrs_es::Aggregate for Cqrs<$aggregate> {
            const TYPE: &'static str = $kind;
            type Command = <$aggregate as Aggregate>::Command;
            type Event = <$aggregate as Aggregate>::Event;
            type Error = <$aggregate as Aggregate>::Rejection;
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
    };
}

cqrs_aggregate!(Definition, "definition");
cqrs_aggregate!(Instance, "instance");
cqrs_aggregate!(Leadership, "leadership");
cqrs_aggregate!(Installation, "installation");
