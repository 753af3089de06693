//! Whether the log is as it was written.

use async_graphql::{Context, Object, Result};

use crate::error::require;
use crate::ports::Role;
use crate::ports::Verifying;
use crate::types::Verification;

#[derive(Debug, Default)]
pub(super) struct VerificationQuery;

#[Object]
impl VerificationQuery {
    /// The verification that is under way on this replica, or the last one since it started; null when there was none.
    async fn verification(&self, context: &Context<'_>) -> Result<Option<Verification>> {
        require(context, Role::Auditor)?;
        Ok(context.data::<Verifying>()?.verification().map(Into::into))
    }
}
