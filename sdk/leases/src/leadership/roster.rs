//! The groups in whose elections a member takes part.

use std::collections::BTreeSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use aegis_domain::GroupName;

use aegis_nats::supervise;

/// Says whether a group that is not declared is taken when somebody calls it.
pub type Accept = Arc<dyn Fn(&GroupName) -> bool + Send + Sync>;

/// The groups of a member: those it declares, and those it takes on demand.
#[derive(Clone)]
pub struct Roster {
    pub declared: BTreeSet<GroupName>,
    pub on_demand: Option<Accept>,
}

impl Roster {
    /// Whether the member takes part for this group.
    pub fn takes(&self, group: &GroupName) -> bool {
        self.declared.contains(group) || self.on_demand.as_ref().is_some_and(|accept| accepts(accept, group))
    }

    /// Whether the member takes part for no group at all.
    pub fn is_empty(&self) -> bool {
        self.declared.is_empty() && self.on_demand.is_none()
    }
}

/// The function that decides on groups runs where leases are renewed: a panic in it counts as a refusal.
fn accepts(accept: &Accept, group: &GroupName) -> bool {
    catch_unwind(AssertUnwindSafe(|| accept(group))).unwrap_or_else(|panic| {
        supervise::note("the choice of groups on demand", &*panic);
        false
    })
}

impl fmt::Debug for Roster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on_demand = self.on_demand.is_some();
        f.debug_struct("Roster").field("declared", &self.declared).field("on_demand", &on_demand).finish()
    }
}
