//! A followed list of groups: its rows, then changes.

use std::sync::Arc;

use aegis_domain::Sequence;
use aegis_projections::live::Contents;
use aegis_projections::state::GroupKey;
use async_graphql::{ID, SimpleObject, Union};
use tokio::sync::watch;
use tokio::time::Instant;

use super::pace::Pace;
use crate::listing::{FollowedPage, GroupQuestion, Listing};
use crate::ports::Feed;
use crate::types::{Leader, Long};

#[derive(Debug, SimpleObject)]
pub(super) struct LeaderSnapshot {
    /// In the order of the list.
    leaders: Vec<Leader>,
    /// How many groups the list has, on all pages.
    total_count: Long,
    /// How many of them nobody owns.
    ownerless: Long,
    as_of_sequence: Long,
}

/// What changed since the message before.
#[derive(Debug, SimpleObject)]
pub(super) struct LeaderDelta {
    /// Those that changed, and those that have come onto the page.
    changed: Vec<Leader>,
    /// Ids of groups that are gone from the page.
    removed: Vec<ID>,
    /// Ids of all groups on the page in order, when that has changed.
    order: Option<Vec<ID>>,
    total_count: Long,
    ownerless: Long,
    as_of_sequence: Long,
}

#[derive(Debug, Union)]
pub(super) enum LeaderUpdate {
    Snapshot(LeaderSnapshot),
    Delta(LeaderDelta),
}

/// Follows a page of a list.
pub(super) struct Groups {
    feed: Feed,
    position: watch::Receiver<Sequence>,
    listing: Arc<Listing<GroupQuestion>>,
    page: FollowedPage<GroupKey, Sequence>,
    ownerless: u64,
    pace: Option<Pace>,
}

impl Groups {
    pub(super) fn new(feed: Feed, listing: Arc<Listing<GroupQuestion>>, (offset, first): (u32, u32)) -> Self {
        Self {
            position: feed.position(),
            feed,
            listing,
            page: FollowedPage::new(offset, first),
            ownerless: 0,
            pace: None,
        }
    }

    pub(super) async fn next(&mut self) -> Option<LeaderUpdate> {
        let Some(mut pace) = self.pace.take() else {
            let (update, again) = self.begin();
            self.pace = Some(Pace::begin(again));
            return Some(update);
        };
        loop {
            pace.wait(&mut self.position).await?;
            let (delta, again) = self.next_delta();
            pace.looked(again);
            if let Some(delta) = delta {
                pace.sent();
                self.pace = Some(pace);
                return Some(LeaderUpdate::Delta(delta));
            }
        }
    }

    fn begin(&mut self) -> (LeaderUpdate, Option<Instant>) {
        let contents = self.feed.contents();
        let (list, again) = self.listing.current(&contents);
        let rows = self.page.begin(&list.rows);
        self.ownerless = list.ownerless;
        let snapshot = LeaderSnapshot {
            leaders: leaders(&contents, &rows),
            total_count: (list.rows.len() as u64).into(),
            ownerless: list.ownerless.into(),
            as_of_sequence: contents.state.position.into(),
        };
        (LeaderUpdate::Snapshot(snapshot), again.map(Into::into))
    }

    fn next_delta(&mut self) -> (Option<LeaderDelta>, Option<Instant>) {
        let contents = self.feed.contents();
        let (list, again) = self.listing.current(&contents);
        let delta = self.page.delta(&list.rows);
        let as_before = std::mem::replace(&mut self.ownerless, list.ownerless) == list.ownerless;
        if delta.is_none() && as_before {
            return (None, again.map(Into::into));
        }
        let (changed, removed, order) =
            delta.map_or_else(Default::default, |delta| (delta.changed, delta.removed, delta.order));
        let delta = LeaderDelta {
            changed: leaders(&contents, &changed),
            removed: removed.iter().map(id).collect(),
            order: order.map(|keys| keys.iter().map(id).collect()),
            total_count: (list.rows.len() as u64).into(),
            ownerless: list.ownerless.into(),
            as_of_sequence: contents.state.position.into(),
        };
        (Some(delta), again.map(Into::into))
    }
}

fn leaders(contents: &Contents, rows: &[(GroupKey, Sequence)]) -> Vec<Leader> {
    rows.iter().filter_map(|(key, _)| contents.state.leaders.get(key)).map(Leader::from).collect()
}

fn id((service, group): &GroupKey) -> ID {
    ID(format!("{service}/{group}"))
}
