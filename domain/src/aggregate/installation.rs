//! The installation as a whole: self-preservation, decisions on dead letters and consumers, and the plans of operators.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::plan::{
    Maintenance, MaintenanceEnd, PlanCommand, PlanEvent, PlanRejection, Plans, Switchover, SwitchoverBegin,
    SwitchoverCancel, SwitchoverEnd,
};
use super::{Aggregate, Event, Registry, Snapshots};
use crate::text::{InvalidLine, check_reason};
use crate::{ErrorCode, ServiceName};

/// What may be asked of the installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Record that so many instances fell silent at once that none is marked down.
    EnterSelfPreservation {
        /// How many are silent.
        silent: u32,
        /// Of how many whose life goes on.
        alive: u32,
    },
    /// Record that instances are judged one by one again.
    LeaveSelfPreservation,
    /// Record that a dead letter goes back to where it came from.
    RedriveDeadLetter(Letter),
    /// Record that a dead letter is given up.
    DiscardDeadLetter(Letter),
    /// Record that a consumer of a stream is deleted.
    DeleteConsumer(ConsumerDeletion),
    /// Change what is planned.
    Plan(PlanCommand),
}

/// A dead letter, and why something is done with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Letter {
    /// Its position in the stream of dead letters.
    pub sequence: u64,
    /// When it was put aside, by the server's clock: a stream that was made anew counts from 1 again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
    /// The subject that its message was on before.
    pub subject: String,
    /// Why.
    pub reason: String,
}

impl Letter {
    /// Whether the letter at its position that was put aside then is this one. Without a time, there is no telling.
    #[must_use]
    pub fn may_be_of(&self, at: Option<DateTime<Utc>>) -> bool {
        at.zip(self.at).is_none_or(|(one, other)| one == other)
    }
}

/// A consumer of a stream that is deleted, what it held, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConsumerDeletion {
    /// The stream that it read.
    pub stream: String,
    /// Its name.
    pub consumer: String,
    /// Messages that were waiting for this consumer: no other reader receives them.
    pub pending: u64,
    /// Messages that it was given, and that nobody had acknowledged.
    pub unacknowledged: u64,
    /// Whether somebody read it.
    pub had_reader: bool,
    /// Why.
    pub reason: String,
}

/// What happened to the installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InstallationEvent {
    /// So many instances fell silent at once that none is marked down.
    SelfPreservationEntered {
        /// How many were silent.
        silent: u32,
        /// Of how many whose life went on.
        alive: u32,
    },
    /// Instances are judged one by one again.
    SelfPreservationLeft {},
    /// A dead letter went back to where it came from.
    DeadLetterRedriven(Letter),
    /// A dead letter was given up.
    DeadLetterDiscarded(Letter),
    /// A consumer of a stream was deleted: messages that were waiting for it reach no other reader.
    ConsumerDeleted(ConsumerDeletion),
    /// From now on nobody takes over what an owner of these groups loses. Once more for the same groups it gives another end.
    MaintenanceBegun(Maintenance),
    /// Lost groups are taken over again.
    MaintenanceEnded(MaintenanceEnd),
    /// A group is to be handed over at a time, instead of what was planned for it before.
    SwitchoverScheduled(Switchover),
    /// It is not to be handed over then.
    SwitchoverCancelled(SwitchoverCancel),
    /// The time has come, and a replica has taken it on.
    SwitchoverBegun(SwitchoverBegin),
    /// It was handed over, or not.
    SwitchoverEnded(SwitchoverEnd),
}

impl InstallationEvent {
    /// What happened to a plan, if it is that.
    #[must_use]
    pub fn plan(&self) -> Option<PlanEvent> {
        Some(match self {
            Self::MaintenanceBegun(it) => PlanEvent::MaintenanceBegun(it.clone()),
            Self::MaintenanceEnded(it) => PlanEvent::MaintenanceEnded(it.clone()),
            Self::SwitchoverScheduled(it) => PlanEvent::SwitchoverScheduled(it.clone()),
            Self::SwitchoverCancelled(it) => PlanEvent::SwitchoverCancelled(it.clone()),
            Self::SwitchoverBegun(it) => PlanEvent::SwitchoverBegun(it.clone()),
            Self::SwitchoverEnded(it) => PlanEvent::SwitchoverEnded(it.clone()),
            Self::SelfPreservationEntered { .. }
            | Self::SelfPreservationLeft {}
            | Self::DeadLetterRedriven(_)
            | Self::DeadLetterDiscarded(_)
            | Self::ConsumerDeleted(_) => return None,
        })
    }

    /// The service that it concerns, if it concerns one alone.
    #[must_use]
    pub fn service(&self) -> Option<&ServiceName> {
        match self {
            Self::MaintenanceBegun(it) => Some(&it.scope.service),
            Self::MaintenanceEnded(it) => Some(&it.scope.service),
            Self::SwitchoverScheduled(it) => Some(&it.service),
            Self::SwitchoverCancelled(it) => Some(&it.service),
            Self::SwitchoverBegun(it) => Some(&it.service),
            Self::SwitchoverEnded(it) => Some(&it.service),
            Self::SelfPreservationEntered { .. }
            | Self::SelfPreservationLeft {}
            | Self::DeadLetterRedriven(_)
            | Self::DeadLetterDiscarded(_)
            | Self::ConsumerDeleted(_) => None,
        }
    }
}

