//! What concerns the installation as a whole, and no single service: whether it can see its instances, and
//! what was done with its dead letters.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Aggregate;
use crate::text::{InvalidLine, check_reason};
use crate::{ErrorCode, Event, Registry};

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
}

impl Rejection {
    /// The stable code of the refusal.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Decided { .. } => ErrorCode::DeadLetterDecided,
            Self::Reason(_) => ErrorCode::InvalidInput,
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
        }
    }

    fn event(event: &Event) -> Option<&InstallationEvent> {
        match event {
            Event::Installation(event) => Some(event),
            Event::Definition(_) | Event::Instance(_) | Event::Leadership(_) => None,
        }
    }
}
