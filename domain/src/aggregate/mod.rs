//! The three aggregates: a pure `decide` that turns a command into events or a refusal, and a total
//! `evolve` that folds one event into the state.

pub mod definition;
pub mod instance;
pub mod leadership;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Event, GroupName, InstanceName, ServiceName};

pub use definition::Definition;
pub use instance::Instance;
pub use leadership::Leadership;

/// A consistency boundary: one subject of the journal, one writer at a time.
pub trait Aggregate: Default + Clone + fmt::Debug {
    /// What may be asked of it.
    type Command;
    /// What happened to it.
    type Event: Clone + fmt::Debug + PartialEq + Into<Event>;
    /// Why a command was refused. Nothing is recorded then.
    type Rejection: std::error::Error + PartialEq;

    /// Decides what happens. No event at all means that the state already is as asked.
    ///
    /// # Errors
    /// The rejection that says why the command cannot be carried out in this state.
    fn decide(&self, command: Self::Command) -> Result<Vec<Self::Event>, Self::Rejection>;

    /// Folds one event into the state. Total: every event is accepted in every state, because the log
    /// is the record and what it says has happened.
    fn evolve(&mut self, event: &Self::Event);

    /// The event, if it is one of this aggregate.
    fn event(event: &Event) -> Option<&Self::Event>;

    /// The state after all of these events.
    fn replay<'a>(events: impl IntoIterator<Item = &'a Self::Event>) -> Self
    where
        Self::Event: 'a,
    {
        let mut state = Self::default();
        for event in events {
            state.evolve(event);
        }
        state
    }
}

/// The kinds of aggregates of the control plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AggregateKind {
    /// What a service is meant to be.
    Definition,
    /// One running instance.
    Instance,
    /// Who leads a group.
    Leadership,
}

impl AggregateKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Definition, Self::Instance, Self::Leadership];

    /// The token that stands for the kind in subjects and event types.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Definition => "definition",
            Self::Instance => "instance",
            Self::Leadership => "leadership",
        }
    }
}

/// Which aggregate an event belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AggregateId {
    /// The definition of a service.
    Definition(ServiceName),
    /// An instance of a service.
    Instance(ServiceName, InstanceName),
    /// The leadership of a group of a service.
    Leadership(ServiceName, GroupName),
}

impl AggregateId {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> AggregateKind {
        match self {
            Self::Definition(_) => AggregateKind::Definition,
            Self::Instance(..) => AggregateKind::Instance,
            Self::Leadership(..) => AggregateKind::Leadership,
        }
    }

    /// The service that it concerns.
    #[must_use]
    pub fn service(&self) -> &ServiceName {
        match self {
            Self::Definition(service) | Self::Instance(service, _) | Self::Leadership(service, _) => service,
        }
    }
}

/// `<kind>.<id…>`, the last tokens of its subject.
impl fmt::Display for AggregateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind().as_str();
        match self {
            Self::Definition(service) => write!(f, "{kind}.{service}"),
            Self::Instance(service, instance) => write!(f, "{kind}.{service}.{instance}"),
            Self::Leadership(service, group) => write!(f, "{kind}.{service}.{group}"),
        }
    }
}
