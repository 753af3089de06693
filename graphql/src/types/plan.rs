//! What operators plan.

use aegis_domain::aggregate::plan;
use aegis_domain::{GroupName, InstanceName, ServiceName};
use aegis_projections::view::InstallationView;
use async_graphql::{InputObject, SimpleObject, Union};
use chrono::{DateTime, Utc};

use super::operation::name;
use super::rejected::Rejected;
use super::scalar::Long;

/// A time in which nobody takes over what an owner of these groups loses, but that owner itself. Handing over goes on.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct Maintenance {
    service: String,
    /// Null for all groups of the service.
    group: Option<String>,
    /// When it ends by itself, by the server's clock.
    until: DateTime<Utc>,
    reason: String,
    by: String,
    /// When it was begun, or given its end.
    since: DateTime<Utc>,
    /// The event that says so.
    sequence: Long,
}

/// A group that is to be handed over at a time.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct Switchover {
    service: String,
    group: String,
    /// The member that is to have it; whichever comes first where it is null.
    to: Option<String>,
    /// When, by the server's clock.
    at: DateTime<Utc>,
    reason: String,
    by: String,
    /// When it was planned.
    since: DateTime<Utc>,
    /// The event that says so.
    sequence: Long,
    /// When it began; null until then.
    begun_at: Option<DateTime<Utc>>,
}

/// From now on nobody takes over what an owner of these groups loses. Once more for the same groups it gives another end.
#[derive(Debug, Clone, InputObject)]
pub(crate) struct BeginMaintenanceInput {
    service: String,
    /// All groups of the service when absent.
    group: Option<String>,
    /// When it ends by itself, by the server's clock: at most seven days ahead.
    until: DateTime<Utc>,
    /// Why, for the record.
    reason: String,
}

/// Lost groups are taken over again.
#[derive(Debug, Clone, InputObject)]
pub(crate) struct EndMaintenanceInput {
    service: String,
    /// As it was begun: of this group, or of all when absent.
    group: Option<String>,
    /// Why, for the record.
    reason: String,
}

/// The owner hands the group over at that time, instead of what was planned for the group before.
#[derive(Debug, Clone, InputObject)]
pub(crate) struct ScheduleSwitchoverInput {
    service: String,
    group: String,
    /// The member that is to have it; whichever comes first when absent.
    to: Option<String>,
    /// When, by the server's clock: at most thirty days ahead.
    at: DateTime<Utc>,
    /// Why, for the record.
    reason: String,
}

#[derive(Debug, Clone, InputObject)]
pub(crate) struct CancelSwitchoverInput {
    service: String,
    group: String,
    /// Why, for the record.
    reason: String,
}

/// It is recorded at `sequence`; answers contain it once their `asOfSequence` is at least that.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct PlanRecorded {
    pub(crate) sequence: Long,
}

#[derive(Debug, Clone, Union)]
pub(crate) enum PlanResult {
    Recorded(PlanRecorded),
    Rejected(Rejected),
}

impl Maintenance {
    pub(crate) fn of(plan: &plan::Maintenance, view: &InstallationView) -> Self {
        let planner = view.planner_of_maintenance(plan);
        Self {
            service: plan.scope.service.to_string(),
            group: plan.scope.group.as_ref().map(ToString::to_string),
            until: plan.until,
            reason: plan.reason.clone(),
            by: planner.map(|it| it.by.to_string()).unwrap_or_default(),
            since: planner.map(|it| it.at).unwrap_or_default(),
            sequence: planner.map(|it| it.sequence).unwrap_or_default().into(),
        }
    }
}

impl Switchover {
    pub(crate) fn of(planned: &plan::Planned, view: &InstallationView) -> Self {
        let plan = &planned.switchover;
        let planner = view.planner_of_switchover(plan);
        Self {
            service: plan.service.to_string(),
            group: plan.group.to_string(),
            to: plan.to.as_ref().map(ToString::to_string),
            at: plan.at,
            reason: plan.reason.clone(),
            by: planner.map(|it| it.by.to_string()).unwrap_or_default(),
            since: planner.map(|it| it.at).unwrap_or_default(),
            sequence: planner.map(|it| it.sequence).unwrap_or_default().into(),
            begun_at: planned.begun,
        }
    }
}

impl BeginMaintenanceInput {
    pub(crate) fn read(self) -> Result<plan::Maintenance, Rejected> {
        let scope = scope(self.service, self.group)?;
        Ok(plan::Maintenance { scope, until: self.until, reason: self.reason })
    }
}

impl EndMaintenanceInput {
    pub(crate) fn read(self) -> Result<(plan::Scope, String), Rejected> {
        Ok((scope(self.service, self.group)?, self.reason))
    }
}

impl ScheduleSwitchoverInput {
    pub(crate) fn read(self) -> Result<plan::Switchover, Rejected> {
        Ok(plan::Switchover {
            service: name("service", ServiceName::new(self.service))?,
            group: name("group", GroupName::new(self.group))?,
            to: self.to.map(|to| name("to", InstanceName::new(to))).transpose()?,
            at: self.at,
            reason: self.reason,
        })
    }
}

impl CancelSwitchoverInput {
    pub(crate) fn read(self) -> Result<(ServiceName, GroupName, String), Rejected> {
        let service = name("service", ServiceName::new(self.service))?;
        Ok((service, name("group", GroupName::new(self.group))?, self.reason))
    }
}

fn scope(service: String, group: Option<String>) -> Result<plan::Scope, Rejected> {
    let service = name("service", ServiceName::new(service))?;
    let group = group.map(|group| name("group", GroupName::new(group))).transpose()?;
    Ok(plan::Scope { service, group })
}
