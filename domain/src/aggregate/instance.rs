//! One running instance: its life from registration to its end, and whether it is heard of.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Aggregate, Event, Registry, Shape, Snapshots};
use crate::text::{InvalidLine, check_reason};
use crate::{ErrorCode, GroupName, LifeId, Version};

/// Where an instance is in its life, by its own account.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Made, not started.
    #[default]
    Init,
    /// Connecting, registering, running its start hooks.
    Starting,
    /// Serving.
    Running,
    /// Finishing what is in flight; takes nothing new.
    Draining,
    /// Running its stop hooks.
    Stopping,
    /// Ended cleanly.
    Stopped,
    /// Ended by an error.
    Failed,
    /// A status that this version does not know. Nothing follows from it but that the life goes on.
    #[schemars(skip)]
    Unknown,
}

impl Status {
    /// All that this version knows.
    pub const ALL: [Self; 7] = [
        Self::Init,
        Self::Starting,
        Self::Running,
        Self::Draining,
        Self::Stopping,
        Self::Stopped,
        Self::Failed,
    ];

    /// Whether the life is over.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            Self::Stopped | Self::Failed => true,
            Self::Init | Self::Starting | Self::Running | Self::Draining | Self::Stopping | Self::Unknown => {
                false
            }
        }
    }

    /// Whether the life may go on to `next`: forward only, and to `Failed` from anywhere. Where it is is
    /// not known, it may go anywhere.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        !self.is_final() && (next == Self::Failed || next > self || self == Self::Unknown)
    }

    /// The name used on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Init => "INIT",
            Self::Starting => "STARTING",
            Self::Running => "RUNNING",
            Self::Draining => "DRAINING",
            Self::Stopping => "STOPPING",
            Self::Stopped => "STOPPED",
            Self::Failed => "FAILED",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// Whether an instance is alive, unhealthy or expired, as the control plane judges it by its heartbeats.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Liveness {
    /// Its heartbeats arrive.
    #[default]
    #[serde(rename = "HEARD")]
    Alive,
    /// Several heartbeats are missing.
    Unhealthy,
    /// Its record has run out.
    Expired,
}

/// What an instance says of itself when it registers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Registration {
    /// The version it runs.
    pub version: Version,
    /// The groups it stands for election in.
    #[serde(default)]
    pub groups: Vec<GroupName>,
    /// Free labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// How often it sends a heartbeat, in milliseconds.
    pub heartbeat_ms: u64,
    /// How long its record lives without a refresh, in milliseconds.
    pub record_ttl_ms: u64,
    /// Whether it speaks the wire of the Python SDK, so that the control plane records its life for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub legacy: bool,
    /// The life that begins; none of an instance that does not tell lives apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub life: Option<LifeId>,
}

/// A configuration, secrets masked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Configuration {
    /// The value of each field.
    pub values: serde_json::Value,
    /// Where each is from: `default`, `file`, `environment`, `program`, `definition`.
    pub sources: BTreeMap<String, String>,
}

impl<T: Into<serde_json::Value>> From<T> for Configuration {
    fn from(values: T) -> Self {
        Self { values: values.into(), sources: BTreeMap::new() }
    }
}

/// What may be asked of an instance.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Begin a life; also after an end, or instead of one that was never recorded.
    Register(Registration),
    /// Record that an instance which cannot do so itself runs; of one that is alive there is nothing to say.
    Adopt(Registration),
    /// Go on to another status.
    ChangeStatus {
        /// The new status.
        to: Status,
        /// Why, where there is more to say.
        reason: Option<String>,
    },
    /// Report the configuration in force, secrets masked.
    ReportConfiguration(Configuration),
    /// Record that heartbeats are missing, or that the instance calls itself unhealthy.
    MarkUnhealthy {
        /// When the last one came, if any did.
        last_beat: Option<DateTime<Utc>>,
        /// How many are missing; none when it says so itself.
        missed: u32,
        /// Why, when it says so itself.
        reason: Option<String>,
    },
    /// Record that heartbeats arrive again.
    Recover,
    /// Ask the instance to drain.
    RequestDrain {
        /// Why.
        reason: String,
    },
    /// Carry this out if the instance still is in this life: another process may have begun one under its name. What is
    /// over says nothing any more.
    InLife {
        /// The life.
        life: LifeId,
        /// What is asked.
        command: Box<Command>,
    },
    /// Record that a process of another life still runs under the name.
    ReportConflict {
        /// Its life.
        life: LifeId,
    },
    /// Record that the process of that life is gone, of which a conflict was told.
    EndConflict {
        /// Its life.
        life: LifeId,
    },
    /// Begin a life in the place of that one, whose process is gone: another of the name still runs.
    Succeed {
        /// The life that is over.
        life: LifeId,
        /// The one that begins.
        registration: Registration,
    },
    /// Record a clean end.
    Deregister {
        /// Why.
        reason: String,
    },
    /// Record that the record has run out.
    Expire {
        /// When the last heartbeat came, if any did.
        last_beat: Option<DateTime<Utc>>,
    },
    /// Take an ended instance out of the registry before its time.
    Forget {
        /// Why.
        reason: String,
    },
}

