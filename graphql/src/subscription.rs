//! The subscriptions: what stands, then what changes, without a gap between the two.

use std::collections::BTreeSet;
use std::time::Duration;

use aegis_domain::{ErrorCode, Sequence};
use aegis_projections::Store;
use aegis_projections::live::Contents;
use aegis_projections::state::InstanceKey;
use aegis_projections::store::{self, Window};
use async_graphql::{Context, ID, Result, SimpleObject, Subscription as GraphqlSubscription, Union};
use futures_util::{Stream, stream};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::cursor;
use crate::error::{error, require, store_error};
use crate::ports::Role;
use crate::schema::{Feed, Status};
use crate::types::{Event, EventFilter, Instance, InstanceFilter, Long, Owned, instance_id};

/// At most four messages a second go to one subscriber.
const PACE: Duration = Duration::from_millis(250);
/// The most events in one message.
const BATCH: u32 = 500;

/// Everything that can be followed.
#[derive(Debug)]
pub struct Subscription;

#[derive(Debug, SimpleObject)]
struct InstanceSnapshot {
    instances: Vec<Instance>,
    as_of_sequence: Long,
}

/// What changed since the message before: at most four a second.
#[derive(Debug, SimpleObject)]
struct InstanceDelta {
    changed: Vec<Instance>,
    /// Ids of instances that are gone.
    removed: Vec<ID>,
    as_of_sequence: Long,
}

#[derive(Debug, Union)]
enum InstanceUpdate {
    Snapshot(InstanceSnapshot),
    Delta(InstanceDelta),
}

#[derive(Debug, SimpleObject)]
struct EventSnapshot {
    /// The newest events, in order of sequence.
    events: Vec<Event>,
    as_of_sequence: Long,
}

#[derive(Debug, SimpleObject)]
struct EventBatch {
    events: Vec<Event>,
    as_of_sequence: Long,
}

#[derive(Debug, Union)]
enum EventUpdate {
    Snapshot(EventSnapshot),
    Batch(EventBatch),
}

#[GraphqlSubscription]
impl Subscription {
    /// The whole registry once, then what changes.
    async fn instance_changes(
        &self,
        context: &Context<'_>,
        filter: Option<InstanceFilter>,
    ) -> Result<impl Stream<Item = InstanceUpdate> + use<>> {
        require(context, Role::Viewer)?;
        let follower = Instances {
            feed: context.data::<Feed>()?.clone(),
            filter: filter.unwrap_or_default(),
            shown: BTreeSet::new(),
            seen: None,
            sent: Instant::now(),
        };
        Ok(stream::unfold(follower, |mut follower| async move {
            let update = follower.next().await?;
            Some((update, follower))
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
        let follower = Events {
            histories: store.histories(),
            ended: false,
            store,
            filter: filter.unwrap_or_default().into(),
            snapshot: after_sequence.is_none().then_some(snapshot.min(BATCH)),
            after: position.unwrap_or_default(),
        };
        Ok(stream::unfold(follower, |mut follower| async move {
            let update = follower.next().await?;
            Some((update, follower))
        }))
    }
}

struct Instances {
    feed: Feed,
    filter: InstanceFilter,
    shown: BTreeSet<InstanceKey>,
    seen: Option<u64>,
    sent: Instant,
}

impl Instances {
    async fn next(&mut self) -> Option<InstanceUpdate> {
        let mut changed = self.feed.changed();
        let Some(mut seen) = self.seen else {
            let feed = self.feed.clone();
            return Some(InstanceUpdate::Snapshot(self.snapshot(&feed.contents())));
        };
        loop {
            changed.wait_for(|count| *count > seen).await.ok()?;
            tokio::time::sleep_until(self.sent + PACE).await;
            let feed = self.feed.clone();
            let contents = feed.contents();
            let delta = self.delta(&contents, seen);
            seen = contents.count();
            self.seen = Some(seen);
            if !delta.changed.is_empty() || !delta.removed.is_empty() {
                self.sent = Instant::now();
                return Some(InstanceUpdate::Delta(delta));
            }
        }
    }

    fn snapshot(&mut self, contents: &Contents) -> InstanceSnapshot {
        let now = contents.time();
        let views = contents.state.instances.iter().filter(|(_, view)| self.filter.takes(view, now));
        let owned = Owned::of(contents);
        let instances = views.clone().map(|(key, view)| Instance::of(contents, &owned, key, view)).collect();
        self.shown = views.map(|(key, _)| key.clone()).collect();
        self.seen = Some(contents.count());
        self.sent = Instant::now();
        InstanceSnapshot { instances, as_of_sequence: contents.state.position.into() }
    }

    fn delta(&mut self, contents: &Contents, seen: u64) -> InstanceDelta {
        let now = contents.time();
        let (keys, _) = contents.changed_since(seen);
        let owned = Owned::of(contents);
        let mut changed = Vec::new();
        for key in keys {
            if let Some(view) = contents.state.instances.get(key)
                && self.filter.takes(view, now)
            {
                self.shown.insert(key.clone());
                changed.push(Instance::of(contents, &owned, key, view));
            }
        }
        // Also those that have left the answer by the mere passing of time.
        let gone: Vec<_> = self
            .shown
            .iter()
            .filter(|key| contents.state.instances.get(*key).is_none_or(|view| !self.filter.takes(view, now)))
            .cloned()
            .collect();
        let removed = gone.iter().map(instance_id).collect();
        for key in gone {
            self.shown.remove(&key);
        }
        InstanceDelta { changed, removed, as_of_sequence: contents.state.position.into() }
    }
}

struct Events {
    store: Store,
    filter: store::EventFilter,
    snapshot: Option<u32>,
    after: Sequence,
    histories: watch::Receiver<u64>,
    ended: bool,
}

impl Events {
    async fn next(&mut self) -> Option<Result<EventUpdate>> {
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
                let events = page.events.into_iter().map(Into::into).collect();
                EventUpdate::Snapshot(EventSnapshot { events, as_of_sequence: page.as_of.into() })
            }));
        }
        let mut position = self.store.newest();
        loop {
            let after = self.after;
            position.wait_for(|position| *position > after).await.ok()?;
            let page = match self.store.events(&self.filter, Window::First { count: BATCH, after }).await {
                Ok(page) => page,
                Err(e) => return Some(Err(store_error(&e))),
            };
            // With more to come the next page begins after this one; else after all that was looked at.
            let last = page.events.last().map(|event| event.sequence);
            self.after = if page.more { last.unwrap_or(page.as_of) } else { page.as_of.max(after) };
            if !page.events.is_empty() {
                let events = page.events.into_iter().map(Into::into).collect();
                // What a client may resume from: never ahead of what it was sent.
                return Some(Ok(EventUpdate::Batch(EventBatch {
                    events,
                    as_of_sequence: self.after.into(),
                })));
            }
        }
    }
}
