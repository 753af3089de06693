//! An instance as the log has it.

use aegis_domain::aggregate::instance::{InstanceEvent, Liveness, Status};
use aegis_domain::aggregate::{Aggregate, Instance};
use aegis_domain::{InstanceName, Sequence, ServiceName};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::flapping;
use crate::fact::Fact;

/// An instance: its own account of its life, and whether it is heard of, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum InstanceStatus {
    /// Made, not started.
    Init,
    /// Connecting and registering.
    Starting,
    /// Serving.
    Running,
    /// Finishing what is in flight.
    Draining,
    /// Running its stop hooks.
    Stopping,
    /// Ended cleanly.
    Stopped,
    /// Ended by an error.
    Failed,
    /// Several heartbeats are missing.
    Unhealthy,
    /// Its record has run out.
    Expired,
    /// A status that this version does not know; the reason tells what the event says.
    Unknown,
}

impl InstanceStatus {
    /// Whether the life is over.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            Self::Stopped | Self::Failed | Self::Expired => true,
            Self::Init
            | Self::Starting
            | Self::Running
            | Self::Draining
            | Self::Stopping
            | Self::Unhealthy
            | Self::Unknown => false,
        }
    }

    fn of(instance: &Instance) -> Self {
        match (instance.status, instance.liveness) {
            (Status::Stopped, _) => Self::Stopped,
            (Status::Failed, _) => Self::Failed,
            (_, Liveness::Expired) => Self::Expired,
            (_, Liveness::Unhealthy) => Self::Unhealthy,
            (Status::Init, Liveness::Alive) => Self::Init,
            (Status::Starting, Liveness::Alive) => Self::Starting,
            (Status::Running, Liveness::Alive) => Self::Running,
            (Status::Draining, Liveness::Alive) => Self::Draining,
            (Status::Stopping, Liveness::Alive) => Self::Stopping,
            (Status::Unknown, Liveness::Alive) => Self::Unknown,
        }
    }
}

/// An instance as the log has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InstanceView {
    /// Its service.
    pub service: ServiceName,
    /// Its name.
    pub instance: InstanceName,
    /// The aggregate's state.
    pub state: Instance,
    /// The state in one word.
    pub status: InstanceStatus,
    /// Why, when there is more to say.
    pub reason: Option<String>,
    /// When the status last changed.
    pub status_since: DateTime<Utc>,
    /// When this life began.
    pub registered_at: DateTime<Utc>,
    /// The event that began it: one life is told from another by this, and by no clock.
    pub registered_sequence: Sequence,
    /// The last times that it recovered in this life, oldest first: as many as tell whether it flaps.
    pub recoveries: Vec<DateTime<Utc>>,
    /// The last event that changed it.
    pub sequence: Sequence,
}

impl InstanceView {
    /// Whether it goes silent and comes back again and again, at this moment. It clears by itself.
    #[must_use]
    pub fn is_flapping(&self, now: DateTime<Utc>) -> bool {
        self.state.is_alive() && flapping::is_flapping(&self.recoveries, now)
    }

    /// Whether it speaks the wire of the Python SDK.
    #[must_use]
    pub fn is_legacy(&self) -> bool {
        self.state.registration.as_ref().is_some_and(|registration| registration.legacy)
    }

    /// The view after this event.
    #[must_use]
    pub fn fold(
        before: Option<Self>,
        service: &ServiceName,
        instance: &InstanceName,
        event: &InstanceEvent,
        fact: &Fact<'_>,
    ) -> Self {
        match before {
            Some(mut view) => {
                view.evolve(event, fact);
                view
            }
            None => Self::begin(service, instance, event, fact),
        }
    }

    /// The view after the first event that is known of the instance.
    #[must_use]
    pub fn begin(
        service: &ServiceName,
        instance: &InstanceName,
        event: &InstanceEvent,
        fact: &Fact<'_>,
    ) -> Self {
        let (mut state, mut recoveries) = (Instance::default(), vec![]);
        state.evolve(event);
        recover(&mut recoveries, event, fact.time);
        Self {
            service: service.clone(),
            instance: instance.clone(),
            status: InstanceStatus::of(&state),
            reason: reason(event),
            status_since: fact.time,
            registered_at: fact.time,
            registered_sequence: fact.sequence,
            recoveries,
            sequence: fact.sequence,
            state,
        }
    }

    /// Folds a later event into it.
    pub fn evolve(&mut self, event: &InstanceEvent, fact: &Fact<'_>) {
        self.state.evolve(event);
        let status = InstanceStatus::of(&self.state);
        let begins = matches!(event, InstanceEvent::Registered(_));
        if begins || status != self.status {
            (self.status, self.status_since, self.reason) = (status, fact.time, reason(event));
        }
        if begins {
            (self.registered_at, self.registered_sequence) = (fact.time, fact.sequence);
        }
        recover(&mut self.recoveries, event, fact.time);
        self.sequence = fact.sequence;
    }
}

/// Keeps count of what makes an instance flap.
fn recover(recoveries: &mut Vec<DateTime<Utc>>, event: &InstanceEvent, time: DateTime<Utc>) {
    match event {
        InstanceEvent::Registered(_) => recoveries.clear(),
        InstanceEvent::Recovered {} => flapping::recovered(recoveries, time),
        InstanceEvent::StatusChanged { .. }
        | InstanceEvent::ConfigurationReported { .. }
        | InstanceEvent::Unhealthy { .. }
        | InstanceEvent::DrainRequested { .. }
        | InstanceEvent::Conflicted { .. }
        | InstanceEvent::ConflictEnded {}
        | InstanceEvent::Deregistered { .. }
        | InstanceEvent::Expired { .. }
        | InstanceEvent::Forgotten { .. } => {}
    }
}

fn reason(event: &InstanceEvent) -> Option<String> {
    match event {
        InstanceEvent::StatusChanged { reason, .. } => reason.clone(),
        InstanceEvent::Unhealthy { missed: 0, reason: Some(reason), .. } => Some(reason.clone()),
        InstanceEvent::Unhealthy { missed: 0, reason: None, .. } => {
            Some("it calls itself unhealthy".to_owned())
        }
        InstanceEvent::Unhealthy { missed, .. } => Some(format!("{missed} heartbeats are missing")),
        InstanceEvent::Expired { .. } => Some("it was silent, and its registration ran out".to_owned()),
        InstanceEvent::Deregistered { reason }
        | InstanceEvent::DrainRequested { reason }
        | InstanceEvent::Forgotten { reason } => Some(reason.clone()),
        InstanceEvent::Registered(_)
        | InstanceEvent::Conflicted { .. }
        | InstanceEvent::ConflictEnded {}
        | InstanceEvent::ConfigurationReported { .. }
        | InstanceEvent::Recovered {} => None,
    }
}
