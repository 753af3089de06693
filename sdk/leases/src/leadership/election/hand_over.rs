//! Handing a group over: its calls end, its record names the successor in one write, and the successor serves as soon as
//! it hears of it.

use aegis_domain::{GroupName, InstanceName, Term};

use super::effect::{Effect, GuardChange, Record, StoreCall};
use super::input::{Answer, Ticket};
use super::{Election, Op};
use crate::leadership::request::{Refusal, owner};
use crate::leadership::store::{OwnerRecord, SessionRecord, Versioned};

/// How many hand-overs are under way at a time.
const HAND_OVERS: usize = 256;

/// A group that is to be handed over.
#[derive(Debug)]
pub(super) struct HandOver {
    pub(super) group: GroupName,
    pub(super) term: Term,
    /// To this member; to any when absent.
    pub(super) to: Option<InstanceName>,
    pub(super) reason: String,
    /// The request to answer, if one asked for it. The group then stays here if no other member can take it.
    pub(super) answer: Option<Ticket>,
}

/// How a hand-over ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// The group is the successor's, or vacant.
    Done(Versioned<OwnerRecord>),
    /// The group was no longer ours.
    Lost(Option<Versioned<OwnerRecord>>),
}

impl HandOver {
    /// Gives a group up, whether or not anybody is there to take it.
    pub(super) fn resignation(group: GroupName, term: Term, reason: &str) -> Self {
        Self { group, term, to: None, reason: reason.to_owned(), answer: None }
    }
}

impl Election {
    pub(super) fn step_down(
        &mut self,
        group: GroupName,
        to: Option<InstanceName>,
        reason: String,
        ticket: Ticket,
    ) {
        let Some(term) = self.held.get(&group).copied() else {
            return self.effects.answer(ticket, Answer::NotOwner(group));
        };
        let hand_over = HandOver { group, term, to, reason, answer: Some(ticket) };
        match &hand_over.to {
            // It may have begun a moment ago, and the watch be late with it.
            Some(member) if self.observer.successor(&hand_over.group, Some(member)).is_none() => {
                let call = StoreCall::Session(member.clone());
                self.call(Op::Look(hand_over), call);
            }
            Some(_) | None => self.hand_over_if_possible(hand_over),
        }
    }

    pub(super) fn looked(&mut self, hand_over: HandOver, found: Option<Versioned<SessionRecord>>) {
        if let (Some(member), Some(found)) = (&hand_over.to, found) {
            self.observer.see_session(member, &found, self.now.instant);
        }
        self.hand_over_if_possible(hand_over);
    }

    fn hand_over_if_possible(&mut self, hand_over: HandOver) {
        if self.observer.successor(&hand_over.group, hand_over.to.as_ref()).is_some() {
            self.hand_over(hand_over);
        } else {
            self.refuse_for_want_of_a_member(hand_over);
        }
    }

    fn refuse_for_want_of_a_member(&mut self, hand_over: HandOver) {
        if let Some(ticket) = hand_over.answer {
            self.effects.answer(ticket, Answer::Refused(Refusal::NoMember(hand_over.to)));
        }
    }

    /// Begins a hand-over, now or when others have ended.
    pub(super) fn hand_over(&mut self, hand_over: HandOver) {
        *self.passing.entry(hand_over.group.clone()).or_default() += 1;
        self.to_drain.push_back(hand_over);
        self.drain_next();
    }

    fn drain_next(&mut self) {
        while self.draining < HAND_OVERS
            && let Some(hand_over) = self.to_drain.pop_front()
        {
            self.draining += 1;
            let (group, term) = (hand_over.group.clone(), hand_over.term);
            let id = self.begin(Op::Drain(hand_over));
            self.effects.push(Effect::Drain(id, group, term));
        }
    }

    /// The calls of a group have ended, or it was not held.
    pub(super) fn drained(&mut self, hand_over: HandOver, held: bool) {
        if !held {
            self.passed(&hand_over.group);
            return self.refuse_as_not_owner(hand_over);
        }
        let HandOver { group, term, to, answer, .. } = &hand_over;
        let successor = self.observer.successor(group, to.as_ref());
        if successor.is_none() && answer.is_some() {
            // Whoever was to take it has gone meanwhile. The group stays, unless another hand-over of it is
            // under way: what that one has written may still be applied.
            let (group, term) = (group.clone(), *term);
            if self.passed(&group) == 0 {
                self.effects.guard(GuardChange::Stay(group, term));
            }
            return self.refuse_for_want_of_a_member(hand_over);
        }
        self.transfer(hand_over, successor);
    }

    /// A hand-over of the group has ended; answers how many go on.
    fn passed(&mut self, group: &GroupName) -> usize {
        self.draining -= 1;
        self.drain_next();
        let left = self.passing.get(group).map_or(0, |passing| passing.saturating_sub(1));
        if left == 0 {
            self.passing.remove(group);
        } else {
            self.passing.insert(group.clone(), left);
        }
        left
    }

    pub(super) fn transferred(&mut self, hand_over: HandOver, ending: Ending) {
        self.passed(&hand_over.group);
        let (group, term) = (&hand_over.group, hand_over.term);
        match ending {
            Ending::Done(found) => {
                let successor = found.record.as_ref().and_then(owner);
                tracing::info!(
                    %group, %term, reason = hand_over.reason,
                    to = successor.as_ref().map(|owner| owner.instance.as_str()), "gave the group up"
                );
                self.effects.guard(GuardChange::Hear(group.clone(), successor.clone()));
                self.release(group, term);
                let resigned = Record::Resigned { term, reason: hand_over.reason.clone() };
                self.effects.push(Effect::Record(group.clone(), resigned));
                self.observer.see_owner(group, found, self.now.instant);
                if let Some(ticket) = hand_over.answer {
                    self.effects.answer(ticket, successor.ok_or(Refusal::NoMember(None)));
                }
            }
            Ending::Lost(found) => {
                self.release(group, term);
                match (found, hand_over.answer) {
                    (Some(found), _) => {
                        self.see_owner(group, found);
                        self.refuse_as_not_owner(hand_over);
                    }
                    (None, Some(ticket)) => {
                        self.effects.answer(ticket, Answer::Refused(Refusal::Unclear));
                    }
                    (None, None) => {}
                }
            }
        }
    }
}
