//! Each property on histories made by hand: one that keeps it, one that breaks it.

use aegis_chaos::checker::{Property, check};
use aegis_chaos::history::{Effect, History, Invocation, Method, Outcome, Progress, Tenure};

const G: &str = "G-1";

fn effect(sequence: u64, instance: &str, term: u64, request: &str) -> Effect {
    Effect { sequence, group: G.into(), instance: instance.into(), term, request: request.into() }
}

fn tenure(term: u64, instance: &str) -> Tenure {
    Tenure { group: G.into(), term, instance: instance.into() }
}

fn call(request: &str, (begun, ended): (u64, u64), outcome: Outcome) -> Invocation {
    let method = if request.starts_with('r') { Method::Read } else { Method::Append };
    Invocation { request: request.into(), group: G.into(), method, idempotent: true, begun, ended, outcome }
}

fn answered(term: u64) -> Outcome {
    let instance = if term == 1 { "a" } else { "b" };
    Outcome::Answered { term, instance: instance.into() }
}

/// Two owners, one after the other; every property holds.
fn good() -> History {
    History {
        invocations: vec![
            call("w1", (0, 10), answered(1)),
            call("r1", (5, 12), answered(1)),
            // Begun under the first owner, answered late: not stale.
            call("r2", (11, 90), answered(1)),
            call("w2", (20, 40), answered(2)),
            call("w3", (25, 60), Outcome::NotDone { code: "NO_RESPONDERS".into() }),
            call("w4", (30, 60), Outcome::Unknown),
            call("w5", (30, 70), Outcome::Failed { code: "HANDLER_FAILED".into() }),
            call("r3", (41, 50), answered(2)),
        ],
        effects: vec![effect(1, "a", 1, "w1"), effect(2, "a", 1, "w4"), effect(4, "b", 2, "w2")],
        log: vec![tenure(1, "a"), tenure(2, "b")],
        progress: vec![Progress { group: G.into(), answered_ms: Some(30) }],
        panics: vec![],
        unverified: vec![],
    }
}

fn fallen(history: &History) -> Vec<Property> {
    check(history).into_iter().map(|violation| violation.property).collect()
}

fn broken(break_it: impl FnOnce(&mut History)) -> Vec<Property> {
    let mut history = good();
    break_it(&mut history);
    fallen(&history)
}

#[test]
fn a_failover_with_a_late_answer_a_lost_one_and_a_refusal_is_in_order() {
    assert_eq!(fallen(&good()), []);
    assert_eq!(fallen(&History::default()), []);
}

#[test]
fn two_owners_of_one_term_are_noticed() {
    let both = broken(|history| history.effects.push(effect(5, "a", 2, "w6")));
    assert_eq!(both, [Property::OneOwnerPerTerm, Property::EveryTermLogged]);
    let answer = Outcome::Answered { term: 2, instance: "c".into() };
    let answers = broken(|history| history.invocations.push(call("r9", (50, 60), answer)));
    assert_eq!(answers, [Property::OneOwnerPerTerm]);
}

#[test]
fn a_late_write_of_an_older_term_is_noticed() {
    assert_eq!(broken(|history| history.effects.push(effect(5, "a", 1, "w6"))), [Property::TermsOnlyGrow]);
    // What matters is the order of the sink, and each group has its own.
    let other = broken(|history| {
        history.effects.push(Effect { group: "G-2".into(), ..effect(5, "a", 1, "w6") });
        history.log.push(Tenure { group: "G-2".into(), ..tenure(1, "a") });
    });
    assert_eq!(other, []);
}

#[test]
fn an_effect_whose_term_the_log_lacks_or_gives_to_another_is_noticed() {
    assert_eq!(broken(|history| history.effects.push(effect(5, "c", 3, "w6"))), [Property::EveryTermLogged]);
    assert_eq!(broken(|history| history.log[1].instance = "c".into()), [Property::EveryTermLogged]);
}

#[test]
fn a_term_that_the_log_has_twice_or_out_of_order_or_not_is_noticed() {
    assert_eq!(broken(|history| history.log.push(tenure(2, "b"))), [Property::EveryTermLogged]);
    assert_eq!(broken(|history| history.log.swap(0, 1)), [Property::EveryTermLogged]);
    assert_eq!(broken(|history| history.log.push(tenure(4, "b"))), [Property::EveryTermLogged]);
}

#[test]
fn an_acknowledged_append_that_is_not_there_is_noticed() {
    assert_eq!(broken(|history| drop(history.effects.remove(0))), [Property::NothingLost]);
    // A read has no effect.
    assert_eq!(broken(|history| history.invocations.push(call("r9", (95, 96), answered(2)))), []);
}

#[test]
fn an_effect_that_is_there_twice_is_noticed_whatever_the_caller_was_told() {
    for request in ["w2", "w4"] {
        let twice = broken(|history| history.effects.push(effect(5, "b", 2, request)));
        assert_eq!(twice, [Property::NothingTwice], "{request}");
    }
}

#[test]
fn an_effect_of_what_was_reported_as_not_done_is_noticed() {
    assert_eq!(broken(|history| history.effects.push(effect(5, "b", 2, "w3"))), [Property::NotDoneMeansNot]);
    assert_eq!(broken(|history| history.effects.push(effect(5, "b", 2, "w5"))), [], "nothing was promised");
}

#[test]
fn an_older_term_after_a_newer_one_is_noticed_also_on_a_read() {
    // It begins after w2 has ended under term 2.
    let stale = broken(|history| history.invocations.push(call("r9", (41, 80), answered(1))));
    assert_eq!(stale, [Property::NoStaleAnswer]);
    for (begun, why) in [(40, "at the very moment"), (39, "before it")] {
        let side_by_side = broken(|history| history.invocations.push(call("r9", (begun, 80), answered(1))));
        assert_eq!(side_by_side, [], "{why}");
    }
}

#[test]
fn a_group_that_does_not_come_back_and_a_member_that_panics_are_noticed() {
    assert_eq!(broken(|history| history.progress[0].answered_ms = None), [Property::Progress]);
    assert_eq!(broken(|history| history.panics.push("panicked at".into())), [Property::NoPanic]);
    assert_eq!(broken(|history| history.unverified.push("a gap".into())), [Property::LogVerifies]);
}

#[test]
fn a_breach_comes_with_its_records() {
    let mut history = good();
    history.effects.push(effect(5, "b", 2, "w2"));
    let found = check(&history);
    let [first, second] = &found[0].records[..] else { panic!("{found:?}") };
    assert!(first.contains("sequence: 4") && second.contains("sequence: 5"), "{found:?}");
}

#[test]
fn a_history_is_kept_whole() {
    let text = serde_json::to_string(&good()).unwrap();
    let read: History = serde_json::from_str(&text).unwrap();
    assert_eq!(read.invocations, good().invocations);
    assert_eq!((read.effects, read.log), (good().effects, good().log));
}