/// What happened to an instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InstanceEvent {
    /// A life began.
    Registered(Registration),
    /// It went on to another status.
    StatusChanged {
        /// From here.
        from: Status,
        /// To here.
        to: Status,
        /// Why, where there is more to say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// It told its configuration, secrets masked.
    ConfigurationReported {
        /// The configuration in force.
        configuration: serde_json::Value,
        /// Where the value of each of its fields is from: `default`, `file`, `environment`, `program`, `definition`.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        sources: BTreeMap<String, String>,
    },
    /// Several heartbeats were missing, or the instance called itself unhealthy.
    Unhealthy {
        /// When the last one came, if any did.
        last_beat: Option<DateTime<Utc>>,
        /// How many were missing; none when it says so itself.
        missed: u32,
        /// Why, when it says so itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Heartbeats arrived again.
    Recovered {},
    /// Somebody asked it to drain.
    DrainRequested {
        /// Why.
        reason: String,
    },
    /// A process of an earlier life still runs under the name: each process needs a name of its own.
    Conflicted {
        /// The earlier life.
        life: LifeId,
    },
    /// The process of the earlier life has ended.
    ConflictEnded {},
    /// It ended cleanly.
    Deregistered {
        /// Why.
        reason: String,
    },
    /// Its record ran out.
    Expired {
        /// When the last heartbeat came, if any did.
        last_beat: Option<DateTime<Utc>>,
    },
    /// Somebody took it out of the registry after its end.
    Forgotten {
        /// Why.
        reason: String,
    },
}

impl From<InstanceEvent> for Event {
    fn from(event: InstanceEvent) -> Self {
        Self::Instance(event)
    }
}

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Nothing is known of it, or its life is over.
    #[error("the instance is not registered, or has ended: register it first")]
    NotRegistered,
    /// Only what has ended is forgotten.
    #[error("the instance has not ended: drain it, or wait until its record has run out")]
    Alive,
    /// A life only goes forward.
    #[error("an instance cannot go from {from} to {to}", from = from.as_str(), to = to.as_str())]
    IllegalTransition {
        /// From here.
        from: Status,
        /// To there.
        to: Status,
    },
    /// The reason is not fit for the record.
    #[error("reason: {0}")]
    Reason(#[from] InvalidLine),
}

impl Rejection {
    /// The stable code of the refusal.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Reason(_) => ErrorCode::InvalidInput,
            Self::NotRegistered => ErrorCode::InstanceNotFound,
            Self::Alive | Self::IllegalTransition { .. } => ErrorCode::IllegalTransition,
        }
    }
}

/// The state of an instance.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// What it said when it registered; `None` before that.
    pub registration: Option<Registration>,
    /// Where it is in its life.
    pub status: Status,
    /// Whether its heartbeats arrive. Stored as `hearing`.
    #[serde(rename = "hearing")]
    pub liveness: Liveness,
    /// Whether somebody asked it to drain.
    pub drain_requested: bool,
    /// The configuration it reported last.
    pub configuration: Option<serde_json::Value>,
    /// Where the value of each of its fields is from, as far as it said so.
    #[serde(default)]
    pub configuration_sources: BTreeMap<String, String>,
    /// The earlier life of which a process still runs under the same name.
    #[serde(default)]
    pub conflict: Option<LifeId>,
}

impl Instance {
    /// Whether its life goes on, as far as the log knows.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.registration.is_some() && !self.status.is_final() && self.liveness != Liveness::Expired
    }

    /// The life that it is in, if it tells.
    #[must_use]
    pub fn life(&self) -> Option<LifeId> {
        self.registration.as_ref()?.life
    }

    fn alive(&self) -> Result<(), Rejection> {
        if self.is_alive() { Ok(()) } else { Err(Rejection::NotRegistered) }
    }
}

impl Aggregate for Instance {
    type Schema = Registry;
    type Command = Command;
    type Event = InstanceEvent;
    type Rejection = Rejection;

    const KIND: &'static str = "instance";
    const SNAPSHOTS: Option<Snapshots> = Some(Snapshots { every: 200, shape: Shape::Version(4) });