impl From<PlanEvent> for InstallationEvent {
    fn from(event: PlanEvent) -> Self {
        match event {
            PlanEvent::MaintenanceBegun(it) => Self::MaintenanceBegun(it),
            PlanEvent::MaintenanceEnded(it) => Self::MaintenanceEnded(it),
            PlanEvent::SwitchoverScheduled(it) => Self::SwitchoverScheduled(it),
            PlanEvent::SwitchoverCancelled(it) => Self::SwitchoverCancelled(it),
            PlanEvent::SwitchoverBegun(it) => Self::SwitchoverBegun(it),
            PlanEvent::SwitchoverEnded(it) => Self::SwitchoverEnded(it),
        }
    }
}

impl From<InstallationEvent> for Event {
    fn from(event: InstallationEvent) -> Self {
        Self::Installation(event)
    }
}

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Somebody has decided on this dead letter already.
    #[error("dead letter {sequence} was redriven or discarded already")]
    Decided {
        /// Its position in the stream of dead letters.
        sequence: u64,
    },
    /// The reason is not fit for the record.
    #[error("reason: {0}")]
    Reason(#[from] InvalidLine),
    /// It does not fit what is planned.
    #[error(transparent)]
    Plan(#[from] PlanRejection),
}

impl Rejection {
    /// The stable code of the refusal.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Decided { .. } => ErrorCode::DeadLetterDecided,
            Self::Reason(_) => ErrorCode::InvalidInput,
            Self::Plan(rejection) => rejection.code(),
        }
    }
}

/// The state of the installation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installation {
    /// Whether none is marked down because most are silent.
    pub self_preservation: bool,
    /// The dead letters that were decided on, by position, each with when it was put aside, where that is known. They are
    /// few, and one position comes once in the life of a stream.
    pub decided: BTreeMap<u64, Option<DateTime<Utc>>>,
    /// What is planned.
    pub plans: Plans,
}

impl Installation {
    fn undecided(&self, letter: &Letter) -> Result<(), Rejection> {
        if self.decided.get(&letter.sequence).is_some_and(|at| letter.may_be_of(*at)) {
            return Err(Rejection::Decided { sequence: letter.sequence });
        }
        Ok(check_reason(&letter.reason)?)
    }
}

impl Aggregate for Installation {
    type Schema = Registry;
    type Command = Command;
    type Event = InstallationEvent;
    type Rejection = Rejection;

    const KIND: &'static str = "installation";
    const SNAPSHOTS: Option<Snapshots> = None;

    fn decide(&self, command: Command) -> Result<Vec<InstallationEvent>, Rejection> {
        Ok(match command {
            Command::EnterSelfPreservation { silent, alive } if !self.self_preservation => {
                vec![InstallationEvent::SelfPreservationEntered { silent, alive }]
            }
            Command::LeaveSelfPreservation if self.self_preservation => {
                vec![InstallationEvent::SelfPreservationLeft {}]
            }
            Command::EnterSelfPreservation { .. } | Command::LeaveSelfPreservation => vec![],
            Command::RedriveDeadLetter(letter) => {
                self.undecided(&letter)?;
                vec![InstallationEvent::DeadLetterRedriven(letter)]
            }
            Command::DiscardDeadLetter(letter) => {
                self.undecided(&letter)?;
                vec![InstallationEvent::DeadLetterDiscarded(letter)]
            }
            Command::DeleteConsumer(deletion) => {
                check_reason(&deletion.reason)?;
                vec![InstallationEvent::ConsumerDeleted(deletion)]
            }
            Command::Plan(command) => self.plans.decide(command)?.into_iter().map(Into::into).collect(),
        })
    }

    fn evolve(&mut self, event: &InstallationEvent) {
        match event {
            InstallationEvent::SelfPreservationEntered { .. } => self.self_preservation = true,
            InstallationEvent::SelfPreservationLeft {} => self.self_preservation = false,
            InstallationEvent::DeadLetterRedriven(letter)
            | InstallationEvent::DeadLetterDiscarded(letter) => {
                self.decided.insert(letter.sequence, letter.at);
            }
            InstallationEvent::ConsumerDeleted(_) => {}
            InstallationEvent::MaintenanceBegun(_)
            | InstallationEvent::MaintenanceEnded(_)
            | InstallationEvent::SwitchoverScheduled(_)
            | InstallationEvent::SwitchoverCancelled(_)
            | InstallationEvent::SwitchoverBegun(_)
            | InstallationEvent::SwitchoverEnded(_) => {
                event.plan().iter().for_each(|event| self.plans.evolve(event));
            }
        }
    }

    fn event(event: &Event) -> Option<&InstallationEvent> {
        match event {
            Event::Installation(event) => Some(event),
            Event::Definition(_) | Event::Instance(_) | Event::Leadership(_) => None,
        }
    }
}
