//! What takes part in elections: it watches the other members, fences the silent ones, claims what they
//! leave, and hands over what it is asked to.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use aegis_domain::{GroupName, InstanceName, Term};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::election::Election;
use super::request::Request;
use super::roster::Roster;
use super::store::{LeaseStore, OwnerRecord, StoreError, Versioned};
use super::{Audit, Guard, Policy};

/// What an elector is made of.
pub(crate) struct Elector<S> {
    pub(crate) store: S,
    pub(crate) me: InstanceName,
    pub(crate) policy: Policy,
    pub(crate) roster: Roster,
    /// The most groups that it takes part in.
    pub(crate) max_groups: usize,
    /// How long a hand-over waits for calls in flight.
    pub(crate) drain: Duration,
    pub(crate) guard: Guard,
    pub(crate) audit: Audit,
    /// The highest term known of each group: what the log has, read before the elector starts, and what was
    /// heard since. No claim goes below it, whatever becomes of the key.
    pub(crate) known: RefCell<BTreeMap<GroupName, Term>>,
}

impl<S: LeaseStore> Elector<S> {
    /// Takes part in elections until stopped.
    pub(crate) async fn run(self, requests: &mut mpsc::Receiver<Request>, stop: CancellationToken) {
        let mut election = Election::new(&self);
        let _stopped = stop.run_until_cancelled(election.hold(requests)).await;
    }

    /// The highest term known of the group.
    pub(super) fn highest(&self, group: &GroupName) -> Term {
        self.known.borrow().get(group).copied().unwrap_or(Term::ZERO)
    }

    /// The owner of a group, from the authority. A record that is none, or of a term that no election can have made, leaves
    /// the group vacant at its revision: whoever claims it replaces the record by compare-and-set.
    pub(super) async fn owner(&self, group: &GroupName) -> Result<Versioned<OwnerRecord>, StoreError> {
        match self.store.owner(group).await {
            Err(error @ StoreError::Corrupt { revision, .. }) => {
                tracing::error!(%group, %error, "the group counts as vacant");
                Ok(Versioned { revision, record: None })
            }
            found => found.map(|found| self.plausible(group, found)),
        }
    }

    pub(super) fn plausible(
        &self,
        group: &GroupName,
        found: Versioned<OwnerRecord>,
    ) -> Versioned<OwnerRecord> {
        let highest = self.highest(group);
        let term = found.record.as_ref().map(|record| record.term);
        match term.filter(|term| *term > highest && !term.may_follow(highest)) {
            Some(term) => {
                tracing::error!(%group, %term, %highest, "no election can have made this term: the group counts as vacant");
                Versioned { record: None, ..found }
            }
            None => found,
        }
    }

    /// The group has come to this term.
    pub(super) fn learn(&self, group: &GroupName, term: Term) {
        if term > self.highest(group) && !term.may_follow(self.highest(group)) {
            return;
        }
        let mut known = self.known.borrow_mut();
        match known.get_mut(group) {
            Some(highest) => *highest = term.max(*highest),
            None => drop(known.insert(group.clone(), term)),
        }
    }
}
