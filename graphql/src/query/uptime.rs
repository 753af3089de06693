//! How a service was supplied with instances.

use std::collections::HashSet;

use aegis_domain::{AggregateId, AggregateKind, ErrorCode, Sequence, ServiceName};
use aegis_projections::Store;
use aegis_projections::store::{EventFilter, Window};
use aegis_projections::view::InstanceStatus as ViewStatus;
use aegis_projections::view::uptime::Uptime;
use async_graphql::{Context, Object, Result};
use chrono::{DateTime, TimeDelta, Utc};

use crate::error::{error, require, store_error};
use crate::ports::Feed;
use crate::ports::Role;
use crate::types::ServiceLifeline;

/// So many events of instances are gone through at most: the newest.
const EVENTS: u32 = 5_000;
/// How many are read at once.
const READ: u32 = 1_000;

#[derive(Debug, Default)]
pub(super) struct UptimeQuery;

#[Object]
impl UptimeQuery {
    /// Whether enough instances of a service ran from `from` to `to`, by default until now: seven days before that, if `from` is
    /// left out.
    async fn service_lifeline(
        &self,
        context: &Context<'_>,
        service: String,
        from: Option<DateTime<Utc>>,
        to: Option<DateTime<Utc>>,
    ) -> Result<ServiceLifeline> {
        require(context, Role::Viewer)?;
        let service = ServiceName::new(service)
            .map_err(|_broken| error(ErrorCode::InvalidInput, "that is no name of a service"))?;
        let now = context.data::<Feed>()?.contents().time();
        let to = to.unwrap_or(now).min(now);
        // A time so far away that nothing was before it has nothing to tell either.
        let from = from.unwrap_or_else(|| to.checked_sub_signed(TimeDelta::days(7)).unwrap_or(to));
        let filter = EventFilter {
            kinds: vec![AggregateKind::Instance],
            service: Some(service.to_string()),
            to_time: Some(to),
            ..EventFilter::default()
        };
        let store = context.data::<Store>()?;
        let (mut events, mut before, mut as_of) = (Vec::new(), None, Sequence::ZERO);
        let mut begin = from;
        for _ in 0..EVENTS / READ {
            let window = Window::Last { count: READ, before };
            let page = store.events(&filter, window).await.map_err(|e| store_error(&e))?;
            as_of = as_of.max(page.as_of);
            drop(events.splice(0..0, page.events));
            let first = events.first().filter(|_| page.more);
            before = first.map(|event| event.sequence);
            begin = first.map_or(from, |event| event.recorded_at.max(from));
            if before.is_none() {
                break;
            }
        }
        let told: HashSet<_> = events.iter().map(|event| event.aggregate.clone()).collect();
        let (others, needed) = {
            let contents = context.data::<Feed>()?.contents();
            let running = contents.instances_of(&service).filter(|(key, view)| {
                let id = AggregateId::Instance(key.0.clone(), key.1.clone()).to_string();
                view.status == ViewStatus::Running && view.status_since < to && !told.contains(&id)
            });
            let definition = contents.state.definitions.get(&service).filter(|it| !it.retired);
            let needed = definition.and_then(|it| it.content.min_instances).map_or(1, u64::from).max(1);
            (running.map(|(_, view)| view.status_since).collect::<Vec<_>>(), needed)
        };
        let uptime = Uptime::of(events.iter().map(|event| &**event), others, needed);
        Ok(ServiceLifeline::of(uptime, needed, (begin, to), as_of))
    }
}
