//! Plans of operators: maintenance, which stops automatic failover for a time, and switchovers at a time.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::{InvalidLine, check_reason};
use crate::{ErrorCode, GroupName, InstanceName, ServiceName};

/// The longest maintenance: one that is forgotten ends by itself.
pub const MAINTENANCE_MAX: TimeDelta = TimeDelta::days(7);
/// How far ahead a switchover is planned at most.
pub const AHEAD_MAX: TimeDelta = TimeDelta::days(30);
/// How many plans of a kind there are at most.
pub const PLANS_MAX: usize = 1_000;
/// A replica that has begun a switchover and records nothing for so long counts as dead: another one goes on.
pub const BEGUN_MAX: TimeDelta = TimeDelta::seconds(60);

/// A group, or all groups of a service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Scope {
    /// The service.
    pub service: ServiceName,
    /// One of its groups; all of them without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupName>,
}

/// A time in which automatic failover is stopped: no other member takes over what an owner has lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Maintenance {
    /// Of which groups.
    #[serde(flatten)]
    pub scope: Scope,
    /// When it ends by itself, by the server's clock.
    pub until: DateTime<Utc>,
    /// Why.
    pub reason: String,
}

/// A group that is to be handed over at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Switchover {
    /// Its service.
    pub service: ServiceName,
    /// The group.
    pub group: GroupName,
    /// The member that is to have it; whichever comes first without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<InstanceName>,
    /// When, by the server's clock.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: String,
}

/// A switchover that is planned, or under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// What is to be done.
    pub switchover: Switchover,
    /// When a replica began to do it.
    pub begun: Option<DateTime<Utc>>,
}

/// What may be asked of the plans. Times are by the server's clock, as the caller has read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanCommand {
    /// Begin a maintenance, or give the one that is there another end and reason.
    BeginMaintenance {
        /// The maintenance.
        maintenance: Maintenance,
        /// The time now.
        now: DateTime<Utc>,
    },
    /// End a maintenance before its time.
    EndMaintenance {
        /// Of which groups.
        scope: Scope,
        /// Why.
        reason: String,
    },
    /// Record that the time of a maintenance is over. Nothing is recorded when it is not, or another one stands there.
    ExpireMaintenance {
        /// Of which groups.
        scope: Scope,
        /// The time now.
        now: DateTime<Utc>,
    },
    /// Plan a switchover, in the place of the one that is planned for its group.
    ScheduleSwitchover {
        /// What is to be done.
        switchover: Switchover,
        /// The time now.
        now: DateTime<Utc>,
    },
    /// Call a planned switchover off.
    CancelSwitchover {
        /// Its service.
        service: ServiceName,
        /// Its group.
        group: GroupName,
        /// Why.
        reason: String,
    },
    /// Take a switchover on that is due. Nothing is recorded, and it is not the caller's, when somebody else has done so.
    BeginSwitchover {
        /// What is to be done.
        switchover: Switchover,
        /// The time now.
        now: DateTime<Utc>,
    },
    /// Record what became of a switchover that was begun.
    EndSwitchover {
        /// Its service.
        service: ServiceName,
        /// Its group.
        group: GroupName,
        /// Why it was not carried out; none when it was.
        failure: Option<String>,
    },
}

/// What happened to a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanEvent {
    /// See [`super::installation::InstallationEvent::MaintenanceBegun`], and so on.
    MaintenanceBegun(Maintenance),
    /// It has ended.
    MaintenanceEnded(MaintenanceEnd),
    /// It was planned.
    SwitchoverScheduled(Switchover),
    /// It was called off.
    SwitchoverCancelled(SwitchoverCancel),
    /// A replica has taken it on.
    SwitchoverBegun(SwitchoverBegin),
    /// It was carried out, or not.
    SwitchoverEnded(SwitchoverEnd),
}

