//! The registry as it stood.

use aegis_domain::{ErrorCode, Sequence};
use aegis_projections::store::{AsOfError, At};
use aegis_projections::{Live, Store};
use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};

use super::registry::{definitions, instances, leaders, services, summaries};
use crate::cursor;
use crate::error::{error, require, store_error};
use crate::ports::Role;
use crate::types::{
    Definition, DefinitionFilter, Instance, InstanceFilter, InstanceOrder, Leader, LeaderFilter, LeaderOrder,
    Long, Maintenance, Page, Service, ServiceFilter, ServiceOrder, ServicePage, Switchover,
};

#[derive(Debug, Default)]
pub(super) struct PastQuery;

#[Object]
impl PastQuery {
    /// The whole registry exactly as it stood after the event with this sequence, or at this time by the server's
    /// clock. Give one of the two. With the id of the event at the sequence in `id`, a sequence of a history that is gone is
    /// noticed (`HISTORY_REPLACED`); in any case `history` and `asOfId` say of which history the answer is.
    // The registry is folded for it anew, whatever is asked of it then.
    async fn as_of(
        &self,
        context: &Context<'_>,
        sequence: Option<Long>,
        time: Option<DateTime<Utc>>,
        id: Option<String>,
    ) -> Result<RegistryAsOf> {
        require(context, Role::Auditor)?;
        let at = match (sequence, time, &id) {
            (Some(sequence), None, _) => At::Sequence(Sequence(sequence.0)),
            (None, Some(time), None) => At::Time(time),
            (None, Some(_), Some(_)) => {
                return Err(error(ErrorCode::InvalidInput, "an id goes with the sequence of its event"));
            }
            (Some(_), Some(_), _) | (None, None, _) => {
                return Err(error(ErrorCode::InvalidInput, "give a sequence or a time, and not both"));
            }
        };
        let store = context.data::<Store>()?;
        let mut state = store.as_of(at).await.map_err(|cause| match cause {
            AsOfError::Store(cause) => store_error(&cause),
            AsOfError::Ahead { .. } | AsOfError::Forgotten { .. } => {
                error(ErrorCode::InvalidInput, cause.to_string())
            }
        })?;
        if let (At::Sequence(sequence), Some(id)) = (at, &id) {
            cursor::is_event(store, sequence, id).await?;
        }
        let as_of_id = cursor::event_at(store, state.position).await?;
        let history = store.history().await.map_err(|e| store_error(&e))?;
        let end = match at {
            At::Sequence(sequence) => sequence,
            // What is missing next may have been before this time.
            At::Time(_) => state.position.next(),
        };
        let gaps = store.gaps().await.map_err(|e| store_error(&e))?;
        let missing = gaps.into_iter().filter(|gap| gap.first <= end);
        let missing = missing.map(|gap| Missing { first: gap.first.into(), last: gap.last.into() }).collect();
        // Whatever is told by a time is told by that one: what had ended long before does not belong to the answer, as
        // it does not today, and nobody flaps by today's clock.
        let moment = time.unwrap_or(state.time);
        state.time = moment;
        Ok(RegistryAsOf { live: Live::new(state), moment, as_of_id, history, missing })
    }
}

/// Messages that the log has lost, both ends included.
#[derive(Debug, Clone, SimpleObject)]
struct Missing {
    first: Long,
    last: Long,
}

/// The registry at one moment of the past. There are no figures of instances: those are not part of the log.
#[derive(Debug)]
struct RegistryAsOf {
    live: Live,
    moment: DateTime<Utc>,
    as_of_id: Option<String>,
    history: String,
    missing: Vec<Missing>,
}

#[Object]
impl RegistryAsOf {
    /// Sequence of the last event that it contains.
    async fn as_of_sequence(&self) -> Long {
        self.live.read().state.position.into()
    }

    /// Id of that event; none where the last message is no event, or the index has forgotten it.
    async fn as_of_id(&self) -> Option<&str> {
        self.as_of_id.as_deref()
    }

    /// The log that it is told from: the stream, and when it was created.
    async fn history(&self) -> &str {
        &self.history
    }

    /// What the log has lost of its messages up to then, before this replica could read them: where there is any, this is
    /// not the registry as it stood, only what the rest of the log says.
    async fn missing(&self) -> &[Missing] {
        &self.missing
    }

    /// The maintenance that went on.
    async fn maintenances(&self) -> Vec<Maintenance> {
        let contents = self.live.read();
        let view = &contents.state.installation;
        view.plans.maintenances.iter().map(|plan| Maintenance::of(plan, view)).collect()
    }

    /// The switchovers that were planned or under way.
    async fn switchovers(&self) -> Vec<Switchover> {
        let contents = self.live.read();
        let view = &contents.state.installation;
        view.plans.switchovers.iter().map(|plan| Switchover::of(plan, view)).collect()
    }

    async fn services(
        &self,
        #[graphql(default = 50)] first: u32,
        after: Option<String>,
    ) -> Result<Page<Service>> {
        services(&self.live.read(), self.moment, first, after.as_deref())
    }

    /// Services, each summed up, without figures.
    async fn service_summaries(
        &self,
        filter: Option<ServiceFilter>,
        order_by: Option<ServiceOrder>,
        #[graphql(default = 50)] first: u32,
        #[graphql(default)] offset: u32,
    ) -> Result<ServicePage> {
        summaries(&self.live.read(), (filter, order_by), (first, offset))
    }

    async fn instances(
        &self,
        #[graphql(default = 50)] first: u32,
        after: Option<String>,
        filter: Option<InstanceFilter>,
        order_by: Option<InstanceOrder>,
    ) -> Result<Page<Instance>> {
        let (filter, order) = (filter.unwrap_or_default(), order_by.unwrap_or_default());
        instances(&self.live.read(), self.moment, first, after.as_deref(), (&filter, order))
    }

    async fn leaders(
        &self,
        #[graphql(default = 50)] first: u32,
        after: Option<String>,
        filter: Option<LeaderFilter>,
        order_by: Option<LeaderOrder>,
    ) -> Result<Page<Leader>> {
        let (filter, order) = (filter.unwrap_or_default(), order_by.unwrap_or_default());
        leaders(&self.live.read(), first, after.as_deref(), (&filter, order))
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
