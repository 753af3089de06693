//! Pauses of automatic failover, as one member has seen them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aegis_domain::GroupName;

use crate::leadership::store::{PauseRecord, Versioned};

/// A watch tells of all that stands well within this time; what it does not tell of is over.
const UNCONFIRMED: Duration = Duration::from_secs(5);
/// No pause is longer, whatever its record says.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The pauses of a service: of single groups, and of all of them.
#[derive(Debug, Default)]
pub(super) struct Pauses(BTreeMap<Option<GroupName>, Pause>);

#[derive(Debug, Clone, Copy)]
struct Pause {
    revision: u64,
    /// When it is over, if nothing else is heard. The server ends it, and no sooner.
    until: Instant,
}

impl Pauses {
    /// A pause was seen, or its end.
    pub(super) fn see(&mut self, group: Option<GroupName>, found: &Versioned<PauseRecord>, now: Instant) {
        let known = self.0.get(&group).map_or(0, |pause| pause.revision);
        match &found.record {
            Some(_) if found.revision < known => {}
            Some(record) => {
                let remaining = Duration::from_millis(record.remaining_ms).min(LONGEST);
                self.0.insert(group, Pause { revision: found.revision, until: now + remaining });
            }
            None if found.revision == 0 || found.revision > known => drop(self.0.remove(&group)),
            None => {}
        }
    }

    /// A watch begins, which says nothing of a pause that is over.
    pub(super) fn doubt(&mut self, now: Instant) {
        for pause in self.0.values_mut() {
            pause.until = pause.until.min(now + UNCONFIRMED);
        }
    }

    /// Until when the group is paused, if it is.
    pub(super) fn until(&self, group: &GroupName) -> Option<Instant> {
        // Nothing is looked for while there are none, which is nearly always.
        if self.0.is_empty() {
            return None;
        }
        let of = |group: Option<GroupName>| self.0.get(&group).map(|pause| pause.until);
        of(None).max(of(Some(group.clone())))
    }
}
