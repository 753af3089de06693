//! What is seen of owners and sessions, and what it means for the groups of this member.

use std::time::Duration;

use aegis_domain::aggregate::leadership::ElectionReason;
use aegis_domain::{GroupName, SessionId, Term};

use super::effect::{Effect, GuardChange, Record};
use super::hand_over::HandOver;
use super::{Answer, Election};
use crate::leadership::request::owner;
use crate::leadership::store::{Change, OwnerRecord, StoreError, Versioned};

impl Election {
    /// Everything held under the session before is over. What the new one was given before this member knew of it is its
    /// own now.
    pub(super) fn begin_session(&mut self, session: Option<SessionId>) {
        self.session = session;
        self.held.clear();
        let Some(session) = session else { return };
        for (group, found) in self.observer.held_under(session) {
            if !self.claiming.contains(&group) {
                self.note_owner(&group, &found);
            }
        }
    }

    pub(super) fn see(&mut self, change: Change) {
        match change {
            Change::Session(instance, found) => {
                self.observer.see_session(&instance, &found, self.now.instant);
            }
            Change::Owner(group, found) => self.see_owner(&group, found),
            Change::Pause(group, found) => self.observer.see_pause(group, &found, self.now.instant),
        }
    }

    /// A group whose owner cannot be told is vacant.
    pub(super) fn see_unreadable(&mut self, group: &GroupName, revision: u64) {
        self.see_owner(group, Versioned { revision, record: None });
    }

    pub(super) fn see_owner(&mut self, group: &GroupName, found: Versioned<OwnerRecord>) {
        let found = self.plausible(group, found);
        let claimed = self.claiming.contains(group) && self.is_mine(&found);
        // Of a claim under way it is dealt with when that ends: it knows how long the group was vacant.
        if !claimed {
            self.note_owner(group, &found);
        }
        if found.record.is_some() {
            self.coming.remove(group);
        }
        self.observer.see_owner(group, found, self.now.instant);
    }

    /// The owner of a group, as the authority answered. A record that cannot be read, or of a term that no election can
    /// have made, leaves the group vacant at its revision: the claimer replaces the record by compare-and-set.
    pub(super) fn read_owner(
        &self,
        group: &GroupName,
        found: Result<Versioned<OwnerRecord>, StoreError>,
    ) -> Result<Versioned<OwnerRecord>, StoreError> {
        match found {
            Err(error @ StoreError::Corrupt { revision, .. }) => {
                tracing::error!(%group, %error, "the group counts as vacant");
                Ok(Versioned { revision, record: None })
            }
            found => found.map(|found| self.plausible(group, found)),
        }
    }

    fn plausible(&self, group: &GroupName, found: Versioned<OwnerRecord>) -> Versioned<OwnerRecord> {
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
    pub(super) fn learn(&mut self, group: &GroupName, term: Term) {
        let highest = self.highest(group);
        if !term.may_follow(highest) {
            return;
        }
        match self.terms.get_mut(group) {
            Some(known) => *known = term,
            None => drop(self.terms.insert(group.clone(), term)),
        }
    }

    /// The group is ours.
    pub(super) fn own(&mut self, session: SessionId, group: &GroupName, term: Term) {
        if self.session == Some(session) {
            self.held.insert(group.clone(), term);
        }
        self.effects.guard(GuardChange::Grant(session, vec![(group.clone(), term)]));
        if let Some(leaving) = &self.leaving {
            let resignation = HandOver::resignation(group.clone(), term, &leaving.reason);
            self.hand_over(resignation);
        }
    }

    /// The group is not ours any more.
    pub(super) fn release(&mut self, group: &GroupName, term: Term) {
        if self.held.get(group) == Some(&term) {
            self.held.remove(group);
        }
        self.effects.guard(GuardChange::Release(group.clone(), term));
    }

    /// Says that a term of ours has begun.
    pub(super) fn record(&mut self, group: &GroupName, record: &OwnerRecord, vacancy: Option<Duration>) {
        let Some(tenure) = record.tenure() else { return };
        tracing::info!(%group, term = %record.term, reason = record.reason.as_str(), "leads the group");
        let vacancy = vacancy.filter(|_| record.reason != ElectionReason::First);
        let elected = Record::Elected { tenure, predecessors: record.predecessors.clone(), vacancy };
        self.effects.push(Effect::Record(group.clone(), elected));
    }

    /// The owner key is gone, with or without a trace: somebody has removed it, and anybody may claim it now.
    fn note_loss(&mut self, group: &GroupName, revision: u64) {
        let known = self.observer.revision(group);
        if let Some(term) = self.held.get(group).copied()
            && (revision == 0 || revision > known)
        {
            tracing::warn!(%group, %term, "the owner key was removed by somebody: letting go");
            self.release(group, term);
        }
    }

    /// Whether the session of this member owns the group, by this record.
    fn is_mine(&self, found: &Versioned<OwnerRecord>) -> bool {
        let holder = found.record.as_ref().and_then(|record| record.holder.as_ref());
        holder.is_some_and(|holder| self.session == Some(holder.session))
    }

    /// Brings what is held in line with what the owner key says.
    fn note_owner(&mut self, group: &GroupName, found: &Versioned<OwnerRecord>) {
        let Some(record) = &found.record else { return self.note_loss(group, found.revision) };
        self.learn(group, record.term);
        let Some(session) = self.session else { return };
        let mine = self.is_mine(found);
        match (mine, self.held.get(group).copied()) {
            // Also while it is being handed over: a word of our own record is no leave to go on.
            (true, Some(term)) if term >= record.term => {}
            (true, _) if !self.observer.takes(group) => self.disown(group, found),
            // The watch may still be telling of a record that we have handed over meanwhile.
            (true, _) if found.revision < self.observer.revision(group) => {}
            // Appointed by another member, or a claim of ours whose acknowledgement was lost.
            (true, _) => {
                self.own(session, group, record.term);
                self.record(group, record, None);
            }
            // The watch may still be telling of a record before ours.
            (false, Some(term)) if term < record.term => self.release(group, term),
            (false, Some(term)) if term == record.term && record.holder.is_none() => {
                self.release(group, term);
            }
            (false, Some(_)) => return,
            (false, None) => {}
        }
        if !mine {
            self.effects.guard(GuardChange::Hear(group.clone(), owner(record)));
        }
    }

    /// Answers requests to hand over a group that this member does not own.
    pub(super) fn refuse_as_not_owner(&mut self, hand_over: HandOver) {
        if let Some(ticket) = hand_over.answer {
            self.effects.answer(ticket, Answer::NotOwner(hand_over.group));
        }
    }
}
