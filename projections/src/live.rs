//! The projection in memory: what queries answer from and subscriptions wait on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use aegis_domain::wire::heartbeat::Heartbeat;
use aegis_domain::{AggregateId, Sequence, ServiceName};
use chrono::{DateTime, Utc};
use tokio::sync::watch;

use crate::State;
use crate::engine::Mark;
use crate::load::{Calls, Counters};
use crate::registry::Line;
use crate::state::InstanceKey;

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
    /// When the server took the last heartbeat.
    beats_time: DateTime<Utc>,
    /// When each instance last changed, by the count of changes.
    changes: BTreeMap<InstanceKey, u64>,
    count: u64,
}

impl Live {
    /// Begins with this state.
    #[must_use]
    pub fn new(state: State) -> Self {
        let position = watch::channel(state.position).0;
        let changes = state.instances.keys().map(|key| (key.clone(), 0)).collect();
        let contents = RwLock::new(Contents { state, changes, ..Contents::default() });
        Self { inner: Arc::new(Inner { contents, changed: watch::channel(0).0, position }) }
    }

    /// What stands now. Hold it shortly: writers wait.
    pub fn read(&self) -> RwLockReadGuard<'_, Contents> {
        self.inner.contents.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The count of changes of instances, and each change of it.
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
    pub(crate) fn advance(&self, events: &[Line], mark: Mark) {
        let position = mark.position;
        self.change(|contents| {
            let (mut changed, mut services) = (BTreeSet::new(), BTreeSet::new());
            for line in events {
                contents.state.apply(line.event.fact(line.sequence, line.recorded_at));
                match &line.event.aggregate {
                    AggregateId::Instance(service, instance) => {
                        changed.insert((service.clone(), instance.clone()));
                    }
                    // A change of leader shows on the old owner and the new one; a definition on all
                    // instances of its service.
                    AggregateId::Leadership(service, _) | AggregateId::Definition(service) => {
                        if !services.contains(service) {
                            services.insert(service.clone());
                        }
                    }
                    AggregateId::Installation => {}
                }
            }
            for service in &services {
                changed.extend(of_service(&contents.state, service).cloned());
            }
            contents.state.skip(position, mark.recorded_at);
            changed
        });
        self.inner.position.send_replace(position);
    }

    /// The registry was made anew from the log.
    pub(crate) fn replace(&self, state: State) {
        let position = state.position;
        self.change(|contents| {
            let before = std::mem::replace(&mut contents.state, state);
            // Those that are gone have changed, too.
            let after = contents.state.instances.keys().cloned();
            before.instances.into_keys().chain(after).collect()
        });
        self.inner.position.send_replace(position);
    }

    /// A heartbeat has arrived, taken by the server at this place and time.
    pub fn beat(
        &self,
        heartbeat: Heartbeat,
        (sequence, recorded_at): (Sequence, DateTime<Utc>),
        received: Instant,
    ) {
        let key = (heartbeat.service.clone(), heartbeat.instance.clone());
        self.change(|contents| {
            // Of two processes under one name, the log says which is the instance.
            let life = contents.state.instances.get(&key).and_then(|view| view.state.life());
            if life.is_some() && heartbeat.life.is_some_and(|sender| Some(sender) != life) {
                return BTreeSet::new();
            }
            let calls = contents.beats.get(&key).and_then(|before| {
                let (past, now) = (Counters::of(&before.heartbeat), Counters::of(&heartbeat));
                if now.repeats(&past) { before.calls } else { Some(Calls::between(&past, &now)) }
            });
            if sequence > Sequence::ZERO {
                contents.beats_time = contents.beats_time.max(recorded_at);
            }
            contents.beats.insert(key.clone(), Beat { heartbeat, sequence, recorded_at, received, calls });
            BTreeSet::from([key])
        });
    }

    /// Forgets heartbeats of instances that are long over.
    pub(crate) fn forget(&self, older_than: Duration) {
        let mut contents = self.inner.contents.write().unwrap_or_else(PoisonError::into_inner);
        let Contents { state, beats, .. } = &mut *contents;
        beats.retain(|key, beat| {
            let alive = state.instances.get(key).is_some_and(|view| !view.status.is_final());
            alive || beat.received.elapsed() < older_than
        });
    }

    fn change(&self, change: impl FnOnce(&mut Contents) -> BTreeSet<InstanceKey>) {
        let mut contents = self.inner.contents.write().unwrap_or_else(PoisonError::into_inner);
        let changed = change(&mut contents);
        contents.count += 1;
        let count = contents.count;
        for key in changed {
            contents.changes.insert(key, count);
        }
        drop(contents);
        self.inner.changed.send_replace(count);
    }
}

impl Contents {
    /// The time of the installation: when the server took the last event or the last heartbeat. All replicas tell
    /// the same, whatever their own clocks say.
    #[must_use]
    pub fn time(&self) -> DateTime<Utc> {
        self.state.time.max(self.beats_time)
    }

    /// The instances that have changed since this count, and the count now.
    #[must_use]
    pub fn changed_since(&self, count: u64) -> (Vec<&InstanceKey>, u64) {
        let changed = self.changes.iter().filter(|(_, at)| **at > count).map(|(key, _)| key).collect();
        (changed, self.count)
    }

    /// The count of changes now.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }
}

fn of_service<'a>(state: &'a State, service: &'a ServiceName) -> impl Iterator<Item = &'a InstanceKey> {
    state.instances.keys().filter(move |(name, _)| name == service)
}
