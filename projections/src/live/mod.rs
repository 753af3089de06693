//! The projection in memory: what queries answer from and subscriptions wait on.

pub mod methods;

mod minute;
mod owned;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use aegis_domain::wire::heartbeat::Heartbeat;
use aegis_domain::{AggregateId, InstanceName, Sequence, ServiceName};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

use crate::State;
use crate::counters::{Calls, Counters, Done};
use crate::engine::Checkpoint;
use crate::registry::Line;
use crate::state::{InstanceKey, of_service};
use crate::view::{InstanceView, LeaderView};
use methods::{Method, Methods};
pub use minute::{Minute, MinuteMetrics};
use owned::Owned;

/// The last heartbeat of an instance.
#[derive(Debug, Clone)]
pub struct Beat {
    /// What it said.
    pub heartbeat: Heartbeat,
    /// Its place in the heartbeat stream; zero where it did not come from there.
    pub sequence: Sequence,
    /// When the server took it; where there is no server's time, when it arrived here.
    pub recorded_at: DateTime<Utc>,
    /// When it arrived here.
    pub received: Instant,
    /// The calls that ended in its window; none when there was no heartbeat before it.
    pub calls: Option<Calls>,
    /// What was done in the last minute.
    pub minute: Minute,
}

/// Anybody may send heartbeats: those of so many instances that the registry does not know are kept beside the others.
pub const STRANGERS_MAX: usize = 10_000;
/// An instance's clock may be off by so much before that is worth telling.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::seconds(1);

impl Beat {
    /// How far the instance's clock is ahead of the server's, if that is worth telling. A heartbeat that was long
    /// under way makes it look a little behind.
    #[must_use]
    pub fn clock_offset(&self) -> Option<TimeDelta> {
        let offset = self.heartbeat.sent_at.signed_duration_since(self.recorded_at);
        (offset.abs() > CLOCK_TOLERANCE).then_some(offset)
    }
}

/// The registry and the last heartbeats, shared. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Live {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    contents: RwLock<Contents>,
    changed: watch::Sender<u64>,
    position: watch::Sender<Sequence>,
}

/// What stands at one moment.
#[derive(Debug, Default)]
pub struct Contents {
    /// The registry.
    pub state: State,
    /// The last heartbeats.
    pub beats: BTreeMap<InstanceKey, Beat>,
    /// When the server took the last heartbeat, and when it arrived here.
    beats_time: Option<(DateTime<Utc>, Instant)>,
    /// The number of the last change of each instance. No two changes have the same.
    changes: HashMap<InstanceKey, u64>,
    /// The number of the last change of all.
    last: u64,
    /// The number of the last change by an event, heartbeats aside.
    last_by_event: u64,
    owned: Owned,
    methods: Methods,
}

impl Live {
    /// Begins with this state.
    #[must_use]
    pub fn new(state: State) -> Self {
        let position = watch::channel(state.position).0;
        let changes: HashMap<_, _> = state.instances.keys().cloned().zip(1..).collect();
        let last = changes.len() as u64;
        let owned = Owned::of(&state);
        let contents = RwLock::new(Contents { state, changes, last, owned, ..Contents::default() });
        Self { inner: Arc::new(Inner { contents, changed: watch::channel(last).0, position }) }
    }

