//! The four aggregates: a pure `decide` that turns a command into events or a refusal, and a total
//! `evolve` that folds one event into the state.

pub mod definition;
pub mod event;
pub mod installation;
pub mod instance;
pub mod leadership;
mod lenient;
pub mod plan;
pub mod policy;
mod registry;

use std::fmt;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{ErrorCode, GroupName, InstanceName, Schema, ServiceName};

use definition::DefinitionEvent;
use installation::InstallationEvent;
use instance::InstanceEvent;
use leadership::LeadershipEvent;

pub use definition::Definition;
pub use installation::Installation;
pub use instance::Instance;
pub use leadership::Leadership;
pub use lenient::{Partly, read_partly};

/// A consistency boundary: one subject of the journal, one writer at a time.
///
/// The state is written as JSON where it is kept as a snapshot, and nowhere else.
///
/// # Examples
/// ```
/// # use aegis_domain::schema::{from_tagged, to_tagged};
/// # use aegis_domain::wire::DecodeError;
/// use aegis_domain::{Aggregate, GroupName, Schema};
/// use serde::{Deserialize, Serialize};
/// # /// The journal `counters`, whose aggregates are named like groups.
/// # #[derive(Debug, Clone, Copy, PartialEq)]
/// # struct Counters;
/// #
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
/// # #[serde(rename_all = "snake_case")]
/// # enum Event {
/// #     Counted { by: u64 },
/// # }
/// #
/// # impl Schema for Counters {
/// #     type Id = GroupName;
/// #     type Event = Event;
/// #
/// #     const NAME: &'static str = "counters";
/// #
/// #     fn event_type(event: &Event) -> String {
/// #         match event {
/// #             Event::Counted { .. } => "counters.counted.v1".to_owned(),
/// #         }
/// #     }
/// #
/// #     fn write(event: &Event) -> Result<Vec<u8>, serde_json::Error> {
/// #         to_tagged(event)
/// #     }
/// #
/// #     fn read(_id: &GroupName, event_type: &str, body: &[u8]) -> Result<Event, DecodeError> {
/// #         match event_type {
/// #             "counters.counted.v1" => {
/// #                 from_tagged("counted", body).map_err(|error| DecodeError::Body { detail: error.to_string() })
/// #             }
/// #             other => Err(DecodeError::UnknownType { event_type: other.to_owned() }),
/// #         }
/// #     }
/// # }
///
/// #[derive(Debug, thiserror::Error, PartialEq)]
/// #[error("{0} is the most that can be counted")]
/// struct Full(u64);
///
/// #[derive(Debug, Clone, Default, Serialize, Deserialize)]
/// struct Counter {
///     count: u64,
/// }
///
/// impl Aggregate for Counter {
///     type Schema = Counters;
///     type Command = u64;
///     type Event = Event;
///     type Rejection = Full;
///
///     const KIND: &'static str = "counter";
///
///     fn decide(&self, by: u64) -> Result<Vec<Event>, Full> {
///         self.count.checked_add(by).ok_or(Full(u64::MAX))?;
///         Ok(vec![Event::Counted { by }])
///     }
///
///     fn evolve(&mut self, Event::Counted { by }: &Event) {
///         self.count = self.count.saturating_add(*by);
///     }
///
///     fn event(event: &Event) -> Option<&Event> {
///         Some(event)
///     }
/// }
///
/// let counter = Counter::replay(&Counter::default().decide(5)?);
/// assert_eq!(counter.count, 5);
/// assert_eq!(counter.decide(u64::MAX), Err(Full(u64::MAX)));
/// # Ok::<(), Full>(())
/// ```
pub trait Aggregate: Default + Clone + fmt::Debug + Serialize + DeserializeOwned + Send + Sync {
    /// The schema that it belongs to.
    type Schema: Schema;
    /// What may be asked of it.
    type Command: Send;
    /// What happened to it.
    type Event: Clone + fmt::Debug + PartialEq + Send + Sync + Into<<Self::Schema as Schema>::Event>;
    /// Why a command was refused. Nothing is recorded then.
    type Rejection: std::error::Error + PartialEq + Send + Sync + 'static;

    /// The name of this kind of aggregate, `leadership`.
    const KIND: &'static str;
    /// How snapshots of it are kept, for aggregates that grow long; `None` for one that never does.
    const SNAPSHOTS: Option<Snapshots> = Some(Snapshots { every: 100, shape: Shape::Build });

    /// Decides what happens. No event at all means that the state already is as asked.
    ///
    /// # Errors
    /// The rejection that says why the command cannot be carried out in this state.
    fn decide(&self, command: Self::Command) -> Result<Vec<Self::Event>, Self::Rejection>;

    /// The code by which callers know a rejection. As it stands, `INVALID_INPUT` for all of them.
    fn code(_rejection: &Self::Rejection) -> &'static str {
        ErrorCode::InvalidInput.as_str()
    }

    /// Folds one event into the state. Total: every event is accepted in every state, because the log
    /// is the record and what it says has happened.
    fn evolve(&mut self, event: &Self::Event);

    /// The event, if it is one of this aggregate.
    fn event(event: &<Self::Schema as Schema>::Event) -> Option<&Self::Event>;

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

/// Any event of the control plane.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Of a definition.
    Definition(DefinitionEvent),
    /// Of an instance.
    Instance(InstanceEvent),
    /// Of a leadership.
    Leadership(LeadershipEvent),
    /// Of the installation as a whole.
    Installation(InstallationEvent),
}

/// The schema of the control plane: definitions, instances, leaderships and the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registry;

/// How snapshots of an aggregate are kept. They only save reading: without one, and with one of another
/// shape, all events are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshots {
    /// A new one is kept once so many events have come after the last.
    pub every: u64,
    /// Which snapshots this program may go on from.
    pub shape: Shape,
}

/// What tells a snapshot that fits this program from one that another state or another fold has made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The very build of the program: another one reads all events once, and keeps its own. Nothing has to be remembered when
    /// the state or its fold changes; while two builds run side by side, each replaces what the other keeps.
    Build,
    /// A number, raised with every change of the state's shape or of its fold. Programs of several builds go on from each
    /// other's.
    Version(u32),
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

/// A text that names no aggregate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{value:?} names no aggregate: use definition.<service>, instance.<service>.<instance>, leadership.<service>.<group> or installation"
)]
pub struct InvalidAggregateId {
    /// The text, cut to 80 characters.
    pub value: String,
}

/// Reads what `Display` writes.
impl FromStr for AggregateId {
    type Err = InvalidAggregateId;

    fn from_str(value: &str) -> Result<Self, InvalidAggregateId> {
        parse(value).ok_or_else(|| InvalidAggregateId { value: value.chars().take(80).collect() })
    }
}

fn parse(value: &str) -> Option<AggregateId> {
    let mut tokens = value.split('.');
    let kind = tokens.next()?;
    let kind = AggregateKind::ALL.into_iter().find(|k| k.as_str() == kind)?;
    let mut service = || ServiceName::new(tokens.next()?).ok();
    let aggregate = match kind {
        AggregateKind::Definition => AggregateId::Definition(service()?),
        AggregateKind::Instance => AggregateId::Instance(service()?, InstanceName::new(tokens.next()?).ok()?),
        AggregateKind::Leadership => {
            AggregateId::Leadership(service()?, GroupName::new(tokens.next()?).ok()?)
        }
        AggregateKind::Installation => AggregateId::Installation,
    };
    tokens.next().is_none().then_some(aggregate)
}
