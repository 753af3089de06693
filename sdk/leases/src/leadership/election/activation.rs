//! Activation: a vacant group gets an owner when it is first called.

use aegis_domain::GroupName;

use super::appoint::{Appointment, Outcome, Purpose};
use super::effect::Wait;
use super::input::{Answer, Ticket};
use super::{Election, Op};
use crate::leadership::request::{Refusal, owner};
use crate::leadership::store::{Holder, Versioned};

impl Election {
    /// Makes somebody the owner, unless somebody is who lives. Of many who ask, all hear of the same owner.
    pub(super) fn activate(&mut self, group: GroupName, ticket: Ticket) {
        if !self.observer.takes(&group) {
            return self.effects.answer(ticket, Answer::Refused(Refusal::NotServed));
        }
        let known = self.observer.owner(&group);
        if self.observer.is_owned(&group)
            && let Some(owner) = known.as_ref().and_then(|known| owner(known.record.as_ref()?))
        {
            return self.effects.answer(ticket, Answer::Owned(owner));
        }
        if let Some(waiting) = self.activating.get_mut(&group) {
            return waiting.push(ticket);
        }
        if known.is_none() {
            if self.observer.count() + self.coming.len() >= self.settings.max_groups {
                return self.effects.answer(ticket, Answer::Refused(Refusal::TooMany));
            }
            self.coming.insert(group.clone());
        }
        self.activating.insert(group.clone(), vec![ticket]);
        if self.now.instant >= self.settled {
            self.begin_activation(group);
        } else {
            self.wait(Op::Settle(group), Wait::Until(self.settled));
        }
    }

    pub(super) fn begin_activation(&mut self, group: GroupName) {
        let me = self.candidacy();
        let me = me.map(|session| Holder { instance: self.settings.me.clone(), session });
        let other = self.observer.successor(&group, None);
        let holder = match (me, other) {
            (Some(_), Some(other)) if !self.observer.precedes(&group, &other.instance) => other,
            (Some(me), _) => me,
            (None, Some(other)) => other,
            (None, None) => {
                return self.answer_activation(&group, &Answer::Refused(Refusal::NoMember(None)));
            }
        };
        self.read_and_appoint(group, holder, Purpose::Activation);
    }

    /// The appointment of an activation has ended; without an outcome the owner key could not be read.
    pub(super) fn activated(&mut self, appointment: &Appointment, outcome: Option<Outcome>) {
        let group = &appointment.group;
        let unclear = matches!(outcome, None | Some(Outcome::Unclear));
        let found = match outcome {
            Some(Outcome::Won(now) | Outcome::Owned(now)) => Some(now),
            Some(Outcome::Alive(instance, session)) => {
                self.observer.see_session(&instance, &session, self.now.instant);
                Some(appointment.before.clone())
            }
            Some(Outcome::Unclear) => Some(appointment.before.clone()),
            None => None,
        };
        let owner = found.as_ref().and_then(|Versioned { record, .. }| owner(record.as_ref()?));
        if let Some(found) = found {
            self.see_owner(group, found);
        }
        let answer = owner.filter(|_| !unclear).map_or(Answer::Refused(Refusal::Unavailable), Answer::Owned);
        self.answer_activation(group, &answer);
    }

    fn answer_activation(&mut self, group: &GroupName, answer: &Answer) {
        self.coming.remove(group);
        for ticket in self.activating.remove(group).unwrap_or_default() {
            self.effects.answer(ticket, answer.clone());
        }
    }
}
