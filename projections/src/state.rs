//! The registry as a pure fold of the log.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use aegis_domain::aggregate::instance::InstanceEvent;
use aegis_domain::{AggregateId, Event, GroupName, InstanceName, Sequence, ServiceName};
use chrono::{DateTime, TimeDelta, Utc};

use crate::fact::Fact;
use crate::view::{DefinitionView, InstallationView, InstanceView, LeaderView};

/// The key of an instance.
pub type InstanceKey = (ServiceName, InstanceName);
/// The key of a group.
pub type GroupKey = (ServiceName, GroupName);

/// Those of one service in a map of all.
pub(crate) fn of_service<'a, T>(
    all: &'a BTreeMap<InstanceKey, T>,
    service: &ServiceName,
) -> impl Iterator<Item = (&'a InstanceKey, &'a T)> + Clone {
    let first = InstanceName::new("0").expect("a digit is a name, and no name comes before it");
    let service = service.clone();
    all.range((service.clone(), first)..).take_while(move |((name, _), _)| *name == service)
}

/// The registry at one position of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The last event applied.
    pub position: Sequence,
    /// When the log took the last message up to the position. It never goes back.
    pub time: DateTime<Utc>,
    /// All instances that the log knows.
    pub instances: BTreeMap<InstanceKey, InstanceView>,
    /// All groups that the log knows.
    pub leaders: BTreeMap<GroupKey, LeaderView>,
    /// All definitions, retired ones too.
    pub definitions: BTreeMap<ServiceName, DefinitionView>,
    /// The installation as a whole.
    pub installation: InstallationView,
    /// How long an instance stays after its end, by the time of the log.
    keep_ended: TimeDelta,
    /// The ended instances, by when they ended.
    ended: BTreeSet<(DateTime<Utc>, InstanceKey)>,
}

impl Default for State {
    fn default() -> Self {
        Self::keeping(KEEP_ENDED)
    }
}

/// How long an instance stays after its end, unless a replica is told otherwise.
pub const KEEP_ENDED: TimeDelta = TimeDelta::hours(24);

impl State {
    /// Nothing applied yet. Instances leave so long after their end, by the time of the log alone: each fold of the same
    /// log forgets the same at the same event.
    #[must_use]
    pub fn keeping(keep_ended: TimeDelta) -> Self {
        Self {
            position: Sequence::ZERO,
            time: DateTime::default(),
            instances: BTreeMap::new(),
            leaders: BTreeMap::new(),
            definitions: BTreeMap::new(),
            installation: InstallationView::default(),
            keep_ended,
            ended: BTreeSet::new(),
        }
    }

    /// The same, filled from elsewhere than the log.
    pub(crate) fn restored(mut self, keep_ended: TimeDelta) -> Self {
        let ended = self.instances.iter().filter(|(_, view)| !view.state.is_alive());
        self.ended = ended.map(|(key, view)| (view.status_since, key.clone())).collect();
        self.keep_ended = keep_ended;
        self
    }

    /// Raise it with every change of the views or of their fold: a store of another version is
    /// rebuilt from the log.
    pub const VERSION: i64 = 11;

