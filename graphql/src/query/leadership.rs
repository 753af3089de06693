//! What the log says of groups: their terms, and how often and how long they were without an owner.

use aegis_domain::event::Entry;
use aegis_domain::{AggregateId, AggregateKind, ErrorCode, GroupName, Sequence, ServiceName};
use aegis_projections::Store;
use aegis_projections::store::{EventFilter, Window};
use aegis_projections::view::maintenance::Maintenances;
use aegis_projections::view::term::{self, terms};
use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::{DateTime, TimeDelta, Utc};

use crate::error::{error, require, store_error};
use crate::ports::Feed;
use crate::ports::Role;
use crate::types::{Long, Terms};

const TERMS_MAX: u32 = 500;
/// A term has three events: its election, what was asked for, its end.
const EVENTS_OF_A_TERM: u32 = 3;
/// So many elections are summed up at most: the newest.
const ELECTIONS: u32 = 5_000;
/// How many events are read at once.
const READ: u32 = 1_000;

#[derive(Debug, Default)]
pub(super) struct LeadershipQuery;

/// What became of groups in a while, by the elections of the log.
#[derive(Debug, SimpleObject)]
struct LeadershipSummary {
    /// Groups that were ever owned.
    groups: Long,
    /// Those that nobody owns now.
    ownerless: Long,
    /// Terms that began in the while, first ones aside.
    changes: Long,
    /// Those that began because an owner was lost.
    lost: Long,
    /// Those that began because an owner gave the group up, or in a maintenance.
    planned: Long,
    /// How long groups were without an owner after a loss, those in a maintenance aside, in milliseconds: half of them no longer than this; null where none
    /// was measured.
    recovery_p50_ms: Option<Long>,
    /// The same for 99 of 100.
    recovery_p99_ms: Option<Long>,
    recovery_max_ms: Option<Long>,
    /// How long they were without one when it gave them up.
    handover_p50_ms: Option<Long>,
    handover_p99_ms: Option<Long>,
    handover_max_ms: Option<Long>,
    /// Where the while begins: later than asked for when there were too many elections, or the index begins later.
    from: DateTime<Utc>,
    as_of_sequence: Long,
}

#[Object]
impl LeadershipQuery {
    /// The `last` terms of a group (500 at most), or those that were elected before the event with the sequence `before`,
    /// oldest first.
    async fn terms(
        &self,
        context: &Context<'_>,
        service: String,
        group: String,
        #[graphql(default = 100)] last: u32,
        before: Option<Long>,
    ) -> Result<Terms> {
        require(context, Role::Viewer)?;
        if last > TERMS_MAX {
            return Err(error(ErrorCode::InvalidInput, format!("ask for {TERMS_MAX} terms at most")));
        }
        let (service, group) = names(service, group)?;
        let aggregate = AggregateId::Leadership(service.clone(), group.clone()).to_string();
        let filter = EventFilter { aggregate: Some(aggregate), ..EventFilter::default() };
        let count = last.saturating_add(1).saturating_mul(EVENTS_OF_A_TERM);
        let window = Window::Last { count, before: before.map(|before| Sequence(before.0)) };
        let page = context.data::<Store>()?.events(&filter, window).await.map_err(|e| store_error(&e))?;
        let mut found = terms(page.events.iter().map(|event| &**event));
        let surplus = found.len().saturating_sub(usize::try_from(last).unwrap_or(usize::MAX));
        let more = page.more || surplus > 0;
        found.drain(..surplus);
        let times = maintenances(context, Some(service.to_string())).await?;
        found.iter_mut().for_each(|term| term.in_maintenance(&service, &group, &times));
        let nodes = found.into_iter().map(Into::into).collect();
        Ok(Terms { nodes, more, as_of_sequence: page.as_of.into() })
    }

