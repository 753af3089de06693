//! What operators plan.

use super::keyed;
use crate::key::IdempotencyKey;
use crate::route;
use crate::transport::Outgoing;
use crate::types::{BeginMaintenance, EndMaintenance, PlanRecorded, Plans, Reason, ScheduleSwitchover};
use crate::{Client, Error};

impl Client {
    /// What is planned, and what goes on.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn plans(&self) -> Result<Plans, Error> {
        self.fetch(Outgoing::new(&route::PLANS, route::PLANS.with(&[]))).await
    }

    /// Stops the automatic failover of the service, or of one of its groups, for a time.
    ///
    /// # Errors
    /// `INVALID_INPUT` when its end is not ahead, or more than seven days. The rest as in [`Error`].
    pub async fn begin_maintenance(
        &self,
        service: &str,
        how: &BeginMaintenance,
        key: Option<&IdempotencyKey>,
    ) -> Result<PlanRecorded, Error> {
        let path = route::BEGIN_MAINTENANCE.with(&[service]);
        self.fetch(keyed(Outgoing::new(&route::BEGIN_MAINTENANCE, path).json(how), key)).await
    }

    /// Ends a maintenance before its time.
    ///
    /// # Errors
    /// `NOT_FOUND` when there is none of exactly these groups. The rest as in [`Error`].
    pub async fn end_maintenance(
        &self,
        service: &str,
        how: &EndMaintenance,
        key: Option<&IdempotencyKey>,
    ) -> Result<PlanRecorded, Error> {
        let path = route::END_MAINTENANCE.with(&[service]);
        self.fetch(keyed(Outgoing::new(&route::END_MAINTENANCE, path).json(how), key)).await
    }

    /// Plans to have a group handed over at a time, instead of what was planned for it before.
    ///
    /// # Errors
    /// `INVALID_INPUT` when the time is not ahead, or more than thirty days. The rest as in [`Error`].
    pub async fn schedule_switchover(
        &self,
        service: &str,
        group: &str,
        how: &ScheduleSwitchover,
        key: Option<&IdempotencyKey>,
    ) -> Result<PlanRecorded, Error> {
        let path = route::SCHEDULE_SWITCHOVER.with(&[service, group]);
        self.fetch(keyed(Outgoing::new(&route::SCHEDULE_SWITCHOVER, path).json(how), key)).await
    }

    /// Calls the planned switchover of a group off.
    ///
    /// # Errors
    /// `NOT_FOUND` when none is planned for it. The rest as in [`Error`].
    pub async fn cancel_switchover(
        &self,
        service: &str,
        group: &str,
        reason: &str,
        key: Option<&IdempotencyKey>,
    ) -> Result<PlanRecorded, Error> {
        let path = route::CANCEL_SWITCHOVER.with(&[service, group]);
        let body = Reason { reason: reason.to_owned() };
        self.fetch(keyed(Outgoing::new(&route::CANCEL_SWITCHOVER, path).json(&body), key)).await
    }
}
