//! Requests of operators to running services.

use aegis_domain::{GroupName, InstanceName, InvalidName, Sequence, ServiceName};
use async_graphql::{InputObject, SimpleObject, Union};

use super::rejected::{Rejected, invalid};
use super::scalar::Long;
use crate::ports;

/// The owner of the group hands it over: calls in flight end first, later ones go to the new owner.
#[derive(Debug, Clone, InputObject)]
pub(crate) struct StepDownInput {
    service: String,
    group: String,
    /// The member that is to have it; whichever comes first when absent.
    to: Option<String>,
    /// Why, for the record.
    reason: String,
}

#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct HandedOver {
    service: String,
    group: String,
    /// The new owner.
    instance: String,
    /// Its term.
    term: Long,
    /// Sequence of the request in the log.
    sequence: Long,
}

#[derive(Debug, Clone, Union)]
pub(crate) enum StepDownResult {
    HandedOver(HandedOver),
    Rejected(Rejected),
}

/// The instance hands its groups over, finishes its calls, and ends.
#[derive(Debug, Clone, InputObject)]
pub(crate) struct DrainInput {
    service: String,
    instance: String,
    /// Why, for the record.
    reason: String,
}

/// The instance has been asked; it leaves the registry when it has ended.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct DrainAsked {
    service: String,
    instance: String,
    /// Sequence of the request in the log; null when it had been asked before.
    sequence: Option<Long>,
}

#[derive(Debug, Clone, Union)]
pub(crate) enum DrainResult {
    Asked(DrainAsked),
    Rejected(Rejected),
}

/// An ended instance leaves the registry at once.
#[derive(Debug, Clone, InputObject)]
pub(crate) struct ForgetInput {
    service: String,
    instance: String,
    /// Why, for the record.
    reason: String,
}

/// The instance is no longer in the registry. Its history stays in the log.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct Forgotten {
    service: String,
    instance: String,
    /// Sequence of the record in the log; null when it was there already.
    sequence: Option<Long>,
}

#[derive(Debug, Clone, Union)]
pub(crate) enum ForgetResult {
    Forgotten(Forgotten),
    Rejected(Rejected),
}

/// The instance logs what passes this filter from now on, until it starts anew.
#[derive(Debug, Clone, InputObject)]
pub(crate) struct SetLogInput {
    service: String,
    instance: String,
    /// A level, or several with what they are for: `info,my_service=debug`.
    #[graphql(validator(max_length = 1000))]
    filter: String,
}

/// The log was changed. The instance reports its configuration anew, which is the record of it.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct LogSet {
    service: String,
    instance: String,
    filter: String,
}

#[derive(Debug, Clone, Union)]
pub(crate) enum SetLogResult {
    Set(LogSet),
    Rejected(Rejected),
}

impl SetLogInput {
    pub(crate) fn read(self) -> Result<(ServiceName, InstanceName, String), Rejected> {
        let service = name("service", ServiceName::new(self.service))?;
        Ok((service, name("instance", InstanceName::new(self.instance))?, self.filter))
    }
}

impl LogSet {
    pub(crate) fn new(service: &ServiceName, instance: &InstanceName, filter: String) -> Self {
        Self { service: service.to_string(), instance: instance.to_string(), filter }
    }
}

impl ForgetInput {
    pub(crate) fn read(self) -> Result<(ServiceName, InstanceName, String), Rejected> {
        let service = name("service", ServiceName::new(self.service))?;
        Ok((service, name("instance", InstanceName::new(self.instance))?, self.reason))
    }
}

impl Forgotten {
    pub(crate) fn new(service: &ServiceName, instance: &InstanceName, sequence: Option<Sequence>) -> Self {
        let (service, instance) = (service.to_string(), instance.to_string());
        Self { service, instance, sequence: sequence.map(Into::into) }
    }
}

impl StepDownInput {
    pub(crate) fn read(self) -> Result<(ServiceName, GroupName, Option<InstanceName>, String), Rejected> {
        let service = name("service", ServiceName::new(self.service))?;
        let group = name("group", GroupName::new(self.group))?;
        let to = self.to.map(|to| name("to", InstanceName::new(to))).transpose()?;
        Ok((service, group, to, self.reason))
    }
}

impl HandedOver {
    pub(crate) fn new(service: &ServiceName, group: &GroupName, owner: &ports::HandedOver) -> Self {
        Self {
            service: service.to_string(),
            group: group.to_string(),
            instance: owner.instance.to_string(),
            term: owner.term.get().into(),
            sequence: owner.sequence.into(),
        }
    }
}

impl DrainInput {
    pub(crate) fn read(self) -> Result<(ServiceName, InstanceName, String), Rejected> {
        let service = name("service", ServiceName::new(self.service))?;
        Ok((service, name("instance", InstanceName::new(self.instance))?, self.reason))
    }
}

impl DrainAsked {
    pub(crate) fn new(service: &ServiceName, instance: &InstanceName, sequence: Option<Sequence>) -> Self {
        let (service, instance) = (service.to_string(), instance.to_string());
        Self { service, instance, sequence: sequence.map(Into::into) }
    }
}

pub(super) fn name<T>(field: &str, name: Result<T, InvalidName>) -> Result<T, Rejected> {
    name.map_err(|e| invalid(field, e.to_string()))
}
