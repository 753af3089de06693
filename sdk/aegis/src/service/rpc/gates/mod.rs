//! The gates of groups whose state has to be there before their calls are handled: [`crate::service::groups`] opens and shuts them.

mod gate;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use aegis_domain::{Failure, GroupName, Term};
use aegis_leases::leadership::Guard;
use tokio::sync::Semaphore;

pub(in crate::service) use gate::{Gate, Inside};

/// The gates of all groups of a service with hooks: calls of a group wait at its gate.
#[derive(Debug)]
pub(in crate::service) struct Gates {
    pub(in crate::service) guard: Guard,
    gates: RwLock<HashMap<GroupName, Arc<Gate>>>,
    /// So many calls wait, whatever their groups: they have no places among those that are handled.
    waiting: Semaphore,
}

impl Gates {
    pub(in crate::service) fn new(guard: Guard, most_waiting: u64) -> Self {
        let most =
            usize::try_from(most_waiting).unwrap_or(Semaphore::MAX_PERMITS).min(Semaphore::MAX_PERMITS);
        Self { guard, gates: RwLock::default(), waiting: Semaphore::new(most) }
    }

    /// Passes if the group's state of this term is there, or never will be: none while it has to be waited for. The group is in use
    /// until the answer is dropped.
    pub(in crate::service) fn try_enter(
        &self,
        group: &GroupName,
        term: Term,
    ) -> Option<Result<Inside, Failure>> {
        self.of(group).try_enter(term)
    }

    /// Waits until the group's state of this term is there.
    pub(in crate::service) async fn enter(&self, group: &GroupName, term: Term) -> Result<Inside, Failure> {
        let Ok(_place) = self.waiting.try_acquire() else { return Err(gate::too_many()) };
        let gate = self.of(group);
        // Whoever removes the gates of groups that are not held any more looks after each change of the guard.
        if !self.guard.still_holds(group, term) {
            return Err(gate::passed_on());
        }
        gate.enter(term).await
    }

    pub(in crate::service) fn of(&self, group: &GroupName) -> Arc<Gate> {
        if let Some(gate) = self.gates.read().unwrap_or_else(PoisonError::into_inner).get(group) {
            return Arc::clone(gate);
        }
        let mut gates = self.gates.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry(group.clone()).or_default())
    }

    /// Takes the gates out that are not wanted, if there are more than so many.
    pub(in crate::service) fn remove(&self, beyond: usize, wanted: impl Fn(&GroupName) -> bool) {
        if self.gates.read().unwrap_or_else(PoisonError::into_inner).len() <= beyond {
            return;
        }
        let mut gates = self.gates.write().unwrap_or_else(PoisonError::into_inner);
        for (_, gate) in gates.extract_if(|group, _| !wanted(group)) {
            gate.close();
        }
    }
}
