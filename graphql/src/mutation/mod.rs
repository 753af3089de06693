//! The mutations, one room per subject. An expected refusal is data; a fault is an error.

mod consumers;
mod dead_letters;
mod definitions;
mod operations;
mod plans;

use aegis_domain::ErrorCode;
use async_graphql::{MergedObject, Result};

use crate::codes::cut;
use crate::error::refused as fault;
use crate::ports::Refused;
use crate::types::Rejected;

/// Everything that can be changed.
#[derive(Debug, Default, MergedObject)]
pub struct Mutation(
    definitions::DefinitionMutation,
    operations::OperationMutation,
    plans::PlanMutation,
    dead_letters::DeadLetterMutation,
    consumers::ConsumerMutation,
);

/// A refusal that says something of the request is data; anything else is an error.
fn expected(refused: Refused) -> Result<Rejected> {
    let of_the_request = [
        ErrorCode::InvalidInput,
        ErrorCode::NotActive,
        ErrorCode::MemberNotFound,
        ErrorCode::InstanceNotFound,
        ErrorCode::IllegalTransition,
        ErrorCode::GroupNotServed,
        ErrorCode::NoResponders,
        ErrorCode::DeadLetterNotFound,
        ErrorCode::DeadLetterDecided,
        ErrorCode::DeadLetterStuck,
        ErrorCode::ConsumerInUse,
        ErrorCode::HistoryReplaced,
        ErrorCode::NotFound,
    ];
    if of_the_request.contains(&refused.code) {
        Ok(Rejected::new(refused.code, cut(&refused.message)))
    } else {
        Err(fault(refused))
    }
}