    /// Applies one event. Total and deterministic; an event at or before the position changes nothing. Answers the
    /// instances that have left.
    pub fn apply<'a>(&mut self, fact: impl Into<Fact<'a>>) -> Vec<InstanceKey> {
        let fact = fact.into();
        if fact.sequence <= self.position {
            return vec![];
        }
        self.skip(fact.sequence, fact.time);
        let fact = fact.recorded_at(self.time);
        let mut gone = self.forget_ended();
        match (fact.aggregate, fact.event) {
            (AggregateId::Definition(service), Event::Definition(event)) => {
                let before = self.definitions.remove(service);
                if let Some(after) = DefinitionView::fold(before, service, event, &fact) {
                    self.definitions.insert(service.clone(), after);
                }
            }
            (AggregateId::Instance(service, instance), Event::Instance(event)) => {
                let key = (service.clone(), instance.clone());
                if matches!(event, InstanceEvent::Forgotten { .. }) {
                    if let Some(view) = self.instances.remove(&key) {
                        self.ended.remove(&(view.status_since, key.clone()));
                        gone.push(key);
                    }
                    return gone;
                }
                let view = match self.instances.entry(key.clone()) {
                    Entry::Occupied(view) => {
                        let view = view.into_mut();
                        if !view.state.is_alive() {
                            self.ended.remove(&(view.status_since, key.clone()));
                        }
                        view.evolve(event, &fact);
                        view
                    }
                    Entry::Vacant(place) => {
                        place.insert(InstanceView::begin(service, instance, event, &fact))
                    }
                };
                if !view.state.is_alive() {
                    self.ended.insert((view.status_since, key));
                }
            }
            (AggregateId::Leadership(service, group), Event::Leadership(event)) => {
                let key = (service.clone(), group.clone());
                let before = self.leaders.remove(&key);
                if let Some(after) = LeaderView::fold(before, service, group, event, &fact) {
                    self.leaders.insert(key, after);
                }
            }
            (AggregateId::Installation, Event::Installation(event)) => {
                self.installation = InstallationView::fold(&self.installation, event, &fact);
            }
            // Decoding refuses an event on the subject of another kind of aggregate.
            (
                AggregateId::Definition(_)
                | AggregateId::Instance(..)
                | AggregateId::Leadership(..)
                | AggregateId::Installation,
                Event::Definition(_) | Event::Instance(_) | Event::Leadership(_) | Event::Installation(_),
            ) => {}
        }
        gone
    }

    /// Instances leave when they have been over for long enough.
    fn forget_ended(&mut self) -> Vec<InstanceKey> {
        let mut gone = Vec::new();
        while let Some((since, _)) = self.ended.first()
            && self.time.signed_duration_since(*since) > self.keep_ended
            && let Some((_, key)) = self.ended.pop_first()
        {
            self.instances.remove(&key);
            gone.push(key);
        }
        gone
    }

    /// Passes over a message that is no event, taken by the log at this time.
    pub fn skip(&mut self, sequence: Sequence, time: DateTime<Utc>) {
        self.position = self.position.max(sequence);
        self.time = self.time.max(time);
    }

    /// How many views there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.instances.len() + self.leaders.len() + self.definitions.len()
    }

    /// Whether there is no view.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All aggregates that have a view.
    pub fn aggregates(&self) -> impl Iterator<Item = AggregateId> + Send + '_ {
        let definitions = self.definitions.keys().cloned().map(AggregateId::Definition);
        let instances =
            self.instances.keys().cloned().map(|(service, name)| AggregateId::Instance(service, name));
        let leaders =
            self.leaders.keys().cloned().map(|(service, group)| AggregateId::Leadership(service, group));
        let said = self.installation.sequence > Sequence::ZERO;
        definitions.chain(instances).chain(leaders).chain(said.then_some(AggregateId::Installation))
    }

    /// Whether the service has a definition in use.
    #[must_use]
    pub fn is_defined(&self, service: &ServiceName) -> bool {
        self.definitions.get(service).is_some_and(|definition| !definition.retired)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_of_a_service_are_found_beside_services_of_similar_names() {
        let key = |service: &str, instance: &str| {
            (ServiceName::new(service).unwrap(), InstanceName::new(instance).unwrap())
        };
        let keys =
            [("ech", "z"), ("echo", "0"), ("echo", "Z"), ("echo", "z-1"), ("echo-2", "0"), ("echo0", "a")];
        let all: BTreeMap<InstanceKey, usize> = keys.iter().map(|(s, i)| key(s, i)).zip(1..).collect();
        let of = |service: &str| -> Vec<usize> {
            of_service(&all, &ServiceName::new(service).unwrap()).map(|(_, n)| *n).collect()
        };
        assert_eq!(of("echo"), [2, 3, 4]);
        assert_eq!((of("ech"), of("echo0"), of("ec"), of("zzz")), (vec![1], vec![6], vec![], vec![]));
    }
}