    fn decide(&self, command: Command) -> Result<Vec<InstanceEvent>, Rejection> {
        match command {
            Command::Register(registration) => Ok(vec![InstanceEvent::Registered(registration)]),
            Command::Adopt(registration) => Ok(if self.is_alive() {
                vec![]
            } else {
                let (from, to) = (Status::Starting, Status::Running);
                vec![
                    InstanceEvent::Registered(registration),
                    InstanceEvent::StatusChanged { from, to, reason: None },
                ]
            }),
            Command::ChangeStatus { to, reason } => {
                self.alive()?;
                if to == self.status {
                    return Ok(vec![]);
                }
                if !self.status.may_become(to) {
                    return Err(Rejection::IllegalTransition { from: self.status, to });
                }
                Ok(vec![InstanceEvent::StatusChanged { from: self.status, to, reason }])
            }
            Command::ReportConfiguration(configuration) => {
                self.alive()?;
                let Configuration { values, sources } = configuration;
                if self.configuration.as_ref() == Some(&values) && self.configuration_sources == sources {
                    return Ok(vec![]);
                }
                Ok(vec![InstanceEvent::ConfigurationReported { configuration: values, sources }])
            }
            Command::MarkUnhealthy { last_beat, missed, reason } => {
                Ok(match (self.is_alive(), self.liveness) {
                    (true, Liveness::Alive) => vec![InstanceEvent::Unhealthy { last_beat, missed, reason }],
                    (true, Liveness::Unhealthy | Liveness::Expired) | (false, _) => vec![],
                })
            }
            Command::Recover => Ok(match (self.is_alive(), self.liveness) {
                (true, Liveness::Unhealthy) => vec![InstanceEvent::Recovered {}],
                (true, Liveness::Alive | Liveness::Expired) | (false, _) => vec![],
            }),
            Command::RequestDrain { reason } => {
                self.alive()?;
                check_reason(&reason)?;
                Ok(if self.drain_requested { vec![] } else { vec![InstanceEvent::DrainRequested { reason }] })
            }
            Command::InLife { life, command } => match self.life() {
                Some(current) if current != life => {
                    let ends = matches!(*command, Command::Deregister { .. }) && self.conflict == Some(life);
                    Ok(if ends { vec![InstanceEvent::ConflictEnded {}] } else { vec![] })
                }
                Some(_) | None => self.decide(*command),
            },
            Command::ReportConflict { life } => {
                let is_other = self.is_alive() && self.life().is_some_and(|current| current != life);
                let is_new = is_other && self.conflict != Some(life);
                Ok(if is_new { vec![InstanceEvent::Conflicted { life }] } else { vec![] })
            }
            Command::EndConflict { life } => {
                let ends = self.is_alive() && self.conflict == Some(life);
                Ok(if ends { vec![InstanceEvent::ConflictEnded {}] } else { vec![] })
            }
            Command::Succeed { life, registration } => {
                let succeeds = self.is_alive() && self.life() == Some(life);
                Ok(if succeeds { vec![InstanceEvent::Registered(registration)] } else { vec![] })
            }
            Command::Deregister { reason } => {
                Ok(if self.is_alive() { vec![InstanceEvent::Deregistered { reason }] } else { vec![] })
            }
            Command::Expire { last_beat } => {
                Ok(if self.is_alive() { vec![InstanceEvent::Expired { last_beat }] } else { vec![] })
            }
            Command::Forget { reason } => match (&self.registration, self.is_alive()) {
                (Some(_), false) => {
                    check_reason(&reason)?;
                    Ok(vec![InstanceEvent::Forgotten { reason }])
                }
                (Some(_), true) => Err(Rejection::Alive),
                (None, _) => Err(Rejection::NotRegistered),
            },
        }
    }

    fn evolve(&mut self, event: &InstanceEvent) {
        match event {
            InstanceEvent::Registered(registration) => {
                *self = Self {
                    registration: Some(registration.clone()),
                    status: Status::Starting,
                    ..Self::default()
                };
            }
            InstanceEvent::StatusChanged { to, .. } => self.status = *to,
            InstanceEvent::ConfigurationReported { configuration, sources } => {
                self.configuration = Some(configuration.clone());
                self.configuration_sources = sources.clone();
            }
            InstanceEvent::Unhealthy { .. } => self.liveness = Liveness::Unhealthy,
            InstanceEvent::Recovered {} => self.liveness = Liveness::Alive,
            InstanceEvent::DrainRequested { .. } => self.drain_requested = true,
            InstanceEvent::Conflicted { life } => self.conflict = Some(*life),
            InstanceEvent::ConflictEnded {} => self.conflict = None,
            InstanceEvent::Deregistered { .. } => self.status = Status::Stopped,
            InstanceEvent::Expired { .. } => self.liveness = Liveness::Expired,
            InstanceEvent::Forgotten { .. } => *self = Self::default(),
        }
    }

    fn event(event: &Event) -> Option<&InstanceEvent> {
        match event {
            Event::Instance(event) => Some(event),
            Event::Definition(_) | Event::Leadership(_) | Event::Installation(_) => None,
        }
    }
}
