//! The schema of the control plane's own aggregates.

use super::{Schema, Unreadable, read_partly, to_tagged};
use crate::aggregate::leadership::LeadershipEvent;
use crate::event::Entry;
use crate::wire::{DecodeError, Namespace};
use crate::{AggregateId, Event, EventId};

/// Definitions, instances, leaderships and the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registry;

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

pub(super) fn entry_of(event_type: &str) -> Result<&'static Entry, DecodeError> {
    let unknown = || DecodeError::UnknownType { event_type: event_type.to_owned() };
    let (stem, version) = event_type.rsplit_once(".v").ok_or_else(unknown)?;
    let (kind, name) =
        stem.strip_prefix("aegis.").and_then(|rest| rest.split_once('.')).ok_or_else(unknown)?;
    let entry = Entry::find(kind, name).ok_or_else(unknown)?;
    match version.parse::<u32>() {
        // One form only: no sign, no leading zero.
        Ok(number) if number.to_string() != version => Err(unknown()),
        Ok(number) if number == entry.version => Ok(entry),
        Ok(number) if number > entry.version => {
            Err(DecodeError::FutureVersion { event_type: event_type.to_owned() })
        }
        Ok(_) | Err(_) => Err(unknown()),
    }
}
