//! What a registry says of one instance, as far as it matters to whoever wants to call it. Pure.

use std::collections::BTreeMap;

use aegis_domain::aggregate::instance::Status;
use aegis_domain::wire::heartbeat::Heartbeat;
use aegis_domain::wire::legacy;
use aegis_domain::{GroupName, InstanceName, ServiceName, Version};

/// Whose registry a record stands in, and so which wire its instance speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Registry {
    /// Ours.
    Aegis,
    /// That of the Python SDK.
    Python,
}

/// The record of one instance.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) registry: Registry,
    pub(super) service: ServiceName,
    pub(super) instance: InstanceName,
    pub(super) version: Version,
    pub(super) groups: Vec<GroupName>,
    pub(super) labels: BTreeMap<String, String>,
    /// Calls in flight and waiting; nothing where the registry does not tell.
    pub(super) load: u64,
    /// It runs, and calls itself well.
    pub(super) serves: bool,
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

impl From<legacy::Record> for Record {
    fn from(record: legacy::Record) -> Self {
        let (service, instance) = record.who;
        let serves = match record.status {
            legacy::Status::Active | legacy::Status::Standby => true,
            legacy::Status::Unhealthy | legacy::Status::Shutdown => false,
        };
        Self {
            registry: Registry::Python,
            service,
            instance,
            version: record.version,
            // Nobody can be asked for by group on that wire.
            groups: vec![],
            labels: record.labels,
            load: 0,
            serves,
        }
    }
}
