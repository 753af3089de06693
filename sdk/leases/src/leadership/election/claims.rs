//! The claims of a member: a bounded number at a time, while everything else goes on.

use std::time::Duration;

use super::Election;
use super::appoint::{Appointment, Outcome, Purpose};
use super::observer::Candidate;
use crate::leadership::store::{Holder, Versioned};

/// How many claims are under way at a time.
const CLAIMS: usize = 256;

impl Election {
    /// Begins as many claims as may be under way. What others have claimed meanwhile is left out.
    pub(super) fn claim_what_is_due(&mut self) {
        let Some(session) = self.candidacy() else { return self.to_claim.clear() };
        let now = self.now.instant;
        if self.to_claim.is_empty() && self.claiming.len() <= CLAIMS / 2 {
            self.to_claim.extend(self.observer.due(now));
        }
        while self.claiming.len() < CLAIMS
            && let Some(group) = self.to_claim.pop_front()
        {
            let candidate = self.observer.candidate(&group, now);
            if let Some(candidate) = candidate.filter(|_| self.claiming.insert(group)) {
                let Candidate { group, before, proven, vacancy } = candidate;
                let me = Holder { instance: self.settings.me.clone(), session };
                self.appoint(group, me, before, proven, Purpose::Claim(vacancy));
            }
        }
    }

    /// A claim has ended.
    pub(super) fn claimed(&mut self, claim: &Appointment, vacancy: Duration, outcome: Outcome) {
        let (group, now) = (&claim.group, self.now.instant);
        self.claiming.remove(group);
        let failed = match outcome {
            Outcome::Won(found) if self.observer.revision(group) <= found.revision => {
                return self.won(claim, found, vacancy);
            }
            // Somebody has written it again since, as the watch has told.
            Outcome::Won(_) => false,
            Outcome::Owned(found) => {
                // Neither written nor written by another: it was refused, and would be again.
                let refused = found.revision <= claim.before.revision;
                self.see_owner(group, found);
                refused
            }
            Outcome::Alive(instance, found) => {
                self.observer.see_session(&instance, &found, now);
                true
            }
            Outcome::Unclear => true,
        };
        // What the watch told of the group while the claim was under way was left for this moment.
        if let Some(known) = self.observer.owner(group) {
            self.see_owner(group, known);
        }
        if failed {
            self.observer.hold_off(group, now);
        }
    }

    fn won(
        &mut self,
        claim: &Appointment,
        found: Versioned<crate::leadership::store::OwnerRecord>,
        vacancy: Duration,
    ) {
        let Appointment { group, holder, .. } = claim;
        if let Some(record) = &found.record {
            self.learn(group, record.term);
            self.own(holder.session, group, record.term);
            self.record(group, record, Some(vacancy));
        }
        self.observer.see_owner(group, found, self.now.instant);
    }
}
