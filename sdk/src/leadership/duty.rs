//! What an elector does beside the election: hand-overs, activations, leaving.

use std::time::Instant;

use aegis_domain::wire::control::Owner;
use aegis_domain::{GroupName, InstanceName, Term};
use futures_util::FutureExt as _;
use tokio::sync::oneshot;

use super::activation::Found;
use super::claiming::Claimed;
use super::election::Election;
use super::handover::{Drained, Ending, HandOver};
use super::request::{Answer, Refusal, Request, owner};
use super::store::{Holder, LeaseStore, SessionRecord, Versioned};

/// A member that hands everything over.
#[derive(Debug)]
pub(super) struct Leaving {
    pub(super) reason: String,
    /// Those who wait for the end of it.
    waiting: Vec<oneshot::Sender<()>>,
    /// Whether it stops: then it never stands again.
    for_good: bool,
}

/// What a task has come to.
#[derive(Debug)]
pub(super) enum Done {
    /// The calls of a group have ended, or it was not held.
    Drained(Result<Drained, HandOver>),
    /// The session of the member that is to have a group was looked at.
    Looked(HandOver, Option<Versioned<SessionRecord>>),
    /// A hand-over has ended.
    Transferred(Drained, Ending),
    /// Members that started together have found each other.
    Settled(GroupName),
    /// A group that is not taken here was given up.
    Disowned,
    /// A claim has ended.
    Claimed(Claimed),
    /// An activation has ended.
    Activated(GroupName, Found, Result<Owner, Refusal>),
}

