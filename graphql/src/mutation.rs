//! The mutations. An expected refusal is data; a fault is an error.

use aegis_domain::{AggregateVersion, ServiceName};
use async_graphql::{Context, Object, Result};

use crate::error::{failed, require};
use crate::ports::{Outcome, Role};
use crate::schema::Executor;
use crate::types::{
    AmendInput, DefineInput, DefinitionChanged, DefinitionResult, RetireInput, rejected, service_name,
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