    /// How groups fared since `from`, by default the last 24 hours: of one service, of one of its groups, or all.
    async fn leadership_summary(
        &self,
        context: &Context<'_>,
        #[graphql(validator(max_length = 200))] service: Option<String>,
        #[graphql(validator(max_length = 200))] group: Option<String>,
        from: Option<DateTime<Utc>>,
    ) -> Result<LeadershipSummary> {
        require(context, Role::Viewer)?;
        let aggregate = match (&service, group) {
            (Some(service), Some(group)) => {
                let (service, group) = names(service.clone(), group)?;
                Some(AggregateId::Leadership(service, group).to_string())
            }
            (None, Some(_)) => return Err(error(ErrorCode::InvalidInput, "a group goes with its service")),
            (_, None) => None,
        };
        let (groups, ownerless, now) = {
            let contents = context.data::<Feed>()?.contents();
            let all = contents.state.leaders.values();
            let mine = all.filter(|view| {
                service.as_ref().is_none_or(|service| view.service.as_str() == service)
                    && aggregate.as_ref().is_none_or(|aggregate| {
                        let id = AggregateId::Leadership(view.service.clone(), view.group.clone());
                        id.to_string() == *aggregate
                    })
            });
            let (mut groups, mut ownerless) = (0_u64, 0_u64);
            for view in mine {
                groups += 1;
                ownerless += u64::from(view.instance.is_none());
            }
            (groups, ownerless, contents.time())
        };
        let from = from.unwrap_or_else(|| now.checked_sub_signed(TimeDelta::hours(24)).unwrap_or(now));
        let filter = EventFilter {
            kinds: vec![AggregateKind::Leadership],
            types: Entry::find("leadership", "leader_elected").map(Entry::event_type).into_iter().collect(),
            service: service.clone(),
            aggregate,
            from_time: Some(from),
            ..EventFilter::default()
        };
        let store = context.data::<Store>()?;
        let times = maintenances(context, service).await?;
        let mut elections = Elections::default();
        let (mut before, mut as_of, mut begin) = (None, Sequence::ZERO, from);
        for _ in 0..ELECTIONS / READ {
            let window = Window::Last { count: READ, before };
            let page = store.events(&filter, window).await.map_err(|e| store_error(&e))?;
            as_of = as_of.max(page.as_of);
            for view in &page.events {
                let mut term = terms([&**view]).pop();
                if let (Some(term), Ok(AggregateId::Leadership(service, group))) =
                    (&mut term, view.aggregate.parse())
                {
                    term.in_maintenance(&service, &group, &times);
                }
                elections.count(term.as_ref());
            }
            let Some(first) = page.events.first().filter(|_| page.more) else {
                begin = from;
                break;
            };
            (before, begin) = (Some(first.sequence), first.recorded_at);
        }
        let Elections { lost, planned, mut recoveries, mut handovers } = elections;
        recoveries.sort_unstable();
        handovers.sort_unstable();
        Ok(LeadershipSummary {
            groups: groups.into(),
            ownerless: ownerless.into(),
            changes: (lost + planned).into(),
            lost: lost.into(),
            planned: planned.into(),
            recovery_p50_ms: quantile(&recoveries, 50),
            recovery_p99_ms: quantile(&recoveries, 99),
            recovery_max_ms: quantile(&recoveries, 100),
            handover_p50_ms: quantile(&handovers, 50),
            handover_p99_ms: quantile(&handovers, 99),
            handover_max_ms: quantile(&handovers, 100),
            from: begin,
            as_of_sequence: as_of.into(),
        })
    }
}

#[derive(Debug, Default)]
struct Elections {
    lost: u64,
    planned: u64,
    recoveries: Vec<u64>,
    handovers: Vec<u64>,
}

impl Elections {
    fn count(&mut self, election: Option<&term::TermView>) {
        let Some(election) = election else { return };
        match election.cause {
            term::Cause::OwnerLost => {
                self.lost += 1;
                self.recoveries.extend(election.vacancy_ms);
            }
            term::Cause::Resigned | term::Cause::SteppedDown => {
                self.planned += 1;
                self.handovers.extend(election.vacancy_ms);
            }
            // How long that was says nothing of how fast a lost owner is replaced.
            term::Cause::Maintenance => self.planned += 1,
            term::Cause::First | term::Cause::Unknown => {}
        }
    }
}

/// The smallest of the values that so many percent of them do not exceed.
fn quantile(sorted: &[u64], percent: usize) -> Option<Long> {
    let place = (sorted.len() * percent).div_ceil(100).checked_sub(1)?;
    sorted.get(place).map(|value| (*value).into())
}

/// The maintenance that there was, of one service or of all: what the newest events say of it.
async fn maintenances(context: &Context<'_>, service: Option<String>) -> Result<Maintenances> {
    let entry = |name| Entry::find("installation", name).map(Entry::event_type);
    let types = ["maintenance_begun", "maintenance_ended"].into_iter().filter_map(entry).collect();
    let kinds = vec![AggregateKind::Installation];
    let filter = EventFilter { kinds, types, service, ..EventFilter::default() };
    let window = Window::Last { count: READ, before: None };
    let page = context.data::<Store>()?.events(&filter, window).await.map_err(|e| store_error(&e))?;
    Ok(Maintenances::of(page.events.iter().map(|event| &**event)))
}

fn names(service: String, group: String) -> Result<(ServiceName, GroupName)> {
    let invalid = |what| move |_broken| error(ErrorCode::InvalidInput, format!("that is no name of {what}"));
    let service = ServiceName::new(service).map_err(invalid("a service"))?;
    Ok((service, GroupName::new(group).map_err(invalid("a group"))?))
}
