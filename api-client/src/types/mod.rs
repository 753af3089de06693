//! What goes to the API and comes back, as `docs/openapi.json` describes it. Fields that a newer replica adds are passed
//! over, and values of its that this version does not know are `Unknown`.

mod consumer;
mod definition;
mod event;
mod instance;
mod leader;
mod letter;
mod metrics;
mod plan;
mod registry;
mod system;
#[cfg(test)]
pub(crate) mod tests;

use serde::{Deserialize, Serialize};

pub use consumer::{ConsumerDeleted, DeleteConsumer};
pub use definition::{
    Change, Content, Definition, DefinitionAction, DefinitionRevision, DefinitionStatus, Failover,
    FailoverInput, FailoverPolicy, FieldChange, New, RegistrationPolicy,
};
pub use event::{AggregateKind, Event, EventPage};
pub use instance::{
    Configuration, ConsumerLag, Figures, Instance, InstanceMetrics, InstanceOrderField, InstanceStatus,
    LedGroup, LiveInstance, LogSet, MessageCounts, SetLog,
};
pub use leader::{HandedOver, Leader, StepDown};
pub use letter::{DeadLetter, DeadLetterDone, Decision, Header};
pub use metrics::{MetricsPoint, Series};
pub use plan::{
    BeginMaintenance, EndMaintenance, Maintenance, PlanRecorded, Plans, ScheduleSwitchover, Switchover,
};
pub use registry::{Missing, Registry};
pub use system::{
    BackgroundTask, Rebuilt, ReplicaProblem, Role, SelfPreservation, System, Verification,
    VerificationFinding, VerificationStatus, Viewer,
};

/// One page of a list.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total_count: u64,
    /// Where the next page begins; none on the last one.
    pub next_cursor: Option<String>,
    /// Sequence of the last event that the answer contains.
    pub as_of_sequence: u64,
}

/// What a change of something that runs is for.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Reason {
    /// Why, for the record.
    pub reason: String,
}

/// An instance that was asked for something.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Named {
    /// The service.
    pub service: String,
    /// The instance.
    pub instance: String,
    /// Sequence of the record in the log; none when it was there already.
    pub sequence: Option<u64>,
}