/// A maintenance has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MaintenanceEnd {
    /// Of which groups.
    #[serde(flatten)]
    pub scope: Scope,
    /// Why; none when its time was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A planned switchover was called off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SwitchoverCancel {
    /// Its service.
    pub service: ServiceName,
    /// Its group.
    pub group: GroupName,
    /// Why.
    pub reason: String,
}

/// A replica has taken a switchover on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SwitchoverBegin {
    /// Its service.
    pub service: ServiceName,
    /// Its group.
    pub group: GroupName,
    /// When, by the server's clock.
    pub at: DateTime<Utc>,
}

/// A switchover was carried out, or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SwitchoverEnd {
    /// Its service.
    pub service: ServiceName,
    /// Its group.
    pub group: GroupName,
    /// Why it was not carried out; none when it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanRejection {
    /// There is none to end or to call off.
    #[error("nothing of the kind is planned there")]
    NotPlanned,
    /// It is over before it begins, or too far ahead.
    #[error("{field}: use a time from now on, and at most {days} days ahead")]
    Time {
        /// The field at fault.
        field: &'static str,
        /// How far ahead it may be.
        days: i64,
    },
    /// There are too many.
    #[error("there are {PLANS_MAX} of them already: end one first")]
    TooMany,
    /// The reason is not fit for the record.
    #[error("reason: {0}")]
    Reason(#[from] InvalidLine),
}

impl PlanRejection {
    /// The stable code of the refusal.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotPlanned => ErrorCode::NotFound,
            Self::Time { .. } | Self::TooMany | Self::Reason(_) => ErrorCode::InvalidInput,
        }
    }
}

/// What is planned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plans {
    /// In order of scope, each once.
    pub maintenances: Vec<Maintenance>,
    /// In order of service and group, each once.
    pub switchovers: Vec<Planned>,
}

impl Scope {
    /// Whether the group is one of them.
    #[must_use]
    pub fn holds(&self, service: &ServiceName, group: &GroupName) -> bool {
        self.service == *service && self.group.as_ref().is_none_or(|mine| mine == group)
    }
}

impl Plans {
    /// Whether a maintenance pauses the automatic failover of the group: no instance takes it over until the maintenance ends.
    #[must_use]
    pub fn in_maintenance(&self, service: &ServiceName, group: &GroupName) -> bool {
        self.maintenances.iter().any(|maintenance| maintenance.scope.holds(service, group))
    }

    pub(super) fn decide(&self, command: PlanCommand) -> Result<Vec<PlanEvent>, PlanRejection> {
        Ok(match command {
            PlanCommand::BeginMaintenance { maintenance, now } => {
                ahead("until", maintenance.until, now, MAINTENANCE_MAX)?;
                check_reason(&maintenance.reason)?;
                let is_new = !self.maintenances.iter().any(|known| known.scope == maintenance.scope);
                if is_new && self.maintenances.len() >= PLANS_MAX {
                    return Err(PlanRejection::TooMany);
                }
                vec![PlanEvent::MaintenanceBegun(maintenance)]
            }
            PlanCommand::EndMaintenance { scope, reason } => {
                check_reason(&reason)?;
                if !self.maintenances.iter().any(|known| known.scope == scope) {
                    return Err(PlanRejection::NotPlanned);
                }
                vec![PlanEvent::MaintenanceEnded(MaintenanceEnd { scope, reason: Some(reason) })]
            }
            PlanCommand::ExpireMaintenance { scope, now } => {
                let is_over =
                    self.maintenances.iter().any(|known| known.scope == scope && known.until <= now);
                let end = MaintenanceEnd { scope, reason: None };
                is_over.then_some(PlanEvent::MaintenanceEnded(end)).into_iter().collect()
            }
            PlanCommand::ScheduleSwitchover { switchover, now } => {
                ahead("at", switchover.at, now, AHEAD_MAX)?;
                check_reason(&switchover.reason)?;
                let is_new = self.planned(&switchover.service, &switchover.group).is_none();
                if is_new && self.switchovers.len() >= PLANS_MAX {
                    return Err(PlanRejection::TooMany);
                }
                vec![PlanEvent::SwitchoverScheduled(switchover)]
            }
            PlanCommand::CancelSwitchover { service, group, reason } => {
                check_reason(&reason)?;
                self.planned(&service, &group).ok_or(PlanRejection::NotPlanned)?;
                vec![PlanEvent::SwitchoverCancelled(SwitchoverCancel { service, group, reason })]
            }
            PlanCommand::BeginSwitchover { switchover, now } => {
                let Switchover { service, group, at, .. } = &switchover;
                let planned = self.planned(service, group).filter(|it| it.switchover == switchover);
                let is_free =
                    |it: &Planned| it.begun.is_none_or(|at| now.signed_duration_since(at) > BEGUN_MAX);
                if *at > now || !planned.is_some_and(is_free) {
                    return Ok(vec![]);
                }
                let (service, group) = (service.clone(), group.clone());
                vec![PlanEvent::SwitchoverBegun(SwitchoverBegin { service, group, at: now })]
            }
            PlanCommand::EndSwitchover { service, group, failure } => {
                let planned = self.planned(&service, &group);
                planned.filter(|it| it.begun.is_some()).ok_or(PlanRejection::NotPlanned)?;
                vec![PlanEvent::SwitchoverEnded(SwitchoverEnd { service, group, failure })]
            }
        })
    }

