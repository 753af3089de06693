//! The registry as a pure fold of the log.

use std::collections::BTreeMap;

use aegis_domain::{AggregateId, Event, GroupName, InstanceName, Recorded, Sequence, ServiceName};

use crate::view::{DefinitionView, InstallationView, InstanceView, LeaderView};

/// The key of an instance.
pub type InstanceKey = (ServiceName, InstanceName);
/// The key of a group.
pub type GroupKey = (ServiceName, GroupName);

/// The registry at one position of the log.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// The last event applied.
    pub position: Sequence,
    /// All instances that the log knows.
    pub instances: BTreeMap<InstanceKey, InstanceView>,
    /// All groups that the log knows.
    pub leaders: BTreeMap<GroupKey, LeaderView>,
    /// All definitions, retired ones too.
    pub definitions: BTreeMap<ServiceName, DefinitionView>,
    /// The installation as a whole.
    pub installation: InstallationView,
}

impl State {
    /// Raise it with every change of the views or of their fold: a store of another version is
    /// rebuilt from the log.
    pub const VERSION: i64 = 2;

    /// Applies one event. Total and deterministic; an event at or before the position changes nothing.
    pub fn apply(&mut self, recorded: &Recorded) {
        if recorded.sequence <= self.position {
            return;
        }
        self.position = recorded.sequence;
        match (&recorded.envelope.aggregate, &recorded.envelope.event) {
            (AggregateId::Definition(service), Event::Definition(event)) => {
                let before = self.definitions.remove(service);
                if let Some(after) = DefinitionView::fold(before, service, event, recorded) {
                    self.definitions.insert(service.clone(), after);
                }
            }
            (AggregateId::Instance(service, instance), Event::Instance(event)) => {
                let key = (service.clone(), instance.clone());
                let after =
                    InstanceView::fold(self.instances.remove(&key), service, instance, event, recorded);
                self.instances.insert(key, after);
            }
            (AggregateId::Leadership(service, group), Event::Leadership(event)) => {
                let key = (service.clone(), group.clone());
                let before = self.leaders.remove(&key);
                if let Some(after) = LeaderView::fold(before, service, group, event, recorded) {
                    self.leaders.insert(key, after);
                }
            }
            (AggregateId::Installation, Event::Installation(event)) => {
                self.installation = InstallationView::fold(event, recorded);
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
    }

    /// Passes over a message that is no event.
    pub fn skip(&mut self, sequence: Sequence) {
        self.position = self.position.max(sequence);
    }

    /// Whether the service has a definition in use.
    #[must_use]
    pub fn is_defined(&self, service: &ServiceName) -> bool {
        self.definitions.get(service).is_some_and(|definition| !definition.retired)
    }
}
