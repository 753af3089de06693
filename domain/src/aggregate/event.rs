//! The events of all aggregates, their types on the wire, and the catalogue that documents them.

use super::definition::DefinitionEvent;
use super::installation::InstallationEvent;
use super::instance::InstanceEvent;
use super::leadership::LeadershipEvent;
use super::{AggregateId, AggregateKind, Event};
use crate::ServiceName;

/// One line of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The kind of aggregate.
    pub kind: AggregateKind,
    /// The name in the type, `registered` in `aegis.instance.registered.v1`.
    pub name: &'static str,
    /// The version of its schema.
    pub version: u32,
    /// When it is emitted, and by whom.
    pub emitted: &'static str,
    /// What it promises to whoever reads it.
    pub promise: &'static str,
}

impl Entry {
    /// The line of an event, by the kind and the name in its type.
    #[must_use]
    pub fn find(kind: &str, name: &str) -> Option<&'static Self> {
        CATALOGUE.iter().find(|entry| entry.kind.as_str() == kind && entry.name == name)
    }

    /// The CloudEvents type, `aegis.<kind>.<name>.v<version>`.
    #[must_use]
    pub fn event_type(&self) -> String {
        format!("aegis.{}.{}.v{}", self.kind.as_str(), self.name, self.version)
    }
}

const fn entry(
    kind: AggregateKind,
    name: &'static str,
    emitted: &'static str,
    promise: &'static str,
) -> Entry {
    Entry { kind, name, version: 1, emitted, promise }
}

use AggregateKind::{Definition as D, Installation as A, Instance as I, Leadership as L};

/// Every event type that there is. A test holds it to the enums.
pub const CATALOGUE: [Entry; 30] = [
    entry(
        D,
        "defined",
        "an admin defines a service",
        "the content is valid, and no definition was active before",
    ),
    entry(
        D,
        "amended",
        "an admin changes an active definition",
        "carries the new content whole, different from the old",
    ),
    entry(
        D,
        "retired",
        "an admin takes a definition out of use",
        "the definition was active; its history stays",
    ),
    entry(
        D,
        "reinstated",
        "an admin brings a retired definition back",
        "the content is the one that was retired",
    ),
    entry(
        I,
        "registered",
        "the instance starts, or returns after its record ran out",
        "begins a new life: everything said of the one before is over",
    ),
    entry(
        I,
        "status_changed",
        "the instance goes on in its life",
        "`from` is the status that stood; lives only go forward",
    ),
    entry(
        I,
        "configuration_reported",
        "the instance has loaded or changed its configuration",
        "secrets are masked; differs from the last report",
    ),
    entry(
        I,
        "unhealthy",
        "the control plane misses several heartbeats, or the instance says that it is unwell",
        "written once: by any one replica after the last beat was heard, or by the instance itself with its reason",
    ),
    entry(
        I,
        "recovered",
        "the control plane hears a heartbeat of an unhealthy instance, or an instance that called itself unhealthy is well again",
        "the instance was unhealthy before",
    ),
    entry(I, "drain_requested", "an operator asks the instance to drain", "the instance was alive"),
    entry(
        I,
        "deregistered",
        "the instance stops cleanly",
        "its groups were given up and its calls finished, within the drain bound",
    ),
    entry(
        I,
        "expired",
        "the control plane finds that the instance's record has run out",
        "written once, by any one replica; ends this life",
    ),
    entry(
        L,
        "leader_elected",
        "an instance has become the owner in the lease store: by a claim, a hand-over or an activation",
        "each term exactly once, in order; the id is `service/group/term`",
    ),
    entry(
        L,
        "leader_resigned",
        "the owner gives the group up",
        "the owner had stopped serving the group before it was written",
    ),
    entry(
        L,
        "leader_lost",
        "the owner's session has ended without a goodbye",
        "once per term at most: in one batch with the election that follows, or alone while nobody succeeds",
    ),
    entry(L, "step_down_requested", "an operator asks the owner to hand over", "the group had an owner"),
    entry(
        A,
        "self_preservation_entered",
        "the control plane finds that most instances fell silent at once: it marks none of them",
        "written once, by any one replica; instances were judged one by one before",
    ),
    entry(
        A,
        "self_preservation_left",
        "the control plane hears enough instances again to judge each by itself",
        "written once, by any one replica; a replica that knows of the silence marks nobody down before this",
    ),
    entry(
        A,
        "dead_letter_redriven",
        "an operator sends a dead letter back to where it came from",
        "each dead letter once; written before the message is sent again, so it may arrive later, or be cut off",
    ),
    entry(
        A,
        "dead_letter_discarded",
        "an operator gives a dead letter up",
        "each dead letter once; written before it is removed",
    ),
    // Later types are added at the end.
    entry(
        I,
        "forgotten",
        "an operator takes an ended instance out of the registry before its time",
        "the instance had ended; its history stays",
    ),
    entry(
        I,
        "conflicted",
        "an instance finds that another process has registered under its name since",
        "once for each earlier life that still runs; the instance of the log is that of the later life",
    ),
    entry(
        I,
        "conflict_ended",
        "the process of the earlier life stops",
        "a conflict stood; nothing of the later life changes",
    ),
    entry(
        A,
        "maintenance_begun",
        "an operator stops the automatic failover of a service or of one of its groups for a time",
        "its end is ahead; once more for the same groups, it says another end and reason",
    ),
    entry(
        A,
        "maintenance_ended",
        "an operator ends a maintenance, or its time is over",
        "it had begun; written once, by any one replica when its time is over",
    ),
    entry(
        A,
        "switchover_scheduled",
        "an operator plans to have a group handed over at a time",
        "the time is ahead; it takes the place of what was planned for the group before",
    ),
    entry(A, "switchover_cancelled", "an operator calls a planned switchover off", "it was planned"),
    entry(
        A,
        "switchover_begun",
        "the time of a planned switchover has come, and a replica takes it on",
        "written by one replica; by another one if that says no more for a minute",
    ),
    entry(
        A,
        "switchover_ended",
        "a planned switchover was carried out, or says why not",
        "it had begun; the plan is gone",
    ),
    entry(
        A,
        "consumer_deleted",
        "an operator deletes a consumer of a stream",
        "written before it is deleted, so that it may still be there if that was cut off; the counts are as the server told them then",
    ),
];

