//! The installation as a whole, as the log has it.

use aegis_domain::Sequence;
use aegis_domain::aggregate::installation::InstallationEvent;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::state::Fact;

/// The installation as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallationView {
    /// Since when none is marked down because most are silent; none while each is judged by itself.
    pub self_preservation: Option<SelfPreservation>,
    /// The last event that changed it; zero before the first.
    pub sequence: Sequence,
}

/// So many instances fell silent at once that none of them is marked down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelfPreservation {
    /// When that was recorded.
    pub since: DateTime<Utc>,
    /// How many were silent then.
    pub silent: u32,
    /// Of how many whose life went on.
    pub alive: u32,
}

impl InstallationView {
    /// The view after this event.
    #[must_use]
    pub fn fold(before: &Self, event: &InstallationEvent, fact: &Fact<'_>) -> Self {
        let self_preservation = match event {
            InstallationEvent::SelfPreservationEntered { silent, alive } => {
                Some(SelfPreservation { since: fact.time, silent: *silent, alive: *alive })
            }
            InstallationEvent::SelfPreservationLeft {} => None,
            InstallationEvent::DeadLetterRedriven(_) | InstallationEvent::DeadLetterDiscarded(_) => {
                before.self_preservation.clone()
            }
        };
        Self { self_preservation, sequence: fact.sequence }
    }
}
