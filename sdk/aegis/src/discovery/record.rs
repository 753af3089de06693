//! The registry's record of one instance, as far as callers need it. Pure.

use std::collections::BTreeMap;

use aegis_domain::aggregate::instance::Status;
use aegis_domain::wire::heartbeat::Heartbeat;
use aegis_domain::{GroupName, InstanceName, ServiceName, Version};

use crate::legacy::{Found, Wire};

/// Whose registry a record stands in, and so which wire its instance speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Registry {
    /// Ours.
    Aegis,
    /// That of the Python SDK.
    Python(Wire),
}

impl Registry {
    /// Whether it is that of the Python SDK.
    pub(crate) fn is_legacy(self) -> bool {
        match self {
            Self::Aegis => false,
            Self::Python(_) => true,
        }
    }
}

/// The record of one instance.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) registry: Registry,
    pub(crate) service: ServiceName,
    pub(crate) instance: InstanceName,
    pub(crate) version: Version,
    pub(crate) groups: Vec<GroupName>,
    pub(crate) labels: BTreeMap<String, String>,
    /// Calls in flight and waiting; nothing where the registry does not tell.
    pub(crate) load: u64,
    /// It runs, and calls itself well.
    pub(crate) serves: bool,
}

impl From<Heartbeat> for Record {
    fn from(beat: Heartbeat) -> Self {
        Self {
            registry: Registry::Aegis,
            service: beat.service,
            instance: beat.instance,
            version: beat.version,
            groups: beat.groups.into_iter().map(|owned| owned.group).collect(),
            labels: beat.labels,
            load: beat.metrics.in_flight.saturating_add(beat.metrics.queue_depth),
            serves: beat.status == Status::Running && beat.unwell.is_none(),
        }
    }
}

impl Record {
    /// Of an instance that was found in the registry of that wire.
    pub(crate) fn of_python(wire: Wire, found: Found) -> Self {
        Self {
            registry: Registry::Python(wire),
            service: found.service,
            instance: found.instance,
            version: found.version,
            // No instance can be asked for by group on that wire.
            groups: vec![],
            labels: found.labels,
            load: 0,
            serves: found.serves,
        }
    }
}