impl<S: LeaseStore> Election<'_, S> {
    /// Begins to do what is asked.
    pub(super) fn take(&mut self, request: Request) {
        match request {
            Request::Resign { reason, done } => {
                self.elector.guard.stand(false);
                let before = self.leaving.take();
                let for_good = done.is_some() || before.as_ref().is_some_and(|before| before.for_good);
                let waiting = before.map(|before| before.waiting).unwrap_or_default();
                let waiting = waiting.into_iter().chain(done).collect();
                self.leaving = Some(Leaving { reason: reason.clone(), waiting, for_good });
                for (group, term) in self.elector.guard.groups() {
                    self.hand_over(HandOver::resignation(group, term, &reason));
                }
                self.look_whether_left();
            }
            Request::Stand => {
                // Whoever stops for good has the last word.
                if self.leaving.as_ref().is_none_or(|leaving| !leaving.for_good) {
                    self.leaving = None;
                    self.elector.guard.stand(true);
                }
            }
            Request::StepDown { group, to, reason, answer } => self.step_down(group, to, reason, answer),
            Request::Activate { group, answer } => self.activate(group, answer),
        }
    }

    /// Goes on from where a task has ended. A claim comes back, to be dealt with together with others.
    pub(super) fn proceed(&mut self, done: Done) -> Option<Claimed> {
        match done {
            Done::Drained(Ok(drained)) => self.transfer(drained),
            Done::Drained(Err(hand_over)) => {
                self.passed(&hand_over.group);
                self.was_not_held(hand_over);
            }
            Done::Transferred(Drained { hand_over, slot }, ending) => {
                drop(slot);
                self.transferred(hand_over, ending);
            }
            Done::Looked(hand_over, found) => {
                if let (Some(member), Some(found)) = (&hand_over.to, found) {
                    self.observer.see_session(member, &found, Instant::now());
                }
                self.hand_over_if_possible(hand_over);
            }
            Done::Disowned => {}
            Done::Claimed(claim) => return Some(claim),
            Done::Settled(group) => self.begin_activation(group),
            Done::Activated(group, found, answer) => self.activated(&group, found, &answer),
        }
        self.look_whether_left();
        None
    }

    /// Begins a hand-over.
    pub(super) fn hand_over(&mut self, hand_over: HandOver) {
        *self.passing.entry(hand_over.group.clone()).or_default() += 1;
        let drained = self.elector.drain(hand_over, self.slots.clone());
        self.tasks.push(drained.map(Done::Drained).boxed_local());
    }

    fn step_down(&mut self, group: GroupName, to: Option<InstanceName>, reason: String, answer: Answer) {
        let Some(term) = self.elector.guard.held_term(&group) else {
            return reply(answer, Err(Refusal::NotOwner(self.elector.guard.owner_of(&group))));
        };
        let hand_over = HandOver { group, term, to, reason, answer: Some(answer) };
        match &hand_over.to {
            // It may have begun a moment ago, and the watch be late with it.
            Some(member) if self.observer.successor(&hand_over.group, Some(member)).is_none() => {
                let (elector, member) = (self.elector, member.clone());
                let look = async move { Done::Looked(hand_over, elector.look(&member).await) };
                self.tasks.push(look.boxed_local());
            }
            Some(_) | None => self.hand_over_if_possible(hand_over),
        }
    }

    fn hand_over_if_possible(&mut self, hand_over: HandOver) {
        if self.observer.successor(&hand_over.group, hand_over.to.as_ref()).is_some() {
            self.hand_over(hand_over);
        } else {
            let to = hand_over.to.clone();
            hand_over.reply(Err(Refusal::NoMember(to)));
        }
    }

    fn transfer(&mut self, drained: Drained) {
        let HandOver { group, term, to, answer, .. } = &drained.hand_over;
        let holder = self.observer.successor(group, to.as_ref());
        if holder.is_none() && answer.is_some() {
            // Whoever was to take it has gone meanwhile. The group stays, unless another hand-over of it is
            // under way: what that one has written may still be applied.
            let (group, term, to) = (group.clone(), *term, to.clone());
            if self.passed(&group) == 0 {
                self.elector.guard.stay(&group, term);
            }
            return drained.hand_over.reply(Err(Refusal::NoMember(to)));
        }
        let known = self.observer.owner(group);
        let elector = self.elector;
        let transfer = async move {
            let ending = elector.transfer(&drained.hand_over, holder.as_ref(), known).await;
            Done::Transferred(drained, ending)
        };
        self.tasks.push(transfer.boxed_local());
    }

    /// A hand-over of the group has ended; answers how many go on.
    fn passed(&mut self, group: &GroupName) -> usize {
        let left = self.passing.get(group).map_or(0, |passing| passing.saturating_sub(1));
        if left == 0 {
            self.passing.remove(group);
        } else {
            self.passing.insert(group.clone(), left);
        }
        left
    }

    fn transferred(&mut self, hand_over: HandOver, ending: Ending) {
        self.passed(&hand_over.group);
        let (group, guard) = (&hand_over.group, &self.elector.guard);
        match ending {
            Ending::Done(found) => {
                let successor = found.record.as_ref().and_then(owner);
                tracing::info!(
                    %group, term = %hand_over.term, reason = hand_over.reason,
                    to = successor.as_ref().map(|owner| owner.instance.as_str()), "gave the group up"
                );
                guard.hear(group, successor.clone());
                guard.release(group, hand_over.term);
                self.elector.audit.resigned(group, hand_over.term, hand_over.reason.clone());
                self.observer.see_owner(group, found, Instant::now());
                hand_over.reply(successor.ok_or(Refusal::NoMember(None)));
            }
            Ending::Lost(found) => {
                guard.release(group, hand_over.term);
                let Some(found) = found else { return hand_over.reply(Err(Refusal::Unclear)) };
                self.see_owner(&hand_over.group, found);
                self.was_not_held(hand_over);
            }
        }
    }

    fn was_not_held(&self, hand_over: HandOver) {
        let owner = self.elector.guard.owner_of(&hand_over.group);
        hand_over.reply(Err(Refusal::NotOwner(owner)));
    }

    pub(super) fn look_whether_left(&mut self) {
        if let Some(leaving) = &mut self.leaving
            && self.claiming.is_empty()
            && self.elector.guard.holds_nothing()
        {
            for done in leaving.waiting.drain(..) {
                // Whoever asked may have stopped waiting; the groups are given up all the same.
                let _gone = done.send(());
            }
        }
    }

    fn activate(&mut self, group: GroupName, answer: Answer) {
        if !self.observer.takes(&group) {
            return reply(answer, Err(Refusal::NotServed));
        }
        let known = self.observer.owner(&group);
        if self.observer.is_owned(&group)
            && let Some(owner) = known.as_ref().and_then(|known| owner(known.record.as_ref()?))
        {
            return reply(answer, Ok(owner));
        }
        if let Some(waiting) = self.activating.get_mut(&group) {
            return waiting.push(answer);
        }
        if known.is_none() {
            if self.observer.count() + self.coming.len() >= self.elector.max_groups {
                return reply(answer, Err(Refusal::TooMany));
            }
            self.coming.insert(group.clone());
        }
        self.activating.insert(group.clone(), vec![answer]);
        let settled = tokio::time::sleep_until(self.settled.into());
        self.tasks.push(settled.map(|()| Done::Settled(group)).boxed_local());
    }

    fn begin_activation(&mut self, group: GroupName) {
        let me = self.candidacy();
        let me = me.map(|session| Holder { instance: self.elector.me.clone(), session });
        let other = self.observer.successor(&group, None);
        let holder = match (me, other) {
            (Some(_), Some(other)) if !self.observer.precedes(&group, &other.instance) => other,
            (Some(me), _) => me,
            (None, Some(other)) => other,
            (None, None) => {
                return self.activated(&group, Found::default(), &Err(Refusal::NoMember(None)));
            }
        };
        let elector = self.elector;
        let activation = async move {
            let (found, answer) = elector.activate(&group, holder).await;
            Done::Activated(group, found, answer)
        };
        self.tasks.push(activation.boxed_local());
    }

    fn activated(&mut self, group: &GroupName, found: Found, answer: &Result<Owner, Refusal>) {
        if let Some((instance, session)) = found.session {
            self.observer.see_session(&instance, &session, Instant::now());
        }
        if let Some(found) = found.owner {
            self.see_owner(group, found);
        }
        self.coming.remove(group);
        for waiting in self.activating.remove(group).unwrap_or_default() {
            reply(waiting, answer.clone());
        }
    }
}

impl HandOver {
    /// Gives a group up, whether or not anybody is there to take it.
    pub(super) fn resignation(group: GroupName, term: Term, reason: &str) -> Self {
        Self { group, term, to: None, reason: reason.to_owned(), answer: None }
    }

    fn reply(self, answer: Result<Owner, Refusal>) {
        if let Some(waiting) = self.answer {
            reply(waiting, answer);
        }
    }
}

fn reply(to: Answer, answer: Result<Owner, Refusal>) {
    // Whoever asked may have stopped waiting.
    let _gone = to.send(answer);
}
