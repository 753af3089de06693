//! Acting on what runs.

use async_graphql::{Context, Object, Result};

use super::expected;
use crate::error::require;
use crate::ports::Role;
use crate::schema::Executor;
use crate::types::{DrainAsked, DrainInput, DrainResult, HandedOver, StepDownInput, StepDownResult};

#[derive(Debug, Default)]
pub(super) struct OperationMutation;

#[Object]
impl OperationMutation {
    async fn step_down(&self, context: &Context<'_>, input: StepDownInput) -> Result<StepDownResult> {
        let by = require(context, Role::Operator)?.clone();
        let (service, group, to, reason) = match input.read() {
            Ok(read) => read,
            Err(rejected) => return Ok(StepDownResult::Rejected(rejected)),
        };
        let executor = context.data::<Executor>()?;
        match executor.step_down(by, service.clone(), group.clone(), to, reason).await {
            Ok(owner) => Ok(StepDownResult::HandedOver(HandedOver::new(&service, &group, &owner))),
            Err(refused) => Ok(StepDownResult::Rejected(expected(refused)?)),
        }
    }

    async fn drain(&self, context: &Context<'_>, input: DrainInput) -> Result<DrainResult> {
        let by = require(context, Role::Operator)?.clone();
        let (service, instance, reason) = match input.read() {
            Ok(read) => read,
            Err(rejected) => return Ok(DrainResult::Rejected(rejected)),
        };
        let executor = context.data::<Executor>()?;
        match executor.drain(by, service.clone(), instance.clone(), reason).await {
            Ok(()) => Ok(DrainResult::Asked(DrainAsked::new(&service, &instance))),
            Err(refused) => Ok(DrainResult::Rejected(expected(refused)?)),
        }
    }
}
