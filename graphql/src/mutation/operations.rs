//! Operations on running instances and groups.

use async_graphql::{Context, Object, Result};

use super::expected;
use crate::error::{refused as fault, require};
use crate::ports::Role;
use crate::ports::{Executor, Verifying};
use crate::types::{
    DrainAsked, DrainInput, DrainResult, ForgetInput, ForgetResult, Forgotten, HandedOver, LogSet, Long,
    SetLogInput, SetLogResult, StepDownInput, StepDownResult, Verification,
};

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

    /// Rebuilds the projection of the replica that answers from the log, beside the live one, which serves
    /// meanwhile. Answers the sequence at which the new one took its place.
    async fn rebuild_projection(&self, context: &Context<'_>) -> Result<Long> {
        require(context, Role::Admin)?;
        let rebuilt = context.data::<Executor>()?.rebuild_projection().await;
        rebuilt.map(Into::into).map_err(fault)
    }

    /// Verifies the log, as `aegis verify` does: chains, gaps, the settings of the stream, and the KV entries. Answers how far it
    /// is; `verification` tells what it comes to. One that is under way on this replica goes on instead.
    async fn verify_log(&self, context: &Context<'_>) -> Result<Verification> {
        let by = require(context, Role::Auditor)?;
        Ok(context.data::<Verifying>()?.verify(by).into())
    }

    /// Takes an ended instance out of the registry before its time.
    async fn forget_instance(&self, context: &Context<'_>, input: ForgetInput) -> Result<ForgetResult> {
        let by = require(context, Role::Operator)?.clone();
        let (service, instance, reason) = match input.read() {
            Ok(read) => read,
            Err(rejected) => return Ok(ForgetResult::Rejected(rejected)),
        };
        let executor = context.data::<Executor>()?;
        match executor.forget(by, service.clone(), instance.clone(), reason).await {
            Ok(sequence) => Ok(ForgetResult::Forgotten(Forgotten::new(&service, &instance, sequence))),
            Err(refused) => Ok(ForgetResult::Rejected(expected(refused)?)),
        }
    }

    /// Has an instance log what passes a filter, from now on.
    async fn set_log(&self, context: &Context<'_>, input: SetLogInput) -> Result<SetLogResult> {
        let by = require(context, Role::Operator)?.clone();
        let (service, instance, filter) = match input.read() {
            Ok(read) => read,
            Err(rejected) => return Ok(SetLogResult::Rejected(rejected)),
        };
        let executor = context.data::<Executor>()?;
        match executor.set_log(by, service.clone(), instance.clone(), filter.clone()).await {
            Ok(()) => Ok(SetLogResult::Set(LogSet::new(&service, &instance, filter))),
            Err(refused) => Ok(SetLogResult::Rejected(expected(refused)?)),
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
            Ok(sequence) => Ok(DrainResult::Asked(DrainAsked::new(&service, &instance, sequence))),
            Err(refused) => Ok(DrainResult::Rejected(expected(refused)?)),
        }
    }
}
