//! Requests to a member: resign, take groups, step down, activate.

use super::Election;
use super::effect::GuardChange;
use super::hand_over::HandOver;
use super::input::{Answer, Ask, Ticket};

/// A member that hands everything over.
#[derive(Debug)]
pub(super) struct Leaving {
    pub(super) reason: String,
    /// Those who wait for the end of it.
    waiting: Vec<Ticket>,
    /// Whether it stops: then it never takes groups again.
    for_good: bool,
}

impl Election {
    pub(super) fn ask(&mut self, ask: Ask) {
        match ask {
            Ask::Resign { reason, done } => self.resign(&reason, done),
            Ask::TakeGroups => {
                // A member that stops for good stays ineligible.
                if self.leaving.as_ref().is_none_or(|leaving| !leaving.for_good) {
                    self.leaving = None;
                    self.set_eligible(true);
                }
            }
            Ask::StepDown { group, to, reason, answer } => self.step_down(group, to, reason, answer),
            Ask::Activate { group, answer } => self.activate(group, answer),
        }
    }

    fn resign(&mut self, reason: &str, done: Option<Ticket>) {
        self.set_eligible(false);
        let before = self.leaving.take();
        let for_good = done.is_some() || before.as_ref().is_some_and(|before| before.for_good);
        let waiting = before.map(|before| before.waiting).unwrap_or_default();
        let waiting = waiting.into_iter().chain(done).collect();
        self.leaving = Some(Leaving { reason: reason.to_owned(), waiting, for_good });
        for (group, term) in self.held.clone() {
            self.hand_over(HandOver::resignation(group, term, reason));
        }
    }

    fn set_eligible(&mut self, eligible: bool) {
        self.eligible = eligible;
        self.effects.guard(GuardChange::Eligible(eligible));
    }

    /// Answers those who wait for it, once no group is held any more.
    pub(super) fn look_whether_left(&mut self) {
        if let Some(leaving) = &mut self.leaving
            && self.claiming.is_empty()
            && self.held.is_empty()
        {
            for ticket in leaving.waiting.drain(..) {
                self.effects.answer(ticket, Answer::Left);
            }
        }
    }
}
