//! What a service keeps of a group in memory while it owns it: loaded before the first call, let go of when the group passes on.
//!
//! # What holds
//!
//! - No exclusive call of a group is handled before its `on_acquired` has ended well in this term, nor after its `on_released` has begun.
//! - Of one group, hooks run one after the other, in the order of the terms.
//! - A group that is given up stays with this instance until `on_released` has ended, for as long as a hand-over waits for calls.

mod gate;
mod hooks;
mod keep;
mod manager;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use aegis_domain::{Failure, GroupName, Term};
use aegis_leases::leadership::Guard;

pub use hooks::{GroupHook, Owned, Released};
pub(in crate::service) use hooks::{GroupHooks, erased};
pub(in crate::service) use manager::Manager;

use gate::{Gate, Inside};

/// The gates of all groups of a service with hooks: calls of a group wait at its gate.
#[derive(Debug)]
pub(in crate::service) struct Gates {
    guard: Guard,
    gates: RwLock<HashMap<GroupName, Arc<Gate>>>,
}

impl Gates {
    pub(in crate::service) fn new(guard: Guard) -> Self {
        Self { guard, gates: RwLock::default() }
    }

    /// Waits until the group's state of this term is there. The group is in use until the answer is dropped.
    pub(in crate::service) async fn enter(&self, group: &GroupName, term: Term) -> Result<Inside, Failure> {
        let gate = self.of(group);
        // Whoever removes the gates of groups that are not held any more looks after each change of the guard.
        if !self.guard.still_holds(group, term) {
            return Err(gate::passed_on());
        }
        gate.enter(term).await
    }

    fn of(&self, group: &GroupName) -> Arc<Gate> {
        if let Some(gate) = self.gates.read().unwrap_or_else(PoisonError::into_inner).get(group) {
            return Arc::clone(gate);
        }
        let mut gates = self.gates.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry(group.clone()).or_default())
    }

    /// Takes the gates out that are not wanted.
    fn remove(&self, wanted: impl Fn(&GroupName) -> bool) {
        let mut gates = self.gates.write().unwrap_or_else(PoisonError::into_inner);
        for (_, gate) in gates.extract_if(|group, _| !wanted(group)) {
            gate.close();
        }
    }
}
