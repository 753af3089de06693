//! Lists of instances.

use std::collections::{BTreeMap, BTreeSet};

use aegis_projections::live::Contents;
use aegis_projections::state::InstanceKey;

use super::Question;
use crate::types::{InstanceFilter, InstanceOrder, InstanceStatus};

/// Which instances, in which order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct InstanceQuestion {
    pub(crate) filter: InstanceFilter,
    pub(crate) order: InstanceOrder,
}

/// A list as it stood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InstanceList {
    /// The instances in order.
    pub(crate) keys: Vec<InstanceKey>,
    /// How many instances there are in each status, whichever statuses the list shows.
    pub(crate) counts: BTreeMap<InstanceStatus, u64>,
    /// Those of them that flap, which ends without a change.
    pub(crate) flapping: BTreeSet<InstanceKey>,
}

impl InstanceList {
    /// What tells the present state of an instance of the list from all others: the number of its last change, and whether it
    /// flaps. Zero of one that is gone.
    pub(crate) fn number(&self, contents: &Contents, key: &InstanceKey) -> u64 {
        let change = contents.change_of(key).unwrap_or_default();
        change * 2 + u64::from(self.flapping.contains(key))
    }
}

impl Question for InstanceQuestion {
    type List = InstanceList;

    fn answer(&self, contents: &Contents) -> InstanceList {
        let now = contents.time();
        let (mut counts, mut flapping) = (BTreeMap::new(), BTreeSet::new());
        let mut ranked = Vec::new();
        for (key, view) in &contents.state.instances {
            if !self.filter.takes_in_any_status(&contents.state, view) {
                continue;
            }
            *counts.entry(view.status.into()).or_default() += 1;
            if self.filter.takes_status(view, now) {
                ranked.push((self.order.rank(contents, key, view, now), key));
                if view.is_flapping(now) {
                    flapping.insert(key.clone());
                }
            }
        }
        // They come in order of name, and what is equal by rank stays so.
        ranked.sort_by(|(a, _), (b, _)| a.cmp(b));
        InstanceList { keys: ranked.into_iter().map(|(_, key)| key.clone()).collect(), counts, flapping }
    }

    fn is_by_figures(&self) -> bool {
        self.order.is_by_figures()
    }

    fn mark(contents: &Contents) -> u64 {
        contents.last_change_by_event()
    }
}
