//! What may be recorded of an instance in each state of its life, and what is refused.

use std::collections::BTreeMap;

use aegis_domain::aggregate::Instance;
use aegis_domain::aggregate::instance::{
    Command, Configuration, InstanceEvent, Liveness, Registration, Rejection, Status,
};
use aegis_domain::scenario::Scenario;
use aegis_domain::{Aggregate as _, LifeId};

use crate::sample::{registration, time};

fn given(events: &[InstanceEvent]) -> Scenario<Instance> {
    Scenario::given(events)
}

fn registered() -> InstanceEvent {
    InstanceEvent::Registered(registration())
}

fn went(from: Status, to: Status) -> InstanceEvent {
    InstanceEvent::StatusChanged { from, to, reason: None }
}

fn go(to: Status) -> Command {
    Command::ChangeStatus { to, reason: None }
}

fn unhealthy() -> InstanceEvent {
    InstanceEvent::Unhealthy { last_beat: Some(time(0)), missed: 3, reason: None }
}

fn mark_unhealthy() -> Command {
    Command::MarkUnhealthy { last_beat: Some(time(0)), missed: 3, reason: None }
}

fn expired() -> InstanceEvent {
    InstanceEvent::Expired { last_beat: Some(time(0)) }
}

fn expire() -> Command {
    Command::Expire { last_beat: Some(time(0)) }
}

fn why() -> String {
    "maintenance".into()
}

fn running() -> Vec<InstanceEvent> {
    vec![registered(), went(Status::Starting, Status::Running)]
}

/// Every way in which there is no life: none yet, and each way one ends.
fn lifeless() -> Vec<Vec<InstanceEvent>> {
    let ended = |end| [running(), vec![end]].concat();
    vec![
        vec![],
        ended(went(Status::Running, Status::Stopped)),
        ended(went(Status::Running, Status::Failed)),
        ended(InstanceEvent::Deregistered { reason: why() }),
        ended(expired()),
    ]
}

#[test]
fn a_life_may_begin_at_any_time() {
    let mut pasts = lifeless();
    pasts.extend([running(), [running(), vec![unhealthy()]].concat()]);
    for past in pasts {
        given(&past).when(Command::Register(registration())).then(&[registered()]);
    }
}

#[test]
fn a_new_life_forgets_the_one_before() {
    let past = [
        running(),
        vec![reported(1), InstanceEvent::DrainRequested { reason: why() }, unhealthy(), expired()],
    ]
    .concat();
    let again = Registration { heartbeat_ms: 250, ..registration() };
    let events = [past, vec![InstanceEvent::Registered(again.clone())]].concat();
    assert_eq!(
        Instance::replay(&events),
        Instance { registration: Some(again), status: Status::Starting, ..Instance::default() }
    );
}

#[test]
fn nothing_is_asked_or_told_where_there_is_no_life() {
    for past in lifeless() {
        let commands = [
            go(Status::Running),
            Command::ReportConfiguration(1.into()),
            Command::RequestDrain { reason: why() },
        ];
        for command in commands {
            given(&past).when(command).then_rejected(&Rejection::NotRegistered);
        }
    }
}

#[test]
fn observers_and_a_second_end_find_nothing_left_to_record() {
    for past in lifeless() {
        for command in [mark_unhealthy(), Command::Recover, expire(), Command::Deregister { reason: why() }] {
            given(&past).when(command).then(&[]);
        }
    }
}

#[test]
fn a_life_goes_forward_and_to_failed_from_anywhere() {
    for from in Status::ALL {
        for to in Status::ALL {
            let past = [registered(), went(Status::Starting, from)];
            let scenario = given(&past).when(go(to));
            if from.is_final() {
                scenario.then_rejected(&Rejection::NotRegistered);
            } else if from == to {
                scenario.then(&[]);
            } else if to == Status::Failed || to as u8 > from as u8 {
                scenario.then(&[went(from, to)]);
            } else {
                scenario.then_rejected(&Rejection::IllegalTransition { from, to });
            }
        }
    }
}

#[test]
fn the_reason_of_a_change_is_kept() {
    let command = Command::ChangeStatus { to: Status::Failed, reason: Some(why()) };
    let changed =
        InstanceEvent::StatusChanged { from: Status::Running, to: Status::Failed, reason: Some(why()) };
    given(&running()).when(command).then(&[changed]);
}

#[test]
fn a_configuration_is_recorded_when_it_differs() {
    let report = |n: i32| Command::ReportConfiguration(n.into());
    given(&running()).when(report(1)).then(&[reported(1)]);
    let past = [running(), vec![reported(1)]].concat();
    given(&past).when(report(1)).then(&[]);
    given(&past).when(report(2)).then(&[reported(2)]);
    // The same values, and one of them from elsewhere.
    let sources = BTreeMap::from([("log".to_owned(), "file".to_owned())]);
    let moved = Configuration { values: 1.into(), sources: sources.clone() };
    let configuration = 1.into();
    let event = InstanceEvent::ConfigurationReported { configuration, sources };
    given(&past).when(Command::ReportConfiguration(moved)).then(&[event]);
}

