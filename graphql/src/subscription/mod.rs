//! The subscriptions: the current state, then its changes, without a gap between the two.

mod events;
mod groups;
mod instances;
mod pace;
mod services;
mod system;

use aegis_domain::{ErrorCode, Sequence};
use aegis_projections::Store;
use async_graphql::{Context, Result, Subscription as GraphqlSubscription};
use futures_util::{Stream, stream};

use crate::cursor;
use crate::error::{error, require};
use crate::listing::{GroupQuestion, InstanceQuestion, Listings, ServiceQuestion};
use crate::ports::Role;
use crate::ports::{Feed, Status};
use crate::query::System;
use crate::types::{
    EventFilter, InstanceFilter, InstanceOrder, LeaderFilter, LeaderOrder, Long, ServiceFilter, ServiceOrder,
};
use events::{EventUpdate, Events};
use groups::{Groups, LeaderUpdate};
use instances::{InstanceUpdate, Instances};
use services::{ServiceUpdate, Services};
use system::Systems;

pub(crate) use events::Tails;

/// The longest page that is followed.
const PAGE_MAX: u32 = 500;

/// Everything that can be followed.
#[derive(Debug)]
pub struct Subscription;

#[GraphqlSubscription]
impl Subscription {
    /// What a list of instances shows, then what changes in it, at most four times a second: of `first` instances from
    /// `offset` on, 500 at most, or of all of them without `first`. The order is that of the query `instances`; a place in it
    /// is told with `first` only.
    async fn instance_changes(
        &self,
        context: &Context<'_>,
        filter: Option<InstanceFilter>,
        order_by: Option<InstanceOrder>,
        first: Option<u32>,
        #[graphql(default)] offset: u32,
    ) -> Result<impl Stream<Item = InstanceUpdate> + use<>> {
        require(context, Role::Viewer)?;
        if let Some(first) = first.filter(|first| *first > PAGE_MAX) {
            let message = format!("first is {first}: use {PAGE_MAX} at most, or leave it out to follow all");
            return Err(error(ErrorCode::InvalidInput, message));
        }
        if first.is_none() && offset > 0 {
            return Err(error(ErrorCode::InvalidInput, "an offset goes with first: give both, or neither"));
        }
        let question =
            InstanceQuestion { filter: filter.unwrap_or_default(), order: order_by.unwrap_or_default() };
        let listing = context.data::<Listings<InstanceQuestion>>()?.of(question);
        let follower = Instances::new(context.data::<Feed>()?.clone(), listing, (offset, first));
        Ok(stream::unfold(follower, |mut follower| async move {
            let update = follower.next().await?;
            Some((update, follower))
        }))
    }

    /// What a page of a list of services shows, then what changes in it, at most four times a second: `first` (500 at most) from
    /// `offset` on. Figures are told anew every five seconds.
    async fn service_changes(
        &self,
        context: &Context<'_>,
        filter: Option<ServiceFilter>,
        order_by: Option<ServiceOrder>,
        #[graphql(default = 50)] first: u32,
        #[graphql(default)] offset: u32,
    ) -> Result<impl Stream<Item = ServiceUpdate> + use<>> {
        require(context, Role::Viewer)?;
        check_page(first)?;
        let question =
            ServiceQuestion { filter: filter.unwrap_or_default(), order: order_by.unwrap_or_default() };
        let listing = context.data::<Listings<ServiceQuestion>>()?.of(question);
        let follower = Services::new(context.data::<Feed>()?.clone(), listing, (offset, first));
        Ok(stream::unfold(follower, |mut follower| async move {
            let update = follower.next().await?;
            Some((update, follower))
        }))
    }

    /// What a page of a list of groups shows, then what changes in it, at most four times a second: `first` (500 at most) from
    /// `offset` on.
    async fn leader_changes(
        &self,
        context: &Context<'_>,
        filter: Option<LeaderFilter>,
        order_by: Option<LeaderOrder>,
        #[graphql(default = 50)] first: u32,
        #[graphql(default)] offset: u32,
    ) -> Result<impl Stream<Item = LeaderUpdate> + use<>> {
        require(context, Role::Viewer)?;
        check_page(first)?;
        let question =
            GroupQuestion { filter: filter.unwrap_or_default(), order: order_by.unwrap_or_default() };
        let listing = context.data::<Listings<GroupQuestion>>()?.of(question);
        let follower = Groups::new(context.data::<Feed>()?.clone(), listing, (offset, first));
        Ok(stream::unfold(follower, |mut follower| async move {
            let update = follower.next().await?;
            Some((update, follower))
        }))
    }

    /// How the replica is doing: each second, and at once when it sees heartbeats no more or again, when self-preservation
    /// begins or ends, and when a problem comes or goes. Silence means that nothing is known.
    async fn system_changes(&self, context: &Context<'_>) -> Result<impl Stream<Item = System> + use<>> {
        require(context, Role::Viewer)?;
        let (feed, status) = (context.data::<Feed>()?.clone(), context.data::<Status>()?.clone());
        Ok(stream::unfold(Systems::new(feed, status), |mut follower| async move {
            let system = follower.next().await?;
            Some((system, follower))
        }))
    }

    /// The newest `snapshot` events (at most 500), or all after `afterSequence`, then every new one. With the id of the
    /// event at `afterSequence` in `afterId`, a position of a history that is gone is noticed for certain; one before the
    /// index is `CURSOR_EXPIRED`. It ends with
    /// `HISTORY_REPLACED` when the log was put back from a copy or made anew: begin anew without a position then.
    async fn events(
        &self,
        context: &Context<'_>,
        after_sequence: Option<Long>,
        after_id: Option<String>,
        #[graphql(default = 100)] snapshot: u32,
        filter: Option<EventFilter>,
    ) -> Result<impl Stream<Item = Result<EventUpdate>> + use<>> {
        require(context, Role::Viewer)?;
        let store = context.data::<Store>()?.clone();
        let position = after_sequence.map(|sequence| Sequence(sequence.0));
        if let Some(position) = position {
            cursor::check(&store, context.data::<Status>()?, position, after_id.as_deref()).await?;
        }
        let tails = context.data::<Tails>()?;
        let follower = Events::new(store, filter.unwrap_or_default().into(), position, snapshot, tails);
        Ok(stream::unfold(follower, |mut follower| async move {
            let update = follower.next().await?;
            Some((update, follower))
        }))
    }
}

fn check_page(first: u32) -> Result<()> {
    if first > PAGE_MAX {
        return Err(error(ErrorCode::InvalidInput, format!("first is {first}: use {PAGE_MAX} at most")));
    }
    Ok(())
}
