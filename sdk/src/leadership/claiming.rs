//! The claims of an election: a bounded number at a time, while everything else goes on.

use std::time::Instant;

use aegis_domain::SessionId;
use futures_util::FutureExt as _;

use super::claim::Outcome;
use super::duty::Done;
use super::election::Election;
use super::observer::Candidate;
use super::store::LeaseStore;

/// How many claims are under way at a time.
const CLAIMS: usize = 256;

/// A claim that has ended.
#[derive(Debug)]
pub(super) struct Claimed {
    /// Under which session.
    session: SessionId,
    candidate: Candidate,
    outcome: Outcome,
}

impl<S: LeaseStore> Election<'_, S> {
    /// Begins as many claims as may be under way. What others have claimed meanwhile is left out.
    pub(super) fn claim(&mut self) {
        let Some(session) = self.candidacy() else { return self.to_claim.clear() };
        let now = Instant::now();
        if self.to_claim.is_empty() && self.claiming.len() <= CLAIMS / 2 {
            self.to_claim.extend(self.observer.due(now));
        }
        let elector = self.elector;
        while self.claiming.len() < CLAIMS
            && let Some(group) = self.to_claim.pop_front()
        {
            let candidate = self.observer.candidate(&group, now);
            if let Some(candidate) = candidate.filter(|_| self.claiming.insert(group)) {
                let claim = async move {
                    let outcome = elector.claim(&candidate, session).await;
                    Done::Claimed(Claimed { session, candidate, outcome })
                };
                self.tasks.push(claim.boxed_local());
            }
        }
    }

    /// Goes on from where claims have ended.
    pub(super) fn conclude(&mut self, claims: Vec<Claimed>) {
        let now = Instant::now();
        let mut won = Vec::new();
        for Claimed { session, candidate, outcome } in claims {
            let group = &candidate.group;
            self.claiming.remove(group);
            match outcome {
                // Somebody has written it again since, as the watch has told.
                Outcome::Won(found) if self.observer.revision(group) > found.revision => {
                    if let Some(later) = self.observer.owner(group) {
                        self.see_owner(group, later);
                    }
                }
                Outcome::Won(found) => {
                    if let Some(record) = &found.record {
                        self.elector.learn(group, record.term);
                        won.push((session, group.clone(), record.clone(), candidate.vacancy));
                    }
                    self.observer.see_owner(group, found, now);
                }
                Outcome::Owned(found) => {
                    // Neither written nor written by another: it was refused, and would be again.
                    let refused = found.revision <= candidate.before.revision;
                    self.see_owner(group, found);
                    if refused {
                        self.observer.hold_off(group, now);
                    }
                }
                Outcome::Alive(instance, found) => {
                    self.observer.see_session(&instance, &found, now);
                    self.observer.hold_off(group, now);
                }
                Outcome::Unclear => self.observer.hold_off(group, now),
            }
        }
        for of_session in won.chunk_by(|(one, ..), (other, ..)| one == other) {
            let session = of_session[0].0;
            self.own(session, of_session.iter().map(|(_, group, record, _)| (group.clone(), record.term)));
        }
        for (_, group, record, vacancy) in won {
            self.record(&group, &record, Some(vacancy));
        }
        self.look_whether_left();
    }
}
