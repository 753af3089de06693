//! The record of who led a group: every term once, in order, whatever the log had missed.

use aegis_domain::Term;
use aegis_domain::aggregate::Leadership;
use aegis_domain::aggregate::leadership::{Command, ElectionReason, LeadershipEvent, Rejection, Tenure};
use aegis_domain::scenario::Scenario;

use crate::sample::{instance, session};

fn given(events: &[LeadershipEvent]) -> Scenario<Leadership> {
    Scenario::given(events)
}

fn tenure(term: u64, who: &str) -> Tenure {
    let reason = if term == 1 { ElectionReason::First } else { ElectionReason::OwnerLost };
    let session = session(u128::from(term));
    Tenure { term: Term(term), instance: instance(who), session, reason, resignation: None }
}

/// The term that begins when the owner before it has given the group up.
fn succession(term: u64, who: &str) -> Tenure {
    let resignation = Some("drain".into());
    Tenure { reason: ElectionReason::OwnerResigned, resignation, ..tenure(term, who) }
}

fn elect(term: u64, who: &str, predecessors: &[Tenure]) -> Command {
    Command::Elect { tenure: tenure(term, who), predecessors: predecessors.to_vec(), vacancy_ms: Some(term) }
}

fn elected(term: u64, who: &str, previous: Option<&str>, vacancy_ms: Option<u64>) -> LeadershipEvent {
    let Tenure { term, instance: owner, session, reason, .. } = tenure(term, who);
    LeadershipEvent::LeaderElected {
        term,
        instance: owner,
        session,
        previous: previous.map(instance),
        reason,
        vacancy_ms,
    }
}

fn lost(term: u64, who: &str) -> LeadershipEvent {
    LeadershipEvent::LeaderLost { term: Term(term), instance: instance(who) }
}

fn resigned(term: u64, who: &str) -> LeadershipEvent {
    LeadershipEvent::LeaderResigned { term: Term(term), instance: instance(who), reason: "drain".into() }
}

fn resign(term: u64) -> Command {
    Command::Resign { term: Term(term), reason: "drain".into() }
}

fn step_down() -> Command {
    Command::RequestStepDown { to: Some(instance("b")), reason: "rebalance".into() }
}

fn stale(term: u64, current: u64) -> Rejection {
    Rejection::StaleTerm { term: Term(term), current: Term(current) }
}

fn led_by_a() -> Vec<LeadershipEvent> {
    vec![elected(1, "a", None, Some(1))]
}

#[test]
fn the_first_owner_has_no_predecessor() {
    given(&[]).when(elect(1, "a", &[])).then(&led_by_a());
}

#[test]
fn an_owner_that_never_said_goodbye_is_recorded_as_lost_before_its_successor() {
    given(&led_by_a()).when(elect(2, "b", &[])).then(&[lost(1, "a"), elected(2, "b", Some("a"), Some(2))]);
}

#[test]
fn after_a_resignation_no_owner_is_recorded_as_lost() {
    let past = [led_by_a(), vec![resigned(1, "a")]].concat();
    given(&past).when(elect(2, "b", &[])).then(&[elected(2, "b", Some("a"), Some(2))]);
}

/// The owner and its successor both write after a hand-over, in either order.
#[test]
fn a_hand_over_is_recorded_the_same_by_each_writer() {
    let second = Command::Elect { tenure: succession(2, "b"), predecessors: vec![], vacancy_ms: None };
    let elected = LeadershipEvent::LeaderElected {
        term: Term(2),
        instance: instance("b"),
        session: session(2),
        previous: Some(instance("a")),
        reason: ElectionReason::OwnerResigned,
        vacancy_ms: None,
    };
    let both = [resigned(1, "a"), elected];
    given(&led_by_a()).when(second.clone()).then(&both);
    given(&[led_by_a(), both.to_vec()].concat()).when(resign(1)).then_rejected(&stale(1, 2));
    given(&[led_by_a(), both[..1].to_vec()].concat()).when(second).then(&both[1..]);
}

#[test]
fn a_resignation_is_never_that_of_an_earlier_term() {
    let third = Command::Elect { tenure: succession(3, "c"), predecessors: vec![], vacancy_ms: None };
    let recorded = given(&led_by_a()).when(third);
    let elected = LeadershipEvent::LeaderElected {
        term: Term(3),
        instance: instance("c"),
        session: session(3),
        previous: Some(instance("a")),
        reason: ElectionReason::OwnerResigned,
        vacancy_ms: None,
    };
    recorded.then(&[lost(1, "a"), elected]);
}

