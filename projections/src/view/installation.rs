//! The installation as a whole, as the log has it.

use aegis_domain::aggregate::installation::InstallationEvent;
use aegis_domain::aggregate::plan::{Maintenance, Plans, Switchover};
use aegis_domain::{Actor, Sequence};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::fact::Fact;

/// The installation as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallationView {
    /// Since when none is marked down because most are silent; none while each is judged by itself.
    pub self_preservation: Option<SelfPreservation>,
    /// What operators plan.
    pub plans: Plans,
    /// Who has planned what stands, and when that was recorded, in no order.
    pub planners: Vec<Planner>,
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

/// Who has planned something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planner {
    plan: Plan,
    /// Who it was.
    pub by: Actor,
    /// When the log took it.
    pub at: DateTime<Utc>,
    /// The event.
    pub sequence: Sequence,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Plan {
    Maintenance(Maintenance),
    Switchover(Switchover),
}

impl InstallationView {
    /// The view after this event.
    #[must_use]
    pub fn fold(before: &Self, event: &InstallationEvent, fact: &Fact<'_>) -> Self {
        let mut after = Self { sequence: fact.sequence, ..before.clone() };
        match event {
            InstallationEvent::SelfPreservationEntered { silent, alive } => {
                let since = fact.time;
                after.self_preservation = Some(SelfPreservation { since, silent: *silent, alive: *alive });
            }
            InstallationEvent::SelfPreservationLeft {} => after.self_preservation = None,
            InstallationEvent::MaintenanceBegun(plan) => after.note(Plan::Maintenance(plan.clone()), fact),
            InstallationEvent::SwitchoverScheduled(plan) => after.note(Plan::Switchover(plan.clone()), fact),
            InstallationEvent::DeadLetterRedriven(_)
            | InstallationEvent::DeadLetterDiscarded(_)
            | InstallationEvent::ConsumerDeleted(_)
            | InstallationEvent::MaintenanceEnded(_)
            | InstallationEvent::SwitchoverCancelled(_)
            | InstallationEvent::SwitchoverBegun(_)
            | InstallationEvent::SwitchoverEnded(_) => {}
        }
        event.plan().iter().for_each(|event| after.plans.evolve(event));
        let plans = &after.plans;
        after.planners.retain(|planner| match &planner.plan {
            Plan::Maintenance(plan) => plans.maintenances.contains(plan),
            Plan::Switchover(plan) => plans.switchovers.iter().any(|it| it.switchover == *plan),
        });
        after
    }

    /// Who has planned this maintenance.
    #[must_use]
    pub fn planner_of_maintenance(&self, plan: &Maintenance) -> Option<&Planner> {
        self.planners.iter().find(|planner| matches!(&planner.plan, Plan::Maintenance(it) if it == plan))
    }

    /// Who has planned this switchover.
    #[must_use]
    pub fn planner_of_switchover(&self, plan: &Switchover) -> Option<&Planner> {
        self.planners.iter().find(|planner| matches!(&planner.plan, Plan::Switchover(it) if it == plan))
    }

    /// The same plan, planned again, belongs to the last one who planned it.
    fn note(&mut self, plan: Plan, fact: &Fact<'_>) {
        self.planners.retain(|planner| planner.plan != plan);
        let (by, at, sequence) = (fact.actor.clone(), fact.time, fact.sequence);
        self.planners.push(Planner { plan, by, at, sequence });
    }
}