    /// What stands now. Hold it shortly: writers wait.
    pub fn read(&self) -> RwLockReadGuard<'_, Contents> {
        self.inner.contents.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the last change of an instance, and each further one.
    #[must_use]
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.inner.changed.subscribe()
    }

    /// The last event applied, and each change of it.
    #[must_use]
    pub fn position(&self) -> watch::Receiver<Sequence> {
        self.inner.position.subscribe()
    }

    /// The log has moved on to this position, by these events.
    pub(crate) fn advance(&self, events: &[Line], checkpoint: Checkpoint) {
        let position = checkpoint.position;
        self.change(Cause::Event, |contents| {
            let (mut changed, mut services) = (BTreeSet::new(), BTreeSet::new());
            for line in events {
                let aggregate = &line.event.aggregate;
                let owner = contents.owner(aggregate);
                let gone = contents.state.apply(line.event.fact(line.sequence, line.recorded_at));
                for key in gone {
                    contents.beats.remove(&key);
                    contents.methods.forget(&key);
                    changed.insert(key);
                }
                match aggregate {
                    AggregateId::Instance(service, instance) => {
                        changed.insert((service.clone(), instance.clone()));
                    }
                    // It shows on the old owner and the new one.
                    AggregateId::Leadership(service, group) => {
                        let (from, to) = (owner, contents.owner(aggregate));
                        let key = (service.clone(), group.clone());
                        contents.owned.moves(&key, from.as_ref(), to.as_ref());
                        let owners = from.into_iter().chain(to);
                        changed.extend(owners.map(|instance| (service.clone(), instance)));
                    }
                    // It shows on all instances of its service.
                    AggregateId::Definition(service) => {
                        services.insert(service.clone());
                    }
                    AggregateId::Installation => {}
                }
            }
            for service in &services {
                let mine = of_service(&contents.state.instances, service);
                changed.extend(mine.map(|(key, _)| key.clone()));
            }
            contents.state.skip(position, checkpoint.recorded_at);
            changed
        });
        self.inner.position.send_replace(position);
    }

    /// The registry was made anew from the log.
    pub(crate) fn replace(&self, state: State) {
        let position = state.position;
        self.change(Cause::Event, |contents| {
            contents.owned = Owned::of(&state);
            let before = std::mem::replace(&mut contents.state, state);
            // Those that are gone have changed, too.
            let after = contents.state.instances.keys().cloned();
            before.instances.into_keys().chain(after).collect()
        });
        self.inner.position.send_replace(position);
    }

    /// A heartbeat has arrived: see [`Live::beats`].
    pub fn beat(&self, heartbeat: Heartbeat, place: (Sequence, DateTime<Utc>), received: Instant) -> bool {
        self.beats([(heartbeat, place)], received) == 0
    }

    /// Heartbeats have arrived, each taken by the server at its place and time. Answers how many were left out: of instances
    /// that the registry does not know there may be [`STRANGERS_MAX`] at most.
    pub fn beats(
        &self,
        heartbeats: impl IntoIterator<Item = (Heartbeat, (Sequence, DateTime<Utc>))>,
        received: Instant,
    ) -> u64 {
        let mut left_out = 0;
        self.change(Cause::Heartbeat, |contents| {
            let mut changed = BTreeSet::new();
            for (heartbeat, place) in heartbeats {
                let key = (heartbeat.service.clone(), heartbeat.instance.clone());
                match contents.take(&key, heartbeat, place, received) {
                    Taken::Kept => drop(changed.insert(key)),
                    Taken::OfAnotherLife => {}
                    Taken::Stranger => left_out += 1,
                }
            }
            changed
        });
        left_out
    }

    /// Forgets heartbeats of instances that are long over, and answers of how many instances there are any.
    pub(crate) fn forget(&self, older_than: Duration) -> usize {
        let mut contents = self.inner.contents.write().unwrap_or_else(PoisonError::into_inner);
        let Contents { state, beats, changes, methods, .. } = &mut *contents;
        beats.retain(|key, beat| {
            let alive = state.instances.get(key).is_some_and(|view| !view.status.is_final());
            alive || beat.received.elapsed() < older_than
        });
        methods.retain(|key| beats.contains_key(key));
        changes.retain(|key, _| state.instances.contains_key(key) || beats.contains_key(key));
        beats.len()
    }

    fn change(&self, cause: Cause, change: impl FnOnce(&mut Contents) -> BTreeSet<InstanceKey>) {
        let mut contents = self.inner.contents.write().unwrap_or_else(PoisonError::into_inner);
        let changed = change(&mut contents);
        if changed.is_empty() {
            return;
        }
        for key in changed {
            contents.last += 1;
            let number = contents.last;
            // Of what is nowhere any more there is nothing to ask.
            if contents.state.instances.contains_key(&key) || contents.beats.contains_key(&key) {
                contents.changes.insert(key, number);
            } else {
                contents.changes.remove(&key);
            }
        }
        let last = contents.last;
        match cause {
            Cause::Event => contents.last_by_event = last,
            Cause::Heartbeat => {}
        }
        drop(contents);
        self.inner.changed.send_replace(last);
    }
}

/// What changes the contents.
#[derive(Debug, Clone, Copy)]
enum Cause {
    Event,
    Heartbeat,
}

/// What has become of a heartbeat.
#[derive(Debug, Clone, Copy)]
enum Taken {
    Kept,
    /// Of two processes under one name, the log says which is the instance.
    OfAnotherLife,
    /// There are too many of them.
    Stranger,
}

