//! What is asked about one instance beside its record: its states over time, and what acting on it would do.

use std::collections::BTreeMap;

use aegis_domain::{AggregateId, ErrorCode, GroupName, InstanceName, ServiceName};
use aegis_projections::Store;
use aegis_projections::live::Contents;
use aegis_projections::store::{EventFilter, Window};
use aegis_projections::view::{InstanceStatus as ViewStatus, InstanceView, LeaderView, lifeline};
use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::{DateTime, TimeDelta, Utc};

use crate::error::{error, require, store_error};
use crate::ports::Feed;
use crate::ports::Role;
use crate::types::{Lifeline, Long};

/// So many events of an instance are gone through at most: the newest.
const EVENTS: u32 = 1_000;
/// So many groups of an instance are told, and so many candidates of a group.
const GROUPS: usize = 200;
const CANDIDATES: usize = 20;

#[derive(Debug, Default)]
pub(super) struct InstanceQuery;

/// An instance that could take a group over.
#[derive(Debug, SimpleObject)]
struct Candidate {
    instance: String,
    /// How many groups it owns now.
    groups: Long,
    /// Calls that it is handling, by its last heartbeat.
    in_flight: Long,
}

/// A group, and who could take it over.
#[derive(Debug, SimpleObject)]
struct GroupPreview {
    group: String,
    term: Long,
    /// How many stand for it and run; nobody else would own it.
    candidate_count: Long,
    /// The first 20 of them, in order of name.
    candidates: Vec<Candidate>,
}

/// What a drain would move and wait for.
#[derive(Debug, SimpleObject)]
struct DrainPreview {
    /// How many groups it owns.
    group_count: Long,
    /// The first 200 of them, in order of name.
    groups: Vec<GroupPreview>,
    /// Calls that it is handling, by its last heartbeat.
    in_flight: Long,
    /// Calls that wait there.
    queue_depth: Long,
    /// Other instances of the service that run.
    others: Long,
    /// How few the definition asks for, where it does.
    min_instances: Option<Long>,
}

#[Object]
impl InstanceQuery {
    /// The states of an instance from `from` to `to`, by default until now: seven days before that, if `from` is left out.
    async fn lifeline(
        &self,
        context: &Context<'_>,
        service: String,
        instance: String,
        from: Option<DateTime<Utc>>,
        to: Option<DateTime<Utc>>,
    ) -> Result<Lifeline> {
        require(context, Role::Viewer)?;
        let (service, instance) = names(service, instance)?;
        let now = context.data::<Feed>()?.contents().time();
        let to = to.unwrap_or(now).min(now);
        // A time so far away that nothing was before it has nothing to tell either.
        let from = from.unwrap_or_else(|| to.checked_sub_signed(TimeDelta::days(7)).unwrap_or(to));
        let aggregate = AggregateId::Instance(service, instance).to_string();
        let filter = EventFilter { aggregate: Some(aggregate), ..EventFilter::default() };
        let window = Window::Last { count: EVENTS, before: None };
        let page = context.data::<Store>()?.events(&filter, window).await.map_err(|e| store_error(&e))?;
        let whole = lifeline::Lifeline::of(page.events.iter().map(|event| &**event));
        Ok(Lifeline::of(whole, (from, to), page.as_of))
    }

    /// What draining this instance would move, and what it would wait for; null when it is not known.
    async fn drain_preview(
        &self,
        context: &Context<'_>,
        service: String,
        instance: String,
    ) -> Result<Option<DrainPreview>> {
        require(context, Role::Viewer)?;
        let key = names(service, instance)?;
        let contents = context.data::<Feed>()?.contents();
        if !contents.state.instances.contains_key(&key) {
            return Ok(None);
        }
        let (service, instance) = &key;
        let metrics = contents.beats.get(&key).map(|beat| &beat.heartbeat.metrics);
        let mut owned: Vec<_> = contents.owned_by(&key).collect();
        let group_count = owned.len() as u64;
        owned.truncate(GROUPS);
        let definition = contents.state.definitions.get(service).filter(|definition| !definition.retired);
        Ok(Some(DrainPreview {
            group_count: group_count.into(),
            groups: previews(&contents, service, &owned, Some(instance)),
            in_flight: metrics.map_or(0, |metrics| metrics.in_flight).into(),
            queue_depth: metrics.map_or(0, |metrics| metrics.queue_depth).into(),
            others: (running(&contents, service, Some(instance)).count() as u64).into(),
            min_instances: definition.and_then(|it| it.content.min_instances).map(Into::into),
        }))
    }

    /// Who could take this group over from its owner; null when the group is not known.
    async fn step_down_preview(
        &self,
        context: &Context<'_>,
        service: String,
        group: String,
    ) -> Result<Option<GroupPreview>> {
        require(context, Role::Viewer)?;
        let invalid =
            |what| move |_broken| error(ErrorCode::InvalidInput, format!("that is no name of {what}"));
        let service = ServiceName::new(service).map_err(invalid("a service"))?;
        let group = GroupName::new(group).map_err(invalid("a group"))?;
        let contents = context.data::<Feed>()?.contents();
        let key = (service, group);
        Ok(contents.state.leaders.get(&key).and_then(|leader| {
            previews(&contents, &key.0, &[leader], leader.instance.as_ref()).into_iter().next()
        }))
    }
}

/// The instances of a service that run, all but one.
fn running<'a>(
    contents: &'a Contents,
    service: &'a ServiceName,
    but: Option<&'a InstanceName>,
) -> impl Iterator<Item = &'a InstanceView> {
    contents.instances_of(service).filter_map(move |(key, view)| {
        let is_other = but.is_none_or(|but| key.1 != *but);
        (is_other && view.status == ViewStatus::Running).then_some(view)
    })
}

/// Who could take each of these groups over. All instances of the service are gone through once.
fn previews(
    contents: &Contents,
    service: &ServiceName,
    groups: &[&LeaderView],
    owner: Option<&InstanceName>,
) -> Vec<GroupPreview> {
    let mut stand = BTreeMap::<&GroupName, Vec<&InstanceView>>::new();
    for leader in groups {
        stand.insert(&leader.group, vec![]);
    }
    for view in running(contents, service, owner) {
        for group in view.state.registration.iter().flat_map(|registration| &registration.groups) {
            if let Some(candidates) = stand.get_mut(group) {
                candidates.push(view);
            }
        }
    }
    let preview = |leader: &&LeaderView| {
        let candidates = stand.get(&leader.group).map(Vec::as_slice).unwrap_or_default();
        GroupPreview {
            group: leader.group.to_string(),
            term: leader.term.get().into(),
            candidate_count: (candidates.len() as u64).into(),
            candidates: candidates.iter().take(CANDIDATES).map(|view| candidate(contents, view)).collect(),
        }
    };
    groups.iter().map(preview).collect()
}

fn candidate(contents: &Contents, view: &InstanceView) -> Candidate {
    let key = (view.service.clone(), view.instance.clone());
    let beat = contents.beats.get(&key);
    Candidate {
        instance: view.instance.to_string(),
        groups: (contents.owned_count(&key) as u64).into(),
        in_flight: beat.map_or(0, |beat| beat.heartbeat.metrics.in_flight).into(),
    }
}

fn names(service: String, instance: String) -> Result<(ServiceName, InstanceName)> {
    let invalid = |what| move |_broken| error(ErrorCode::InvalidInput, format!("that is no name of {what}"));
    let service = ServiceName::new(service).map_err(invalid("a service"))?;
    Ok((service, InstanceName::new(instance).map_err(invalid("an instance"))?))
}
