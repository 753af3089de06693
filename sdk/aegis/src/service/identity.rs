//! Who the instance is.

use std::collections::BTreeMap;

use aegis_domain::aggregate::instance::{Command, Registration};
use aegis_domain::wire::capability::Capability;
use aegis_domain::{Actor, AggregateId, Context, InstanceName, LifeId, ServiceName};
use chrono::{DateTime, Utc};

/// Who the instance is.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub(super) service: ServiceName,
    pub(super) instance: InstanceName,
    pub(super) registration: Registration,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) capabilities: Vec<Capability>,
    pub(super) started_at: DateTime<Utc>,
    /// This start of this process.
    pub(super) life: LifeId,
}

impl Identity {
    /// Carried out only as long as the instance is in this life.
    pub(super) fn own(&self, command: Command) -> Command {
        Command::InLife { life: self.life, command: Box::new(command) }
    }

    pub(super) fn aggregate(&self) -> AggregateId {
        AggregateId::Instance(self.service.clone(), self.instance.clone())
    }

    pub(super) fn context(&self) -> Context {
        Context::new(Actor::instance(&self.service, &self.instance), Utc::now())
    }
}
