//! Changing definitions.

use aegis_domain::{AggregateVersion, ServiceName};
use async_graphql::{Context, Object, Result};

use crate::error::{failed, require};
use crate::ports::Executor;
use crate::ports::{Outcome, Role};
use crate::types::{
    AmendInput, DefineInput, DefinitionChanged, DefinitionResult, ReinstateInput, RetireInput, rejected,
    service_name,
};

#[derive(Debug, Default)]
pub(super) struct DefinitionMutation;

#[Object]
impl DefinitionMutation {
    async fn define(&self, context: &Context<'_>, input: DefineInput) -> Result<DefinitionResult> {
        let by = require(context, Role::Admin)?.clone();
        let (service, content, reason) = match input.read() {
            Ok(read) => read,
            Err(rejected) => return Ok(DefinitionResult::Rejected(rejected)),
        };
        let outcome = context.data::<Executor>()?.define(by, service.clone(), content, reason).await;
        result(&service, outcome)
    }

    async fn amend(&self, context: &Context<'_>, input: AmendInput) -> Result<DefinitionResult> {
        let by = require(context, Role::Admin)?.clone();
        let expected = AggregateVersion(input.expected_revision.0);
        let (service, change, reason) = match input.read() {
            Ok(read) => read,
            Err(rejected) => return Ok(DefinitionResult::Rejected(rejected)),
        };
        let outcome = context.data::<Executor>()?.amend(by, service.clone(), expected, change, reason).await;
        result(&service, outcome)
    }

    async fn retire(&self, context: &Context<'_>, input: RetireInput) -> Result<DefinitionResult> {
        let by = require(context, Role::Admin)?.clone();
        let expected = AggregateVersion(input.expected_revision.0);
        let service = match service_name(&input.service) {
            Ok(service) => service,
            Err(rejected) => return Ok(DefinitionResult::Rejected(rejected)),
        };
        let outcome = context.data::<Executor>()?.retire(by, service.clone(), expected, input.reason).await;
        result(&service, outcome)
    }

    /// Brings a retired definition back as it was.
    async fn reinstate(&self, context: &Context<'_>, input: ReinstateInput) -> Result<DefinitionResult> {
        let by = require(context, Role::Admin)?.clone();
        let expected = AggregateVersion(input.expected_revision.0);
        let service = match service_name(&input.service) {
            Ok(service) => service,
            Err(rejected) => return Ok(DefinitionResult::Rejected(rejected)),
        };
        let outcome =
            context.data::<Executor>()?.reinstate(by, service.clone(), expected, input.reason).await;
        result(&service, outcome)
    }
}

fn result(service: &ServiceName, outcome: Outcome) -> Result<DefinitionResult> {
    match outcome {
        Ok(Ok(applied)) => Ok(DefinitionResult::Changed(DefinitionChanged {
            service: service.to_string(),
            revision: applied.revision.get().into(),
            sequence: applied.sequence.into(),
        })),
        Ok(Err(rejection)) => Ok(DefinitionResult::Rejected(rejected(&rejection))),
        Err(failure) => Err(failed(&failure)),
    }
}
