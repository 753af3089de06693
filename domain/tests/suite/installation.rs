//! Decisions on the installation: what any number of observers see is recorded once.

use aegis_domain::aggregate::Installation;
use aegis_domain::aggregate::installation::{Command, InstallationEvent, Letter, Rejection};
use aegis_domain::scenario::Scenario;
use aegis_domain::text::{REASON_MAX, check_reason};
use chrono::DateTime;

fn given(events: &[InstallationEvent]) -> Scenario<Installation> {
    Scenario::given(events)
}

fn enter(silent: u32) -> Command {
    Command::EnterSelfPreservation { silent, alive: 9 }
}

fn entered(silent: u32) -> InstallationEvent {
    InstallationEvent::SelfPreservationEntered { silent, alive: 9 }
}

#[test]
fn the_first_to_see_the_silence_records_it() {
    given(&[]).when(enter(7)).then(&[entered(7)]);
}

#[test]
fn a_second_observer_adds_nothing_whatever_it_counts() {
    given(&[entered(7)]).when(enter(8)).then(&[]);
}

#[test]
fn the_end_of_the_silence_is_recorded_once_and_it_may_come_again() {
    let left = InstallationEvent::SelfPreservationLeft {};
    given(&[entered(7)]).when(Command::LeaveSelfPreservation).then(std::slice::from_ref(&left));
    given(&[entered(7), left.clone()]).when(Command::LeaveSelfPreservation).then(&[]);
    given(&[entered(7), left]).when(enter(5)).then(&[entered(5)]);
}

fn letter(reason: &str) -> Letter {
    Letter { sequence: 7, at: None, subject: "events.trade.booked".into(), reason: reason.into() }
}

#[test]
fn a_dead_letter_is_decided_on_once_by_whoever_comes_first() {
    let redriven = InstallationEvent::DeadLetterRedriven(letter("fixed"));
    let discarded = InstallationEvent::DeadLetterDiscarded(letter("a test"));
    given(&[]).when(Command::RedriveDeadLetter(letter("fixed"))).then(std::slice::from_ref(&redriven));
    given(&[]).when(Command::DiscardDeadLetter(letter("a test"))).then(std::slice::from_ref(&discarded));
    for before in [redriven, discarded] {
        for command in
            [Command::RedriveDeadLetter(letter("again")), Command::DiscardDeadLetter(letter("again"))]
        {
            let decided = Rejection::Decided { sequence: 7 };
            given(std::slice::from_ref(&before)).when(command).then_rejected(&decided);
        }
        let other = Letter { sequence: 8, ..letter("also") };
        let event = InstallationEvent::DeadLetterRedriven(other.clone());
        given(&[before]).when(Command::RedriveDeadLetter(other)).then(&[event]);
    }
}

#[test]
fn a_dead_letter_is_decided_on_with_a_reason() {
    for reason in ["", "  ", &"x".repeat(REASON_MAX + 1)] {
        given(&[])
            .when(Command::RedriveDeadLetter(letter(reason)))
            .then_rejected(&Rejection::Reason(check_reason(reason).unwrap_err()));
        given(&[])
            .when(Command::DiscardDeadLetter(letter(reason)))
            .then_rejected(&Rejection::Reason(check_reason(reason).unwrap_err()));
    }
}

#[test]
fn what_was_never_entered_is_not_left() {
    given(&[]).when(Command::LeaveSelfPreservation).then(&[]);
}

#[test]
fn a_decision_on_a_letter_is_none_on_another_one_at_its_position() {
    let at = |seconds| Letter { at: DateTime::from_timestamp(seconds, 0), ..letter("fixed") };
    let redriven = InstallationEvent::DeadLetterRedriven;
    let decided = Rejection::Decided { sequence: 7 };
    let before = [redriven(at(1))];
    given(&before).when(Command::RedriveDeadLetter(at(1))).then_rejected(&decided);
    given(&before).when(Command::DiscardDeadLetter(letter("fixed"))).then_rejected(&decided);
    given(&before).when(Command::RedriveDeadLetter(at(2))).then(&[redriven(at(2))]);
    given(&[redriven(letter("old"))]).when(Command::RedriveDeadLetter(at(2))).then_rejected(&decided);
}
