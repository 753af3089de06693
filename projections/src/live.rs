//! The projection in memory: what queries answer from and subscriptions wait on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use aegis_domain::wire::heartbeat::Heartbeat;
use aegis_domain::{AggregateId, Sequence, ServiceName};
use tokio::sync::watch;

use crate::State;
use crate::load::{Calls, Counters};
use crate::registry::Event;
use crate::state::InstanceKey;

/// The last heartbeat of an instance.
#[derive(Debug, Clone)]
pub struct Beat {
    /// What it said.
    pub heartbeat: Heartbeat,
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
    pub(crate) fn advance(&self, events: &[(Sequence, Event)], position: Sequence) {
        self.change(|contents| {
            let (mut changed, mut services) = (BTreeSet::new(), BTreeSet::new());
            for (sequence, event) in events {
                contents.state.apply(event.fact(*sequence));
                match &event.aggregate {
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
            contents.state.skip(position);
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

    /// A heartbeat has arrived.
    pub fn beat(&self, heartbeat: Heartbeat, received: Instant) {
        let key = (heartbeat.service.clone(), heartbeat.instance.clone());
        self.change(|contents| {
            let calls = contents.beats.get(&key).and_then(|before| {
                let (past, now) = (Counters::of(&before.heartbeat), Counters::of(&heartbeat));
                if now.repeats(&past) { before.calls } else { Some(Calls::between(&past, &now)) }
            });
            contents.beats.insert(key.clone(), Beat { heartbeat, received, calls });
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
