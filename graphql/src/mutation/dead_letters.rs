//! Deciding on dead letters.

use async_graphql::{Context, Object, Result};

use super::expected;
use crate::error::require;
use crate::ports::{Decided, Refused, Role};
use crate::schema::Letters;
use crate::types::{DeadLetterDone, DeadLetterInput, DeadLetterResult};

#[derive(Debug, Default)]
pub(super) struct DeadLetterMutation;

#[Object]
impl DeadLetterMutation {
    /// Sends the message back to the subject that it came from, and removes the letter.
    async fn redrive_dead_letter(
        &self,
        context: &Context<'_>,
        input: DeadLetterInput,
    ) -> Result<DeadLetterResult> {
        let by = require(context, Role::Operator)?.clone();
        let outcome = context.data::<Letters>()?.redrive(by, input.sequence.0, input.reason).await;
        result(input.sequence.0, outcome)
    }

    /// Gives the message up: the letter is removed.
    async fn discard_dead_letter(
        &self,
        context: &Context<'_>,
        input: DeadLetterInput,
    ) -> Result<DeadLetterResult> {
        let by = require(context, Role::Operator)?.clone();
        let outcome = context.data::<Letters>()?.discard(by, input.sequence.0, input.reason).await;
        result(input.sequence.0, outcome)
    }
}

fn result(sequence: u64, outcome: Result<Decided, Refused>) -> Result<DeadLetterResult> {
    match outcome {
        Ok(done) => Ok(DeadLetterResult::Done(DeadLetterDone::new(sequence, done))),
        Err(refused) => Ok(DeadLetterResult::Rejected(expected(refused)?)),
    }
}
