//! The four aggregates: a pure `decide` that turns a command into events or a refusal, and a total
//! `evolve` that folds one event into the state.

pub mod definition;
pub mod installation;
pub mod instance;
pub mod leadership;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Event, GroupName, InstanceName, ServiceName};

pub use definition::Definition;
pub use installation::Installation;
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
    /// The installation as a whole.
    Installation,
}

impl AggregateKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Definition, Self::Instance, Self::Leadership, Self::Installation];

    /// The token that stands for the kind in subjects and event types.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Definition => "definition",
            Self::Instance => "instance",
            Self::Leadership => "leadership",
            Self::Installation => "installation",
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
    /// The installation as a whole: there is one.
    Installation,
}

impl AggregateId {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> AggregateKind {
        match self {
            Self::Definition(_) => AggregateKind::Definition,
            Self::Instance(..) => AggregateKind::Instance,
            Self::Leadership(..) => AggregateKind::Leadership,
            Self::Installation => AggregateKind::Installation,
        }
    }

    /// The service that it concerns, if it concerns one alone.
    #[must_use]
    pub fn service(&self) -> Option<&ServiceName> {
        match self {
            Self::Definition(service) | Self::Instance(service, _) | Self::Leadership(service, _) => {
                Some(service)
            }
            Self::Installation => None,
        }
    }
}

/// `<kind>.<id…>`, the last tokens of its subject; the installation has no id.
impl fmt::Display for AggregateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind().as_str();
        match self {
            Self::Definition(service) => write!(f, "{kind}.{service}"),
            Self::Instance(service, instance) => write!(f, "{kind}.{service}.{instance}"),
            Self::Leadership(service, group) => write!(f, "{kind}.{service}.{group}"),
            Self::Installation => f.write_str(kind),
        }
    }
}
