//! The schema of the control plane's own aggregates.

use super::leadership::LeadershipEvent;
use super::{AggregateId, Event, Registry, read_partly};
use crate::schema::{DecodeError, Schema, Unreadable, to_tagged};
use crate::{EventId, Namespace};

impl Schema for Registry {
    type Id = AggregateId;
    type Event = Event;

    const NAME: &'static str = "registry";
    // A fleet has services of several versions, and none may be kept from starting by an event of a newer one:
    // a registration, an election and an amendment each say all that counts anew.
    const UNREADABLE: Unreadable = Unreadable::PassOver;

    fn stream(namespace: &Namespace) -> String {
        namespace.events_stream()
    }

    fn prefix(namespace: &Namespace) -> String {
        namespace.events_prefix()
    }

    fn event_type(event: &Event) -> String {
        event.event_type()
    }

    fn write(event: &Event) -> Result<Vec<u8>, serde_json::Error> {
        match event {
            Event::Definition(event) => to_tagged(event),
            Event::Instance(event) => to_tagged(event),
            Event::Leadership(event) => to_tagged(event),
            Event::Installation(event) => to_tagged(event),
        }
    }

    fn read(id: &AggregateId, event_type: &str, body: &[u8]) -> Result<Event, DecodeError> {
        read_partly(id, event_type, body).map(|read| read.event)
    }

    /// Elections have ids of their own, so that each recorder of one records the same event.
    fn event_id(id: &AggregateId, event: &Event) -> Option<EventId> {
        match (id, event) {
            (
                AggregateId::Leadership(service, group),
                Event::Leadership(LeadershipEvent::LeaderElected { term, .. }),
            ) => Some(EventId::of_term(service, group, *term)),
            _ => None,
        }
    }
}
