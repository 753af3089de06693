//! Lists of groups.

use aegis_domain::Sequence;
use aegis_projections::live::Contents;
use aegis_projections::state::GroupKey;

use super::Question;
use crate::types::{LeaderFilter, LeaderOrder};

/// Which groups, in which order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct GroupQuestion {
    pub(crate) filter: LeaderFilter,
    pub(crate) order: LeaderOrder,
}

/// A list as it stood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct GroupList {
    /// The groups in order, each with the event that changed it last.
    pub(crate) rows: Vec<(GroupKey, Sequence)>,
    /// How many of them nobody owns.
    pub(crate) ownerless: u64,
}

impl Question for GroupQuestion {
    type List = GroupList;

    fn answer(&self, contents: &Contents) -> GroupList {
        let mut ranked = Vec::new();
        let mut ownerless = 0;
        for (key, view) in &contents.state.leaders {
            if self.filter.takes(&contents.state, view) {
                ownerless += u64::from(view.instance.is_none());
                ranked.push((self.order.rank(view), key, view.sequence));
            }
        }
        // They come in order of name, and what is equal by rank stays so.
        ranked.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        let rows = ranked.into_iter().map(|(_, key, sequence)| (key.clone(), sequence)).collect();
        GroupList { rows, ownerless }
    }

    fn is_by_figures(&self) -> bool {
        false
    }

    fn mark(contents: &Contents) -> u64 {
        contents.state.position.get()
    }
}
