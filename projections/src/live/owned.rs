//! The groups of each instance: the leaders of the registry, indexed by owner.

use std::collections::{BTreeMap, BTreeSet};

use aegis_domain::{GroupName, InstanceName, ServiceName};

use crate::State;
use crate::state::{GroupKey, InstanceKey};

/// The groups of each owner. It is kept beside a state, and never holds more than that state's leaders.
#[derive(Debug, Default)]
pub(super) struct Owned(BTreeMap<InstanceKey, BTreeSet<GroupName>>);

impl Owned {
    pub(super) fn of(state: &State) -> Self {
        let mut owned = Self::default();
        for (key, leader) in &state.leaders {
            owned.moves(key, None, leader.instance.as_ref());
        }
        owned
    }

    /// A group has another owner, or none.
    pub(super) fn moves(
        &mut self,
        (service, group): &GroupKey,
        from: Option<&InstanceName>,
        to: Option<&InstanceName>,
    ) {
        if let Some(from) = from {
            let key = (service.clone(), from.clone());
            if let Some(groups) = self.0.get_mut(&key) {
                groups.remove(group);
                if groups.is_empty() {
                    self.0.remove(&key);
                }
            }
        }
        if let Some(to) = to {
            self.0.entry((service.clone(), to.clone())).or_default().insert(group.clone());
        }
    }

    /// How many groups this instance has.
    pub(super) fn count(&self, key: &InstanceKey) -> usize {
        self.0.get(key).map_or(0, BTreeSet::len)
    }

    /// The groups of this instance, in order of name.
    pub(super) fn by(&self, key: &InstanceKey) -> impl Iterator<Item = GroupKey> {
        let service: &ServiceName = &key.0;
        self.0.get(key).into_iter().flatten().map(|group| (service.clone(), group.clone()))
    }
}
