//! The registry as it stood.

use aegis_domain::{ErrorCode, Sequence};
use aegis_projections::store::{AsOfError, At};
use aegis_projections::{Live, Store};
use async_graphql::{Context, Object, Result};
use chrono::{DateTime, Utc};

use super::registry::{definitions, instances, leaders, services};
use crate::error::{error, require, store_error};
use crate::ports::Role;
use crate::types::{
    Definition, DefinitionFilter, Instance, InstanceFilter, Leader, LeaderFilter, Long, Page, Service,
};

#[derive(Debug, Default)]
pub(super) struct PastQuery;

#[Object]
impl PastQuery {
    /// The whole registry exactly as it stood after the event with this sequence, or at this time by the server's
    /// clock. Give one of the two.
    // The registry is folded for it anew, whatever is asked of it then.
    async fn as_of(
        &self,
        context: &Context<'_>,
        sequence: Option<Long>,
        time: Option<DateTime<Utc>>,
    ) -> Result<RegistryAsOf> {
        require(context, Role::Auditor)?;
        let at = match (sequence, time) {
            (Some(sequence), None) => At::Sequence(Sequence(sequence.0)),
            (None, Some(time)) => At::Time(time),
            (Some(_), Some(_)) | (None, None) => {
                return Err(error(ErrorCode::InvalidInput, "give a sequence or a time, and not both"));
            }
        };
        let mut state = context.data::<Store>()?.as_of(at).await.map_err(|cause| match cause {
            AsOfError::Store(cause) => store_error(&cause),
            AsOfError::Ahead { .. } | AsOfError::Forgotten { .. } => {
                error(ErrorCode::InvalidInput, cause.to_string())
            }
        })?;
        // Whatever is told by a time is told by that one: what had ended long before does not belong to the answer, as
        // it does not today, and nobody flaps by today's clock.
        let moment = time.unwrap_or(state.time);
        state.time = moment;
        Ok(RegistryAsOf { live: Live::new(state), moment })
    }
}

/// The registry at one moment of the past. There are no figures of instances: those are not part of the log.
#[derive(Debug)]
struct RegistryAsOf {
    live: Live,
    moment: DateTime<Utc>,
}

#[Object]
impl RegistryAsOf {
    /// Sequence of the last event that it contains.
    async fn as_of_sequence(&self) -> Long {
        self.live.read().state.position.into()
    }

    async fn services(
        &self,
        #[graphql(default = 50)] first: u32,
        after: Option<String>,
    ) -> Result<Page<Service>> {
        services(&self.live.read(), self.moment, first, after.as_deref())
    }

    async fn instances(
        &self,
        #[graphql(default = 50)] first: u32,
        after: Option<String>,
        filter: Option<InstanceFilter>,
    ) -> Result<Page<Instance>> {
        instances(&self.live.read(), self.moment, first, after.as_deref(), &filter.unwrap_or_default())
    }

    async fn leaders(
        &self,
        #[graphql(default = 50)] first: u32,
        after: Option<String>,
        filter: Option<LeaderFilter>,
    ) -> Result<Page<Leader>> {
        leaders(&self.live.read(), first, after.as_deref(), &filter.unwrap_or_default())
    }

    async fn definitions(
        &self,
        #[graphql(default = 50)] first: u32,
        after: Option<String>,
        filter: Option<DefinitionFilter>,
    ) -> Result<Page<Definition>> {
        definitions(&self.live.read(), first, after.as_deref(), &filter.unwrap_or_default())
    }
}