    /// Takes in what happened.
    pub fn evolve(&mut self, event: &PlanEvent) {
        match event {
            PlanEvent::MaintenanceBegun(new) => {
                self.end(&new.scope);
                let place = self.maintenances.partition_point(|known| known.scope < new.scope);
                self.maintenances.insert(place, new.clone());
            }
            PlanEvent::MaintenanceEnded(MaintenanceEnd { scope, .. }) => self.end(scope),
            PlanEvent::SwitchoverScheduled(new) => {
                self.drop(&new.service, &new.group);
                let key = |it: &Switchover| (it.service.clone(), it.group.clone());
                let place = self.switchovers.partition_point(|known| key(&known.switchover) < key(new));
                self.switchovers.insert(place, Planned { switchover: new.clone(), begun: None });
            }
            PlanEvent::SwitchoverCancelled(SwitchoverCancel { service, group, .. })
            | PlanEvent::SwitchoverEnded(SwitchoverEnd { service, group, .. }) => self.drop(service, group),
            PlanEvent::SwitchoverBegun(SwitchoverBegin { service, group, at }) => {
                let mine = |it: &&mut Planned| it.is_of(service, group);
                if let Some(planned) = self.switchovers.iter_mut().find(mine) {
                    planned.begun = Some(*at);
                }
            }
        }
    }

    /// What is planned for this group.
    #[must_use]
    pub fn planned(&self, service: &ServiceName, group: &GroupName) -> Option<&Planned> {
        self.switchovers.iter().find(|it| it.is_of(service, group))
    }

    fn end(&mut self, scope: &Scope) {
        self.maintenances.retain(|known| known.scope != *scope);
    }

    fn drop(&mut self, service: &ServiceName, group: &GroupName) {
        self.switchovers.retain(|known| !known.is_of(service, group));
    }
}

impl Planned {
    fn is_of(&self, service: &ServiceName, group: &GroupName) -> bool {
        self.switchover.service == *service && self.switchover.group == *group
    }
}

fn ahead(
    field: &'static str,
    time: DateTime<Utc>,
    now: DateTime<Utc>,
    most: TimeDelta,
) -> Result<(), PlanRejection> {
    let ahead = time.signed_duration_since(now);
    let is_ahead = TimeDelta::zero() < ahead && ahead <= most;
    if is_ahead { Ok(()) } else { Err(PlanRejection::Time { field, days: most.num_days() }) }
}
