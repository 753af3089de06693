//! The log as it grows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aegis_domain::{ErrorCode, Sequence};
use aegis_projections::Store;
use aegis_projections::store::{EventFilter, Window};
use aegis_projections::view::EventView;
use async_graphql::{Result, SimpleObject, Union};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::error::{error, store_error};
use crate::shared::{Rows, Shared};
use crate::types::{Event, Long};

/// The most events in one message.
const BATCH: u32 = 500;
/// After a message the next one comes so much later for each that follows the log: all of them together are sent at most
/// 5,000 messages a second, in which there are the more events.
const PACE: Duration = Duration::from_micros(200);
/// And no later than this, however many they are.
const PACE_MAX: Duration = Duration::from_millis(50);

#[derive(Debug, SimpleObject)]
pub(super) struct EventSnapshot {
    /// The newest events, in order of sequence.
    events: Shared<EventRows>,
    as_of_sequence: Long,
}

#[derive(Debug, SimpleObject)]
pub(super) struct EventBatch {
    events: Shared<EventRows>,
    as_of_sequence: Long,
}

#[derive(Debug, Union)]
pub(super) enum EventUpdate {
    Snapshot(EventSnapshot),
    Batch(EventBatch),
}

/// Events of one history of the log.
#[derive(Debug)]
pub(super) struct EventRows {
    events: Vec<Arc<EventView>>,
    history: u64,
}

/// How many follow the log. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tails(Arc<AtomicU32>);

/// One of those who follow the log.
#[derive(Debug)]
struct Tail(Tails);

/// Follows the log.
pub(super) struct Events {
    store: Store,
    filter: EventFilter,
    snapshot: Option<u32>,
    after: Sequence,
    histories: watch::Receiver<u64>,
    history: u64,
    ended: bool,
    sent: Option<Instant>,
    tail: Tail,
}

impl Events {
    pub(super) fn new(
        store: Store,
        filter: EventFilter,
        after: Option<Sequence>,
        snapshot: u32,
        tails: &Tails,
    ) -> Self {
        let histories = store.histories();
        let history = *histories.borrow();
        tails.0.fetch_add(1, Ordering::Relaxed);
        Self {
            store,
            filter,
            snapshot: after.is_none().then_some(snapshot.min(BATCH)),
            after: after.unwrap_or_default(),
            histories,
            history,
            ended: false,
            sent: None,
            tail: Tail(tails.clone()),
        }
    }

    pub(super) async fn next(&mut self) -> Option<Result<EventUpdate>> {
        if self.ended {
            return None;
        }
        let mut histories = self.histories.clone();
        tokio::select! {
            update = self.update() => update,
            Ok(()) = histories.changed() => {
                self.ended = true;
                let detail = "the log has another history now: begin anew without a position";
                Some(Err(error(ErrorCode::HistoryReplaced, detail)))
            }
        }
    }

    async fn update(&mut self) -> Option<Result<EventUpdate>> {
        if let Some(count) = self.snapshot.take() {
            let page = self.store.events(&self.filter, Window::Last { count, before: None }).await;
            return Some(page.map_err(|e| store_error(&e)).map(|page| {
                self.after = page.as_of;
                let events = self.rows(page.events);
                EventUpdate::Snapshot(EventSnapshot { events, as_of_sequence: page.as_of.into() })
            }));
        }
        let mut position = self.store.newest();
        loop {
            if let Some(sent) = self.sent {
                tokio::time::sleep_until(sent + self.tail.pace()).await;
            }
            let after = self.after;
            position.wait_for(|position| *position > after).await.ok()?;
            let page = match self.store.events(&self.filter, Window::First { count: BATCH, after }).await {
                Ok(page) => page,
                Err(e) => return Some(Err(store_error(&e))),
            };
            self.sent = Some(Instant::now());
            // With more to come the next page begins after this one; else after all that was looked at.
            let last = page.events.last().map(|event| event.sequence);
            self.after = if page.more { last.unwrap_or(page.as_of) } else { page.as_of.max(after) };
            if !page.events.is_empty() {
                // What a client may resume from: never ahead of what it was sent.
                let as_of_sequence = self.after.into();
                let events = self.rows(page.events);
                return Some(Ok(EventUpdate::Batch(EventBatch { events, as_of_sequence })));
            }
        }
    }

    fn rows(&self, events: Vec<Arc<EventView>>) -> Shared<EventRows> {
        Shared(EventRows { events, history: self.history })
    }
}

impl Tail {
    fn pace(&self) -> Duration {
        let Tails(followers) = &self.0;
        // Whoever follows alone waits for nothing.
        (PACE * followers.load(Ordering::Relaxed).saturating_sub(1)).min(PACE_MAX)
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        let Tails(followers) = &self.0;
        followers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Rows for EventRows {
    type Node = Event;

    fn numbers(&self) -> Vec<u64> {
        self.events.iter().map(|event| number(event.sequence, self.history)).collect()
    }

    fn nodes(&self, wanted: &[usize]) -> Vec<Option<(u64, Event)>> {
        let node = |index: &usize| {
            let event = self.events.get(*index)?;
            Some((number(event.sequence, self.history), Event::from(&**event)))
        };
        wanted.iter().map(node).collect()
    }
}

/// A sequence of one history: histories are few, and sequences far below 2^48.
fn number(sequence: Sequence, history: u64) -> u64 {
    sequence.get() ^ history.rotate_right(16)
}