#[test]
fn silence_is_recorded_once_and_so_is_its_end() {
    let silent = [running(), vec![unhealthy()]].concat();
    let heard = [silent.clone(), vec![InstanceEvent::Recovered {}]].concat();
    given(&running()).when(mark_unhealthy()).then(&[unhealthy()]);
    given(&silent).when(mark_unhealthy()).then(&[]);
    given(&silent).when(Command::Recover).then(&[InstanceEvent::Recovered {}]);
    given(&running()).when(Command::Recover).then(&[]);
    given(&heard).when(mark_unhealthy()).then(&[unhealthy()]);
}

#[test]
fn a_drain_is_asked_for_once() {
    let asked = InstanceEvent::DrainRequested { reason: why() };
    given(&running()).when(Command::RequestDrain { reason: why() }).then(std::slice::from_ref(&asked));
    given(&[running(), vec![asked]].concat())
        .when(Command::RequestDrain { reason: "again".into() })
        .then(&[]);
}

#[test]
fn an_unhealthy_instance_may_still_end_either_way() {
    let silent = [running(), vec![unhealthy()]].concat();
    given(&silent).when(expire()).then(&[expired()]);
    given(&silent)
        .when(Command::Deregister { reason: why() })
        .then(&[InstanceEvent::Deregistered { reason: why() }]);
}

#[test]
fn an_expired_life_ends_its_status_too() {
    let state = Instance::replay(&[running(), vec![expired()]].concat());
    assert_eq!((state.status, state.liveness, state.is_alive()), (Status::Running, Liveness::Expired, false));
}

#[test]
fn only_what_has_ended_is_forgotten_and_only_once() {
    let forget = || Command::Forget { reason: why() };
    let forgotten = || InstanceEvent::Forgotten { reason: why() };
    for before in lifeless().into_iter().skip(1) {
        given(&before).when(forget()).then(&[forgotten()]);
        let after = [before, vec![forgotten()]].concat();
        given(&after).when(forget()).then_rejected(&Rejection::NotRegistered);
        given(&after).when(Command::Register(registration())).then(&[registered()]);
        assert_eq!(Instance::replay(&after), Instance::default());
    }
    given(&[]).when(forget()).then_rejected(&Rejection::NotRegistered);
    given(&running()).when(forget()).then_rejected(&Rejection::Alive);
    given(&[running(), vec![unhealthy()]].concat()).when(forget()).then_rejected(&Rejection::Alive);
}

#[test]
fn an_instance_that_cannot_record_its_life_is_adopted_once_and_again_after_its_end() {
    let legacy = || Registration { legacy: true, ..registration() };
    let adopted = || vec![InstanceEvent::Registered(legacy()), went(Status::Starting, Status::Running)];
    for before in lifeless() {
        given(&before).when(Command::Adopt(legacy())).then(&adopted());
    }
    given(&adopted()).when(Command::Adopt(legacy())).then(&[]);
    given(&[adopted(), vec![unhealthy()]].concat()).when(Command::Adopt(legacy())).then(&[]);
}

#[test]
fn what_one_life_says_touches_no_other_and_a_conflict_is_told_once() {
    let [first, second] = [1, 2].map(|n| LifeId::from_uuid(uuid::Uuid::from_u128(n)));
    let begun = |life| InstanceEvent::Registered(Registration { life: Some(life), ..registration() });
    let own = |life, command| Command::InLife { life, command: Box::new(command) };
    let past = [begun(first), begun(second)];
    for command in
        [go(Status::Running), Command::Deregister { reason: why() }, Command::ReportConfiguration(1.into())]
    {
        given(&past).when(own(first, command)).then(&[]);
    }
    given(&past).when(own(second, go(Status::Failed))).then(&[InstanceEvent::StatusChanged {
        from: Status::Starting,
        to: Status::Failed,
        reason: None,
    }]);
    let conflict = InstanceEvent::Conflicted { life: first };
    given(&past).when(Command::ReportConflict { life: first }).then(std::slice::from_ref(&conflict));
    given(&past).when(Command::ReportConflict { life: second }).then(&[]);
    let conflicted = [past.to_vec(), vec![conflict]].concat();
    given(&conflicted).when(Command::ReportConflict { life: first }).then(&[]);
    given(&conflicted)
        .when(own(first, Command::Deregister { reason: why() }))
        .then(&[InstanceEvent::ConflictEnded {}]);
    assert!(Instance::replay(&conflicted).is_alive());
    given(&conflicted).when(Command::EndConflict { life: second }).then(&[]);
    given(&conflicted).when(Command::EndConflict { life: first }).then(&[InstanceEvent::ConflictEnded {}]);
    let again = Registration { life: Some(first), ..registration() };
    let succeed = |life| Command::Succeed { life, registration: again.clone() };
    given(&conflicted).when(succeed(first)).then(&[]);
    given(&conflicted).when(succeed(second)).then(&[begun(first)]);
    let ended = [conflicted, vec![InstanceEvent::Deregistered { reason: why() }]].concat();
    given(&ended).when(Command::EndConflict { life: first }).then(&[]);
    given(&ended).when(succeed(second)).then(&[]);
}

fn reported(n: i32) -> InstanceEvent {
    InstanceEvent::ConfigurationReported { configuration: n.into(), sources: BTreeMap::new() }
}