#[test]
fn an_owner_without_a_successor_is_recorded_as_lost_once() {
    let lose = |term| Command::Lose { term: Term(term) };
    given(&led_by_a()).when(lose(1)).then(&[lost(1, "a")]);
    given(&[led_by_a(), vec![lost(1, "a")]].concat()).when(lose(1)).then(&[]);
    given(&[led_by_a(), vec![resigned(1, "a")]].concat()).when(lose(1)).then(&[]);
    given(&led_by_a()).when(lose(2)).then_rejected(&stale(2, 1));
}

#[test]
fn a_term_that_stands_is_recorded_once() {
    given(&led_by_a()).when(elect(1, "a", &[])).then(&[]);
    let past = [led_by_a(), vec![resigned(1, "a")]].concat();
    given(&past).when(elect(1, "a", &[])).then(&[]);
}

#[test]
fn one_term_has_one_owner() {
    given(&led_by_a()).when(elect(1, "b", &[])).then_rejected(&stale(1, 1));
}

#[test]
fn a_late_claimer_is_told_which_term_stands() {
    let past = [led_by_a(), vec![lost(1, "a"), elected(2, "b", Some("a"), None)]].concat();
    given(&past).when(elect(1, "a", &[])).then_rejected(&stale(1, 2));
    given(&[]).when(elect(0, "a", &[])).then_rejected(&stale(0, 0));
}

#[test]
fn terms_that_the_log_has_missed_are_recorded_before_the_new_one() {
    let missed = [tenure(1, "a"), tenure(2, "b"), tenure(3, "c")];
    given(&led_by_a()).when(elect(4, "d", &missed)).then(&[
        lost(1, "a"),
        elected(2, "b", Some("a"), None),
        lost(2, "b"),
        elected(3, "c", Some("b"), None),
        lost(3, "c"),
        elected(4, "d", Some("c"), Some(4)),
    ]);
}

#[test]
fn predecessors_in_any_order_and_number_are_recorded_once_and_in_order() {
    let told = [tenure(3, "c"), tenure(2, "b"), tenure(3, "c"), tenure(9, "z")];
    given(&led_by_a()).when(elect(4, "d", &told)).then(&[
        lost(1, "a"),
        elected(2, "b", Some("a"), None),
        lost(2, "b"),
        elected(3, "c", Some("b"), None),
        lost(3, "c"),
        elected(4, "d", Some("c"), Some(4)),
    ]);
}

#[test]
fn a_gap_of_unknown_terms_does_not_stop_an_election() {
    given(&led_by_a()).when(elect(9, "b", &[])).then(&[lost(1, "a"), elected(9, "b", Some("a"), Some(9))]);
}

#[test]
fn an_owner_may_follow_itself_in_a_new_session() {
    given(&led_by_a()).when(elect(2, "a", &[])).then(&[lost(1, "a"), elected(2, "a", Some("a"), Some(2))]);
}

#[test]
fn the_owner_resigns_once() {
    given(&led_by_a()).when(resign(1)).then(&[resigned(1, "a")]);
    given(&[led_by_a(), vec![resigned(1, "a")]].concat()).when(resign(1)).then(&[]);
}

#[test]
fn a_resignation_from_another_term_is_refused() {
    for term in [0, 2] {
        given(&led_by_a()).when(resign(term)).then_rejected(&stale(term, 1));
    }
}

#[test]
fn a_step_down_is_asked_of_the_owner_only() {
    let asked = LeadershipEvent::StepDownRequested {
        term: Term(1),
        to: Some(instance("b")),
        reason: "rebalance".into(),
    };
    given(&led_by_a()).when(step_down()).then(&[asked]);
    given(&[]).when(step_down()).then_rejected(&Rejection::Vacant);
    given(&[led_by_a(), vec![resigned(1, "a")]].concat()).when(step_down()).then_rejected(&Rejection::Vacant);
    given(&[led_by_a(), vec![lost(1, "a")]].concat()).when(step_down()).then_rejected(&Rejection::Vacant);
}
