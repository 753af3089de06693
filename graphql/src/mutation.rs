//! The mutations. An expected refusal is data; a fault is an error.

use aegis_domain::{AggregateVersion, ErrorCode, ServiceName};
use async_graphql::{Context, Object, Result};

use crate::error::{error, failed, require};
use crate::ports::{Outcome, Refused, Role};
use crate::schema::Executor;
use crate::types::{
    AmendInput, DefineInput, DefinitionChanged, DefinitionResult, DrainAsked, DrainInput, DrainResult,
    HandedOver, Rejected, RetireInput, StepDownInput, StepDownResult, rejected, service_name,
};

/// Everything that can be changed.
#[derive(Debug)]
pub struct Mutation;

#[Object]
impl Mutation {
    async fn define(&self, context: &Context<'_>, input: DefineInput) -> Result<DefinitionResult> {
        let by = require(context, Role::Admin)?.clone();
        let (service, content) = match input.read() {
            Ok(read) => read,
            Err(rejected) => return Ok(DefinitionResult::Rejected(rejected)),
        };
        let outcome = context.data::<Executor>()?.define(by, service.clone(), content).await;
        result(&service, outcome)
    }

    async fn amend(&self, context: &Context<'_>, input: AmendInput) -> Result<DefinitionResult> {
        let by = require(context, Role::Admin)?.clone();
        let expected = AggregateVersion(input.expected_revision);
        let (service, change) = match input.read() {
            Ok(read) => read,
            Err(rejected) => return Ok(DefinitionResult::Rejected(rejected)),
        };
        let outcome = context.data::<Executor>()?.amend(by, service.clone(), expected, change).await;
        result(&service, outcome)
    }

    async fn retire(&self, context: &Context<'_>, input: RetireInput) -> Result<DefinitionResult> {
        let by = require(context, Role::Admin)?.clone();
        let expected = AggregateVersion(input.expected_revision);
        let service = match service_name(&input.service) {
            Ok(service) => service,
            Err(rejected) => return Ok(DefinitionResult::Rejected(rejected)),
        };
        let outcome = context.data::<Executor>()?.retire(by, service.clone(), expected, input.reason).await;
        result(&service, outcome)
    }

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

/// A refusal that says something of the request is data; anything else is an error.
fn expected(refused: Refused) -> Result<Rejected> {
    let of_the_request = [
        ErrorCode::InvalidInput,
        ErrorCode::NotActive,
        ErrorCode::MemberNotFound,
        ErrorCode::InstanceNotFound,
        ErrorCode::GroupNotServed,
        ErrorCode::NoResponders,
    ];
    if of_the_request.contains(&refused.code) {
        Ok(Rejected::new(refused.code, refused.message))
    } else {
        Err(error(refused.code, refused.message))
    }
}

fn result(service: &ServiceName, outcome: Outcome) -> Result<DefinitionResult> {
    match outcome {
        Ok(Ok(applied)) => Ok(DefinitionResult::Changed(DefinitionChanged {
            service: service.to_string(),
            revision: applied.revision.get(),
            sequence: applied.sequence.into(),
        })),
        Ok(Err(rejection)) => Ok(DefinitionResult::Rejected(rejected(&rejection))),
        Err(failure) => Err(failed(&failure)),
    }
}
