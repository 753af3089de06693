//! The invariants that every schedule is checked for.

use std::collections::BTreeMap;

use aegis_domain::aggregate::leadership::Tenure;
use aegis_domain::{GroupName, Term};

/// A process that may act for a group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Acting {
    pub(super) term: Term,
    /// Which member, and which of its lives.
    pub(super) by: (usize, u64),
}

#[derive(Debug, Default)]
pub(super) struct Checks {
    /// Who has acted last for each group, by its number.
    acted: BTreeMap<usize, Acting>,
    tenures: BTreeMap<(GroupName, Term), Tenure>,
    /// How often another process came to act for a group.
    pub(super) changes: u64,
}

impl Checks {
    /// This process may act for the group now; answers what acted before, if that was another process or another term.
    pub(super) fn acts(&mut self, group: usize, now: Acting) -> Option<Acting> {
        let before = self.acted.insert(group, now)?;
        if (before.by, before.term) == (now.by, now.term) {
            return None;
        }
        assert!(now.term > before.term, "terms of group {group} go back: {now:?} after {before:?}");
        self.changes += u64::from(before.by != now.by);
        Some(before)
    }

    /// A member says that its term has begun.
    pub(super) fn recorded(&mut self, group: &GroupName, tenure: &Tenure) {
        let known = self.tenures.entry((group.clone(), tenure.term)).or_insert_with(|| tenure.clone());
        let same = (known.session, &known.instance) == (tenure.session, &tenure.instance);
        assert!(same, "{group}: one term, two owners: {known:?} and {tenure:?}");
    }
}
