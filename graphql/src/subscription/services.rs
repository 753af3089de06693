//! A followed list of services: its rows, then changes.

use std::sync::Arc;

use aegis_domain::Sequence;
use async_graphql::{ID, SimpleObject, Union};
use tokio::sync::watch;
use tokio::time::Instant;

use super::pace::Pace;
use crate::listing::{FollowedPage, Listing, ServiceQuestion};
use crate::ports::Feed;
use crate::types::{Long, ServiceSummary};

#[derive(Debug, SimpleObject)]
pub(super) struct ServiceSnapshot {
    /// In the order of the list.
    services: Vec<ServiceSummary>,
    /// How many services the list has, on all pages.
    total_count: Long,
    as_of_sequence: Long,
}

/// What changed since the message before.
#[derive(Debug, SimpleObject)]
pub(super) struct ServiceDelta {
    /// Those that changed, and those that have come onto the page.
    changed: Vec<ServiceSummary>,
    /// Names of services that are gone from the page.
    removed: Vec<ID>,
    /// Names of all services on the page in order, when that has changed.
    order: Option<Vec<ID>>,
    total_count: Long,
    as_of_sequence: Long,
}

#[derive(Debug, Union)]
pub(super) enum ServiceUpdate {
    Snapshot(ServiceSnapshot),
    Delta(ServiceDelta),
}

/// Follows a page of a list.
pub(super) struct Services {
    feed: Feed,
    position: watch::Receiver<Sequence>,
    listing: Arc<Listing<ServiceQuestion>>,
    page: FollowedPage<String, Arc<ServiceSummary>>,
    pace: Option<Pace>,
}

impl Services {
    pub(super) fn new(
        feed: Feed,
        listing: Arc<Listing<ServiceQuestion>>,
        (offset, first): (u32, u32),
    ) -> Self {
        Self { position: feed.position(), feed, listing, page: FollowedPage::new(offset, first), pace: None }
    }

    pub(super) async fn next(&mut self) -> Option<ServiceUpdate> {
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
                return Some(ServiceUpdate::Delta(delta));
            }
        }
    }

    fn begin(&mut self) -> (ServiceUpdate, Option<Instant>) {
        let contents = self.feed.contents();
        let (list, again) = self.listing.current(&contents);
        let rows = self.page.begin(&list.rows);
        let snapshot = ServiceSnapshot {
            services: rows.into_iter().map(|(_, summary)| ServiceSummary::clone(&summary)).collect(),
            total_count: (list.rows.len() as u64).into(),
            as_of_sequence: contents.state.position.into(),
        };
        (ServiceUpdate::Snapshot(snapshot), again.map(Into::into))
    }

    fn next_delta(&mut self) -> (Option<ServiceDelta>, Option<Instant>) {
        let contents = self.feed.contents();
        let (list, again) = self.listing.current(&contents);
        let delta = self.page.delta(&list.rows).map(|delta| ServiceDelta {
            changed: delta.changed.into_iter().map(|(_, summary)| ServiceSummary::clone(&summary)).collect(),
            removed: delta.removed.into_iter().map(ID).collect(),
            order: delta.order.map(|names| names.into_iter().map(ID).collect()),
            total_count: (list.rows.len() as u64).into(),
            as_of_sequence: contents.state.position.into(),
        });
        (delta, again.map(Into::into))
    }
}
