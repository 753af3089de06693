//! Deciding on dead letters.

use aegis_domain::LetterId;
use async_graphql::{Context, Object, Result};

use super::expected;
use crate::error::require;
use crate::ports::Letters;
use crate::ports::{DeadLetter, Refused, Role};
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
        let letters = context.data::<Letters>()?;
        let letter = match meant(letters, &input).await {
            Ok(letter) => letter,
            Err(refused) => return rejected(refused),
        };
        match letters.redrive(by, LetterId::new(letter.sequence, letter.at), input.reason).await {
            Ok(done) => Ok(DeadLetterResult::Done(DeadLetterDone::new(&letter, done))),
            Err(refused) => rejected(refused),
        }
    }

    /// Gives the message up: the letter is removed.
    async fn discard_dead_letter(
        &self,
        context: &Context<'_>,
        input: DeadLetterInput,
    ) -> Result<DeadLetterResult> {
        let by = require(context, Role::Operator)?.clone();
        let letters = context.data::<Letters>()?;
        let letter = match meant(letters, &input).await {
            Ok(letter) => letter,
            Err(refused) => return rejected(refused),
        };
        match letters.discard(by, LetterId::new(letter.sequence, letter.at), input.reason).await {
            Ok(done) => Ok(DeadLetterResult::Done(DeadLetterDone::new(&letter, done))),
            Err(refused) => rejected(refused),
        }
    }
}

/// The letter that the input names, if it is the one that whoever asks has seen.
async fn meant(letters: &Letters, input: &DeadLetterInput) -> Result<DeadLetter, Refused> {
    letters.get(LetterId { sequence: input.sequence.0, at: input.at }).await
}

fn rejected(refused: Refused) -> Result<DeadLetterResult> {
    Ok(DeadLetterResult::Rejected(expected(refused)?))
}
