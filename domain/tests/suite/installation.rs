//! Decisions on the installation: what any number of observers see is recorded once.

use aegis_domain::aggregate::Installation;
use aegis_domain::aggregate::installation::{
    Command, ConsumerDeletion, InstallationEvent, Letter, Rejection,
};
use aegis_domain::aggregate::plan::{
    MAINTENANCE_MAX, Maintenance, MaintenanceEnd, PLANS_MAX, PlanCommand, PlanRejection, Scope, Switchover,
    SwitchoverBegin, SwitchoverEnd,
};
use aegis_domain::scenario::Scenario;
use aegis_domain::text::{REASON_MAX, check_reason};
use aegis_domain::{Aggregate as _, GroupName, ServiceName};
use chrono::{DateTime, Utc};

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
fn a_dead_letter_is_decided_on_once_by_the_first() {
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

fn place() -> (ServiceName, GroupName) {
    (ServiceName::new("desk").unwrap(), GroupName::new("ACC-1").unwrap())
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

fn maintenance(until: i64) -> Maintenance {
    let (service, group) = place();
    Maintenance {
        scope: Scope { service, group: Some(group) },
        until: at(until),
        reason: "new switch".into(),
    }
}

fn switchover(second: i64) -> Switchover {
    let (service, group) = place();
    Switchover { service, group, to: None, at: at(second), reason: "new switch".into() }
}

#[test]
fn a_maintenance_begins_ahead_of_its_end_and_ends_once() {
    let begin = |until| {
        Command::Plan(PlanCommand::BeginMaintenance { maintenance: maintenance(until), now: at(100) })
    };
    let begun = |until| InstallationEvent::MaintenanceBegun(maintenance(until));
    let late = Rejection::Plan(PlanRejection::Time { field: "until", days: 7 });
    given(&[]).when(begin(101)).then(&[begun(101)]);
    for until in [99, 100, 101 + MAINTENANCE_MAX.num_seconds()] {
        given(&[]).when(begin(until)).then_rejected(&late);
    }
    given(&[begun(101)]).when(begin(500)).then(&[begun(500)]);
    let scope = maintenance(101).scope;
    let end = |scope: &Scope| {
        Command::Plan(PlanCommand::EndMaintenance { scope: scope.clone(), reason: "done".to_owned() })
    };
    let ended = |reason: Option<&str>| {
        let end = MaintenanceEnd { scope: scope.clone(), reason: reason.map(str::to_owned) };
        InstallationEvent::MaintenanceEnded(end)
    };
    given(&[begun(101)]).when(end(&scope)).then(&[ended(Some("done"))]);
    let none = Rejection::Plan(PlanRejection::NotPlanned);
    given(&[begun(101), ended(Some("done"))]).when(end(&scope)).then_rejected(&none);
    // The service as a whole is another matter.
    given(&[begun(101)]).when(end(&Scope { group: None, ..scope.clone() })).then_rejected(&none);
    let expire = |now| Command::Plan(PlanCommand::ExpireMaintenance { scope: scope.clone(), now: at(now) });
    given(&[begun(101)]).when(expire(100)).then(&[]);
    given(&[begun(101)]).when(expire(101)).then(&[ended(None)]);
    // Whoever is behind the log may believe so; it was given another end.
    given(&[begun(101), begun(500)]).when(expire(101)).then(&[]);
    given(&[begun(101), ended(None)]).when(expire(101)).then(&[]);
}

#[test]
fn a_switchover_is_taken_on_once_when_it_is_due_and_again_when_its_replica_has_died() {
    let scheduled = InstallationEvent::SwitchoverScheduled(switchover(200));
    let begin = |planned: i64, now: i64| {
        Command::Plan(PlanCommand::BeginSwitchover { switchover: switchover(planned), now: at(now) })
    };
    let begun = |second| {
        let (service, group) = place();
        InstallationEvent::SwitchoverBegun(SwitchoverBegin { service, group, at: at(second) })
    };
    given(std::slice::from_ref(&scheduled)).when(begin(200, 199)).then(&[]);
    given(std::slice::from_ref(&scheduled)).when(begin(200, 200)).then(&[begun(200)]);
    // It was planned anew meanwhile.
    given(std::slice::from_ref(&scheduled)).when(begin(150, 200)).then(&[]);
    given(&[scheduled.clone(), begun(200)]).when(begin(200, 260)).then(&[]);
    given(&[scheduled.clone(), begun(200)]).when(begin(200, 261)).then(&[begun(261)]);
    let end = |failure: Option<String>| {
        let (service, group) = place();
        Command::Plan(PlanCommand::EndSwitchover { service, group, failure })
    };
    let not_planned = Rejection::Plan(PlanRejection::NotPlanned);
    given(std::slice::from_ref(&scheduled)).when(end(None)).then_rejected(&not_planned);
    let (service, group) = place();
    let ended = InstallationEvent::SwitchoverEnded(SwitchoverEnd { service, group, failure: None });
    given(&[scheduled.clone(), begun(200)]).when(end(None)).then(std::slice::from_ref(&ended));
    given(&[scheduled, begun(200), ended]).when(begin(200, 300)).then(&[]);
}

#[test]
fn plans_are_bounded_and_in_order() {
    let group = |n: usize| GroupName::new(format!("g-{n}")).unwrap();
    let planned =
        |n| InstallationEvent::SwitchoverScheduled(Switchover { group: group(n), ..switchover(200) });
    let all: Vec<_> = (0..PLANS_MAX).rev().map(planned).collect();
    let schedule = |n| {
        let switchover = Switchover { group: group(n), ..switchover(200) };
        Command::Plan(PlanCommand::ScheduleSwitchover { switchover, now: at(0) })
    };
    given(&all).when(schedule(PLANS_MAX)).then_rejected(&Rejection::Plan(PlanRejection::TooMany));
    given(&all).when(schedule(7)).then(&[planned(7)]);
    let state = Installation::replay(&all);
    assert!(state.plans.switchovers.is_sorted_by_key(|it| it.switchover.group.clone()));
}

#[test]
fn a_consumer_is_deleted_for_a_reason_and_leaves_everything_else_as_it_was() {
    let deletion = |reason: &str| ConsumerDeletion {
        stream: "EVENTS".into(),
        consumer: "booking-trades".into(),
        pending: 7,
        unacknowledged: 1,
        had_reader: false,
        reason: reason.into(),
    };
    let deleted = InstallationEvent::ConsumerDeleted(deletion("gone"));
    given(&[]).when(Command::DeleteConsumer(deletion("gone"))).then(std::slice::from_ref(&deleted));
    // The name may be given to another consumer later.
    given(std::slice::from_ref(&deleted))
        .when(Command::DeleteConsumer(deletion("gone")))
        .then(std::slice::from_ref(&deleted));
    let refused = Rejection::Reason(check_reason(" ").unwrap_err());
    given(&[]).when(Command::DeleteConsumer(deletion(" "))).then_rejected(&refused);
}