impl Event {
    /// The kind of aggregate that it belongs to.
    #[must_use]
    pub fn kind(&self) -> AggregateKind {
        match self {
            Self::Definition(_) => AggregateKind::Definition,
            Self::Instance(_) => AggregateKind::Instance,
            Self::Leadership(_) => AggregateKind::Leadership,
            Self::Installation(_) => AggregateKind::Installation,
        }
    }

    /// The service that it concerns, as an event of this aggregate, if it concerns one alone.
    #[must_use]
    pub fn service<'a>(&'a self, aggregate: &'a AggregateId) -> Option<&'a ServiceName> {
        match self {
            Self::Installation(event) => event.service(),
            Self::Definition(_) | Self::Instance(_) | Self::Leadership(_) => aggregate.service(),
        }
    }

    /// Its line in the catalogue.
    #[must_use]
    pub fn entry(&self) -> &'static Entry {
        let index = match self {
            Self::Definition(event) => match event {
                DefinitionEvent::Defined { .. } => 0,
                DefinitionEvent::Amended { .. } => 1,
                DefinitionEvent::Retired { .. } => 2,
                DefinitionEvent::Reinstated { .. } => 3,
            },
            Self::Instance(event) => match event {
                InstanceEvent::Registered(_) => 4,
                InstanceEvent::StatusChanged { .. } => 5,
                InstanceEvent::ConfigurationReported { .. } => 6,
                InstanceEvent::Unhealthy { .. } => 7,
                InstanceEvent::Recovered {} => 8,
                InstanceEvent::DrainRequested { .. } => 9,
                InstanceEvent::Deregistered { .. } => 10,
                InstanceEvent::Expired { .. } => 11,
                InstanceEvent::Forgotten { .. } => 20,
                InstanceEvent::Conflicted { .. } => 21,
                InstanceEvent::ConflictEnded {} => 22,
            },
            Self::Leadership(event) => match event {
                LeadershipEvent::LeaderElected { .. } => 12,
                LeadershipEvent::LeaderResigned { .. } => 13,
                LeadershipEvent::LeaderLost { .. } => 14,
                LeadershipEvent::StepDownRequested { .. } => 15,
            },
            Self::Installation(event) => match event {
                InstallationEvent::SelfPreservationEntered { .. } => 16,
                InstallationEvent::SelfPreservationLeft {} => 17,
                InstallationEvent::DeadLetterRedriven(_) => 18,
                InstallationEvent::DeadLetterDiscarded(_) => 19,
                InstallationEvent::MaintenanceBegun(_) => 23,
                InstallationEvent::MaintenanceEnded(_) => 24,
                InstallationEvent::SwitchoverScheduled(_) => 25,
                InstallationEvent::SwitchoverCancelled(_) => 26,
                InstallationEvent::SwitchoverBegun(_) => 27,
                InstallationEvent::SwitchoverEnded(_) => 28,
                InstallationEvent::ConsumerDeleted(_) => 29,
            },
        };
        &CATALOGUE[index]
    }

    /// Its CloudEvents type.
    #[must_use]
    pub fn event_type(&self) -> String {
        self.entry().event_type()
    }

    /// Its JSON body: the fields alone, since the type stands in the metadata.
    ///
    /// # Errors
    /// When a value cannot be written as JSON, which no event made by `decide` holds.
    pub fn body(&self) -> Result<serde_json::Value, serde_json::Error> {
        let tagged = match self {
            Self::Definition(event) => serde_json::to_value(event)?,
            Self::Instance(event) => serde_json::to_value(event)?,
            Self::Leadership(event) => serde_json::to_value(event)?,
            Self::Installation(event) => serde_json::to_value(event)?,
        };
        let serde_json::Value::Object(map) = tagged else { return Ok(tagged) };
        Ok(map.into_iter().next().map_or(serde_json::Value::Null, |(_, body)| body))
    }
}