impl Contents {
    fn take(
        &mut self,
        key: &InstanceKey,
        heartbeat: Heartbeat,
        (sequence, recorded_at): (Sequence, DateTime<Utc>),
        received: Instant,
    ) -> Taken {
        let (view, count) = (self.state.instances.get(key), self.beats.len());
        let before = self.beats.get_mut(key);
        if view.is_none() && before.is_none() && count >= self.state.instances.len() + STRANGERS_MAX {
            return Taken::Stranger;
        }
        let life = view.and_then(|view| view.state.life());
        if life.is_some() && heartbeat.life.is_some_and(|sender| Some(sender) != life) {
            return Taken::OfAnotherLife;
        }
        let (mut calls, mut minute) = (None, Minute::default());
        if let Some(before) = before {
            let (past, now) = (Counters::of(&before.heartbeat), Counters::of(&heartbeat));
            // What an earlier life did is nothing of this one.
            if past.life == now.life {
                minute = std::mem::take(&mut before.minute);
            }
            calls = before.calls;
            if !now.repeats(&past) {
                let ended = Done::between(&past, &now).calls;
                // Of strangers anybody may send as many as there is room for, and histograms are large.
                if view.is_some() {
                    minute.take(recorded_at, ended, heartbeat.metrics.latency.as_ref());
                    self.methods.take(key, &heartbeat, recorded_at);
                }
                calls = Some(ended);
            }
        }
        if sequence > Sequence::ZERO && self.beats_time.is_none_or(|(last, _)| last < recorded_at) {
            self.beats_time = Some((recorded_at, received));
        }
        self.beats.insert(key.clone(), Beat { heartbeat, sequence, recorded_at, received, calls, minute });
        Taken::Kept
    }

    /// The time of the installation: when the server took the last event or the last heartbeat. All replicas tell
    /// the same, whatever their own clocks say.
    #[must_use]
    pub fn time(&self) -> DateTime<Utc> {
        self.beats_time.map_or(self.state.time, |(last, _)| self.state.time.max(last))
    }

    /// When the server took the last of all heartbeats; none before the first.
    #[must_use]
    pub fn last_beat_at(&self) -> Option<DateTime<Utc>> {
        self.beats_time.map(|(last, _)| last)
    }

    /// How old a heartbeat is by the server's clock, which has gone on since the last of all heartbeats. Unlike the time
    /// since it arrived, this is the same however long it was under way.
    #[must_use]
    pub fn age(&self, beat: &Beat, now: Instant) -> Duration {
        let Some((last, received)) = self.beats_time else { return Duration::ZERO };
        let before = last.signed_duration_since(beat.recorded_at).to_std().unwrap_or_default();
        before + now.saturating_duration_since(received)
    }

    /// The number of the last change of this instance: another one means that what is told of it may be another. Numbers are
    /// never used again. None of an instance that is not known.
    #[must_use]
    pub fn change_of(&self, key: &InstanceKey) -> Option<u64> {
        self.changes.get(key).copied()
    }

    /// The number of the last change of any instance.
    #[must_use]
    pub fn last_change(&self) -> u64 {
        self.last
    }

    /// The number of the last change by an event. As long as it stays, heartbeats alone have changed something: their
    /// metrics, and neither which instances there are nor their states.
    #[must_use]
    pub fn last_change_by_event(&self) -> u64 {
        self.last_by_event
    }

    /// The instances of a service, in order of name.
    pub fn instances_of(&self, service: &ServiceName) -> impl Iterator<Item = (&InstanceKey, &InstanceView)> {
        of_service(&self.state.instances, service)
    }

    /// What this instance did with single methods, events and commands, in order of what it does with them and of name. Of an
    /// instance that was heard for the first time only just now there is nothing yet.
    pub fn methods_of(&self, key: &InstanceKey) -> impl Iterator<Item = &Method> {
        self.methods.of(key)
    }

    /// The groups that this instance owns, in order of name.
    pub fn owned_by(&self, key: &InstanceKey) -> impl Iterator<Item = &LeaderView> {
        self.owned.by(key).filter_map(|group| self.state.leaders.get(&group))
    }

    /// How many groups this instance owns.
    #[must_use]
    pub fn owned_count(&self, key: &InstanceKey) -> usize {
        self.owned.count(key)
    }

    fn owner(&self, aggregate: &AggregateId) -> Option<InstanceName> {
        let AggregateId::Leadership(service, group) = aggregate else { return None };
        self.state.leaders.get(&(service.clone(), group.clone()))?.instance.clone()
    }
}
