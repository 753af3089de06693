//! A followed list of instances: its rows, then changes.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use aegis_projections::live::Contents;
use aegis_projections::state::InstanceKey;
use async_graphql::{ID, SimpleObject, Union};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::listing::{InstanceList, InstanceQuestion, Listing};
use crate::ports::Feed;
use crate::shared::{Rows, Shared};
use crate::types::{Instance, InstanceStatus, Long, instance_id};

/// At most four messages a second go to one subscriber.
const PACE: Duration = Duration::from_millis(250);
/// When something has changed that was not on the page, it is looked at again so much later.
const LOOK: Duration = Duration::from_millis(20);

#[derive(Debug, SimpleObject)]
pub(super) struct InstanceSnapshot {
    /// In the order of the list.
    instances: Shared<InstanceRows>,
    /// How many instances the list has, on all pages.
    total_count: Long,
    /// How many of those that the filter takes, its `statuses` aside, are in each status.
    counts: Vec<StatusCount>,
    as_of_sequence: Long,
}

/// What changed since the message before: at most four a second.
#[derive(Debug, SimpleObject)]
pub(super) struct InstanceDelta {
    /// Those that changed, and those that have come onto the page.
    changed: Shared<InstanceRows>,
    /// Ids of instances that are gone from the list, or from the page.
    removed: Vec<ID>,
    /// Ids of all instances on the page in order, when that has changed; always null without `first`.
    order: Option<Vec<ID>>,
    total_count: Long,
    /// As in the snapshot, when one has changed.
    counts: Option<Vec<StatusCount>>,
    as_of_sequence: Long,
}

#[derive(Debug, Union)]
pub(super) enum InstanceUpdate {
    Snapshot(InstanceSnapshot),
    Delta(InstanceDelta),
}

#[derive(Debug, Clone, SimpleObject)]
pub(super) struct StatusCount {
    status: InstanceStatus,
    count: Long,
}

/// Instances, each in the state of a change.
pub(super) struct InstanceRows {
    feed: Feed,
    list: Arc<InstanceList>,
    rows: Vec<(InstanceKey, u64)>,
}

impl std::fmt::Debug for InstanceRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.rows).finish()
    }
}

/// Follows a page of a list.
pub(super) struct Instances {
    feed: Feed,
    changed: watch::Receiver<u64>,
    listing: Arc<Listing<InstanceQuestion>>,
    /// Where the page begins, and how long it is.
    offset: usize,
    first: Option<usize>,
    shown: Option<Shown>,
    /// The last change that was looked at.
    seen: u64,
    sent: Instant,
    looked: Instant,
    /// When to look again, though nothing changes.
    again: Option<std::time::Instant>,
}

/// What the subscriber knows.
struct Shown {
    list: Arc<InstanceList>,
    rows: Vec<(InstanceKey, u64)>,
}

impl Instances {
    pub(super) fn new(
        feed: Feed,
        listing: Arc<Listing<InstanceQuestion>>,
        (offset, first): (u32, Option<u32>),
    ) -> Self {
        let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let now = Instant::now();
        Self {
            changed: feed.changed(),
            feed,
            listing,
            offset: size(offset),
            first: first.map(size),
            shown: None,
            seen: 0,
            sent: now,
            looked: now,
            again: None,
        }
    }

    pub(super) async fn next(&mut self) -> Option<InstanceUpdate> {
        let Some(mut shown) = self.shown.take() else {
            let (shown, snapshot) = self.snapshot();
            self.shown = Some(shown);
            return Some(InstanceUpdate::Snapshot(snapshot));
        };
        loop {
            tokio::time::sleep_until((self.sent + PACE).max(self.looked + LOOK)).await;
            let (seen, again) = (self.seen, self.again);
            tokio::select! {
                changed = self.changed.wait_for(|last| *last > seen) => drop(changed.ok()?),
                () = tokio::time::sleep_until(again.unwrap_or_else(std::time::Instant::now).into()), if again.is_some() => {}
            }
            if let Some(delta) = self.delta(&mut shown) {
                self.sent = self.looked;
                self.shown = Some(shown);
                return Some(InstanceUpdate::Delta(delta));
            }
        }
    }

