//! What operators plan.

use aegis_domain::Sequence;
use async_graphql::{Context, Object, Result};

use super::expected;
use crate::error::require;
use crate::ports::Executor;
use crate::ports::{Refused, Role};
use crate::types::{
    BeginMaintenanceInput, CancelSwitchoverInput, EndMaintenanceInput, PlanRecorded, PlanResult,
    ScheduleSwitchoverInput,
};

#[derive(Debug, Default)]
pub(super) struct PlanMutation;

#[Object]
impl PlanMutation {
    /// Stops automatic failover of a service or of one of its groups for a time.
    async fn begin_maintenance(
        &self,
        context: &Context<'_>,
        input: BeginMaintenanceInput,
    ) -> Result<PlanResult> {
        let by = require(context, Role::Operator)?.clone();
        match input.read() {
            Ok(maintenance) => told(context.data::<Executor>()?.begin_maintenance(by, maintenance).await),
            Err(rejected) => Ok(PlanResult::Rejected(rejected)),
        }
    }

    /// Ends a maintenance before its time.
    async fn end_maintenance(&self, context: &Context<'_>, input: EndMaintenanceInput) -> Result<PlanResult> {
        let by = require(context, Role::Operator)?.clone();
        match input.read() {
            Ok((scope, reason)) => told(context.data::<Executor>()?.end_maintenance(by, scope, reason).await),
            Err(rejected) => Ok(PlanResult::Rejected(rejected)),
        }
    }

    /// Plans to have a group handed over at a time. `terms` and the log tell what became of it.
    async fn schedule_switchover(
        &self,
        context: &Context<'_>,
        input: ScheduleSwitchoverInput,
    ) -> Result<PlanResult> {
        let by = require(context, Role::Operator)?.clone();
        match input.read() {
            Ok(switchover) => told(context.data::<Executor>()?.schedule_switchover(by, switchover).await),
            Err(rejected) => Ok(PlanResult::Rejected(rejected)),
        }
    }

    /// Calls a planned switchover off.
    async fn cancel_switchover(
        &self,
        context: &Context<'_>,
        input: CancelSwitchoverInput,
    ) -> Result<PlanResult> {
        let by = require(context, Role::Operator)?.clone();
        match input.read() {
            Ok((service, group, reason)) => {
                told(context.data::<Executor>()?.cancel_switchover(by, service, group, reason).await)
            }
            Err(rejected) => Ok(PlanResult::Rejected(rejected)),
        }
    }
}

fn told(outcome: Result<Sequence, Refused>) -> Result<PlanResult> {
    Ok(match outcome {
        Ok(sequence) => PlanResult::Recorded(PlanRecorded { sequence: sequence.into() }),
        Err(refused) => PlanResult::Rejected(expected(refused)?),
    })
}
