//! Decisions on the installation: what any number of observers see is recorded once.

use aegis_domain::aggregate::Installation;
use aegis_domain::aggregate::installation::{Command, InstallationEvent};
use aegis_domain::scenario::Scenario;

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
    given(&[entered(7)]).when(Command::LeaveSelfPreservation).then(&[left.clone()]);
    given(&[entered(7), left.clone()]).when(Command::LeaveSelfPreservation).then(&[]);
    given(&[entered(7), left]).when(enter(5)).then(&[entered(5)]);
}

#[test]
fn what_was_never_entered_is_not_left() {
    given(&[]).when(Command::LeaveSelfPreservation).then(&[]);
}