    fn snapshot(&mut self) -> (Shown, InstanceSnapshot) {
        let feed = Feed::clone(&self.feed);
        let contents = feed.contents();
        let list = self.look(&contents);
        let keys = &list.keys[self.page(&list)];
        let rows: Vec<_> = keys.iter().map(|key| (key.clone(), list.number(&contents, key))).collect();
        let snapshot = InstanceSnapshot {
            instances: self.rows(&list, rows.clone()),
            total_count: total(&list),
            counts: counts(&list.counts),
            as_of_sequence: contents.state.position.into(),
        };
        (Shown { list, rows }, snapshot)
    }

    /// What has changed; none if nothing has that the subscriber is shown.
    fn delta(&mut self, shown: &mut Shown) -> Option<InstanceDelta> {
        let feed = Feed::clone(&self.feed);
        let contents = feed.contents();
        let list = self.look(&contents);
        let before = Arc::clone(&shown.list);
        let mut changed = Vec::new();
        let (mut removed, mut order) = (Vec::new(), None);
        if Arc::ptr_eq(&before, &list) {
            for (key, known) in &mut shown.rows {
                let now = list.number(&contents, key);
                if *known != now {
                    *known = now;
                    changed.push((key.clone(), now));
                }
            }
        } else {
            let keys = &list.keys[self.page(&list)];
            let stays = shown.rows.iter().map(|(key, _)| key).eq(keys);
            let mut known: HashMap<_, _> = shown.rows.drain(..).collect();
            for key in keys {
                let now = list.number(&contents, key);
                if known.remove(key) != Some(now) {
                    changed.push((key.clone(), now));
                }
                shown.rows.push((key.clone(), now));
            }
            removed.extend(known.keys().map(instance_id));
            if !stays && self.first.is_some() {
                order = Some(keys.iter().map(instance_id).collect());
            }
            shown.list = Arc::clone(&list);
        }
        let as_before = before.counts == list.counts;
        if changed.is_empty()
            && removed.is_empty()
            && order.is_none()
            && as_before
            && before.keys.len() == list.keys.len()
        {
            return None;
        }
        Some(InstanceDelta {
            changed: self.rows(&list, changed),
            removed,
            order,
            total_count: total(&list),
            counts: (!as_before).then(|| counts(&list.counts)),
            as_of_sequence: contents.state.position.into(),
        })
    }

    /// The list as it stands now.
    fn look(&mut self, contents: &Contents) -> Arc<InstanceList> {
        let (list, again) = self.listing.current(contents);
        self.looked = Instant::now();
        self.seen = contents.last_change();
        self.again = again;
        list
    }

    fn page(&self, list: &InstanceList) -> Range<usize> {
        let length = list.keys.len();
        let start = self.offset.min(length);
        let end = self.first.map_or(length, |first| start.saturating_add(first).min(length));
        start..end
    }

    fn rows(&self, list: &Arc<InstanceList>, rows: Vec<(InstanceKey, u64)>) -> Shared<InstanceRows> {
        Shared(InstanceRows { feed: Feed::clone(&self.feed), list: Arc::clone(list), rows })
    }
}

impl Rows for InstanceRows {
    type Node = Instance;

    fn numbers(&self) -> Vec<u64> {
        self.rows.iter().map(|(_, number)| *number).collect()
    }

    fn nodes(&self, wanted: &[usize]) -> Vec<Option<(u64, Instance)>> {
        if wanted.is_empty() {
            return vec![];
        }
        let contents = self.feed.contents();
        let node = |index: &usize| {
            let (key, _) = self.rows.get(*index)?;
            let view = contents.state.instances.get(key)?;
            Some((self.list.number(&contents, key), Instance::of(&contents, key, view)))
        };
        wanted.iter().map(node).collect()
    }
}

fn total(list: &InstanceList) -> Long {
    (list.keys.len() as u64).into()
}

fn counts(counts: &BTreeMap<InstanceStatus, u64>) -> Vec<StatusCount> {
    counts.iter().map(|(status, count)| StatusCount { status: *status, count: (*count).into() }).collect()
}
