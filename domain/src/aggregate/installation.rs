//! What concerns the installation as a whole, and no single service: whether it can see its instances.

use serde::{Deserialize, Serialize};

use super::Aggregate;
use crate::{Event, Registry};

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
}

/// What happened to the installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
}

impl From<InstallationEvent> for Event {
    fn from(event: InstallationEvent) -> Self {
        Self::Installation(event)
    }
}

/// Why a command was refused. None is, so far: what is recorded here has been observed, not asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {}

/// The state of the installation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installation {
    /// Whether none is marked down because most are silent.
    pub self_preservation: bool,
}

impl Aggregate for Installation {
    type Schema = Registry;
    type Command = Command;
    type Event = InstallationEvent;
    type Rejection = Rejection;

    const KIND: &'static str = "installation";

    fn decide(&self, command: Command) -> Result<Vec<InstallationEvent>, Rejection> {
        Ok(match (command, self.self_preservation) {
            (Command::EnterSelfPreservation { silent, alive }, false) => {
                vec![InstallationEvent::SelfPreservationEntered { silent, alive }]
            }
            (Command::LeaveSelfPreservation, true) => vec![InstallationEvent::SelfPreservationLeft {}],
            (Command::EnterSelfPreservation { .. }, true) | (Command::LeaveSelfPreservation, false) => vec![],
        })
    }

    fn evolve(&mut self, event: &InstallationEvent) {
        match event {
            InstallationEvent::SelfPreservationEntered { .. } => self.self_preservation = true,
            InstallationEvent::SelfPreservationLeft {} => self.self_preservation = false,
        }
    }

    fn event(event: &Event) -> Option<&InstallationEvent> {
        match event {
            Event::Installation(event) => Some(event),
            Event::Definition(_) | Event::Instance(_) | Event::Leadership(_) => None,
        }
    }
}
