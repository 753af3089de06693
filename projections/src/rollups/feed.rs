//! The heartbeat stream, decoded.

use aegis_domain::Sequence;
use aegis_domain::wire::heartbeat::Heartbeat;
use aegis_nats::Connection;
use aegis_nats::follow::{Follower, From, Message};

use crate::engine::{Feed, History};

/// The heartbeat stream.
#[derive(Debug, Clone)]
pub(super) struct Heartbeats {
    pub(super) connection: Connection,
}

impl Feed for Heartbeats {
    type Value = Option<Box<Heartbeat>>;

    fn history(&self) -> History {
        History::of(&self.connection, self.connection.namespace().heartbeats_stream())
    }

    fn follow(&self, from: Sequence) -> Follower {
        let stream = self.connection.namespace().heartbeats_stream();
        Follower::start(&self.connection, stream, From::Sequence(from.get()))
    }

    /// What is no heartbeat is passed over; `beats` counts it.
    async fn decode(&self, message: Message) -> Self::Value {
        let (service, instance) = self.connection.namespace().parse_heartbeat_subject(&message.subject)?;
        let heartbeat = Box::new(Heartbeat::read(&message.body, message.recorded_at).ok()?.heartbeat);
        // The subject says who may have written it, so the body has to agree.
        (heartbeat.service == service && heartbeat.instance == instance).then_some(heartbeat)
    }
}
