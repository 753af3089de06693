//! What a view says beyond the state of its aggregate: since when, why, by whom.

use std::collections::BTreeMap;

use aegis_domain::aggregate::definition::DefinitionEvent;
use aegis_domain::aggregate::installation::InstallationEvent;
use aegis_domain::aggregate::instance::{InstanceEvent, Status};
use aegis_domain::aggregate::leadership::LeadershipEvent;
use aegis_domain::aggregate::plan::{Maintenance, MaintenanceEnd, Scope};
use aegis_domain::aggregate::{Leadership, leadership};
use aegis_domain::{AggregateId, Sequence, Term};
use aegis_projections::view::maintenance::Maintenances;
use aegis_projections::view::term::{Cause, terms};
use aegis_projections::view::{EventView, InstanceStatus, InstanceView, SelfPreservation};

use chrono::DateTime;

use crate::log::{Log, content, election, group, instance, registration, service, tenure, time};

fn member() -> AggregateId {
    AggregateId::Instance(service("echo"), instance("echo-1"))
}

fn went(from: Status, to: Status, reason: Option<&str>) -> InstanceEvent {
    InstanceEvent::StatusChanged { from, to, reason: reason.map(Into::into) }
}

fn life(events: &[InstanceEvent]) -> InstanceView {
    let mut log = Log::default();
    for event in events {
        log.record(&member(), event.clone().into());
    }
    log.state().instances.into_values().next().unwrap()
}

fn running() -> Vec<InstanceEvent> {
    vec![InstanceEvent::Registered(registration()), went(Status::Starting, Status::Running, Some("warm"))]
}

#[test]
fn an_instance_that_is_heard_again_is_what_it_was_before() {
    let silent = InstanceEvent::Unhealthy { last_beat: None, missed: 3, reason: None };
    let view = life(&[running(), vec![silent.clone()]].concat());
    assert_eq!(view.status, InstanceStatus::Unhealthy);
    assert_eq!(view.reason.as_deref(), Some("3 heartbeats are missing"));
    let view = life(&[running(), vec![silent, InstanceEvent::Recovered {}]].concat());
    assert_eq!((view.status, view.reason, view.status_since), (InstanceStatus::Running, None, time(4)));
}

#[test]
fn an_instance_that_recovers_three_times_in_a_short_while_flaps_until_it_begins_anew() {
    let rounds = |n| {
        let round = [
            InstanceEvent::Unhealthy { last_beat: None, missed: 3, reason: None },
            InstanceEvent::Recovered {},
        ];
        vec![round.to_vec(); n].concat()
    };
    let thrice = [running(), rounds(3)].concat();
    assert!(!life(&thrice[..thrice.len() - 1]).is_flapping(time(9)));
    assert!(life(&thrice).is_flapping(time(9)));
    assert!(!life(&thrice).is_flapping(time(9) + chrono::TimeDelta::minutes(5)), "it clears by itself");
    assert_eq!(life(&[thrice.clone(), rounds(9)].concat()).recoveries.len(), 3, "it is bounded");
    assert!(
        !life(&[thrice.clone(), vec![InstanceEvent::Expired { last_beat: None }]].concat())
            .is_flapping(time(9))
    );
    assert!(!life(&[thrice, vec![InstanceEvent::Registered(registration())]].concat()).is_flapping(time(9)));
}

#[test]
fn what_does_not_change_the_status_keeps_its_reason_and_its_time() {
    let later = [
        InstanceEvent::ConfigurationReported { configuration: 1.into(), sources: BTreeMap::new() },
        InstanceEvent::DrainRequested { reason: "maintenance".into() },
    ];
    let view = life(&[running(), later.to_vec()].concat());
    assert_eq!((view.status, view.reason.as_deref()), (InstanceStatus::Running, Some("warm")));
    assert_eq!((view.status_since, view.registered_at, view.sequence), (time(2), time(1), Sequence(4)));
    assert!(view.state.drain_requested);
}

#[test]
fn each_end_has_its_own_word() {
    let ends = [
        (InstanceEvent::Expired { last_beat: None }, InstanceStatus::Expired),
        (InstanceEvent::Deregistered { reason: "done".into() }, InstanceStatus::Stopped),
        (went(Status::Running, Status::Failed, Some("out of disk")), InstanceStatus::Failed),
    ];
    for (end, status) in ends {
        let view = life(&[running(), vec![end]].concat());
        assert_eq!((view.status, view.status.is_final()), (status, true));
        assert!(view.reason.is_some(), "{status:?} has no reason");
    }
}

#[test]
fn a_new_life_begins_anew_even_in_the_same_status() {
    let begun = InstanceEvent::Registered(registration());
    let view = life(&[begun.clone(), begun]);
    assert_eq!(view.status, InstanceStatus::Starting);
    assert_eq!((view.registered_at, view.status_since), (time(2), time(2)));
}

#[test]
fn a_vacant_group_keeps_its_term_and_tells_since_when_it_is_vacant() {
    let id = AggregateId::Leadership(service("echo"), group("ACC-1"));
    let mut log = Log::default();
    log.execute::<Leadership>(&id, election(1, "a", &[]));
    let resign = leadership::Command::Resign { term: Term(1), reason: "drain".into() };
    let view = |log: &Log| log.state().leaders.into_values().next().unwrap();
    assert_eq!((view(&log).instance, view(&log).since), (Some(instance("a")), time(1)));
    log.execute::<Leadership>(&id, resign);
    assert_eq!((view(&log).instance, view(&log).term, view(&log).since), (None, Term(1), time(2)));
    let asked = LeadershipEvent::StepDownRequested { term: Term(1), to: None, reason: "late".into() };
    let before = view(&log);
    assert_eq!(view(log.record(&id, asked.into())), before, "a request changes nothing");
}

#[test]
fn a_definition_keeps_its_beginning_and_tells_its_last_change() {
    let id = AggregateId::Definition(service("echo"));
    let mut log = Log::default();
    log.record(&id, DefinitionEvent::Defined { content: content("a"), reason: None }.into());
    log.record(&id, DefinitionEvent::Amended { content: content("b"), reason: None }.into());
    log.record(&id, DefinitionEvent::Retired { reason: "replaced".into() }.into());
    let view = log.state().definitions.into_values().next().unwrap();
    assert_eq!((view.created_at, view.updated_at, view.updated_by.as_str()), (time(1), time(3), "user:bob"));
    assert_eq!((view.revision, view.retired, view.content), (3, true, content("b")));
}

#[test]
fn the_installation_tells_since_when_it_cannot_see_and_how_much() {
    let mut log = Log::default();
    let entered = InstallationEvent::SelfPreservationEntered { silent: 4, alive: 5 };
    log.record(&AggregateId::Installation, entered.into());
    let view = log.state().installation;
    assert_eq!(view.self_preservation, Some(SelfPreservation { since: time(1), silent: 4, alive: 5 }));
    log.record(&AggregateId::Installation, InstallationEvent::SelfPreservationLeft {}.into());
    let view = log.state().installation;
    assert_eq!((view.self_preservation, view.sequence), (None, Sequence(2)));
}

#[test]
fn an_event_about_nothing_makes_no_view() {
    let mut log = Log::default();
    let retired = DefinitionEvent::Retired { reason: "replaced".into() };
    log.record(&AggregateId::Definition(service("echo")), retired.into());
    let lost = LeadershipEvent::LeaderLost { term: Term(1), instance: instance("a") };
    log.record(&AggregateId::Leadership(service("echo"), group("ACC-1")), lost.into());
    let state = log.state();
    assert!(state.definitions.is_empty() && state.leaders.is_empty());
    assert_eq!(state.position, Sequence(2), "and is passed all the same");
}

#[test]
fn a_gap_that_fell_into_a_maintenance_is_no_failover_that_took_long() {
    let second = |n: u64| DateTime::from_timestamp(1_760_000_000 + n.cast_signed(), 0).unwrap();
    let id = AggregateId::Leadership(service("echo"), group("ACC-1"));
    let scope = Scope { service: service("echo"), group: None };
    let begun = Maintenance { scope: scope.clone(), until: second(900), reason: "new switch".into() };
    let mut log = Log::default();
    log.execute::<Leadership>(&id, election(1, "a", &[]));
    log.record(&AggregateId::Installation, InstallationEvent::MaintenanceBegun(begun).into());
    log.record(&id, LeadershipEvent::LeaderLost { term: Term(1), instance: instance("a") }.into());
    let end = MaintenanceEnd { scope, reason: Some("done".into()) };
    log.record(&AggregateId::Installation, InstallationEvent::MaintenanceEnded(end).into());
    let elected = |term: u64, vacancy: u64| leadership::Command::Elect {
        tenure: tenure(term, "b"),
        predecessors: vec![],
        vacancy_ms: Some(vacancy),
    };
    // It was without an owner from the third second to the fifth, and the maintenance ended at the fourth.
    log.execute::<Leadership>(&id, elected(2, 2_000));
    log.record(&id, LeadershipEvent::LeaderLost { term: Term(2), instance: instance("b") }.into());
    log.execute::<Leadership>(&id, elected(3, 900));
    let views: Vec<_> = log.events.iter().map(|it| EventView::of(it, second(it.sequence.get()))).collect();
    let times = Maintenances::of(&views);
    let of_group = views.iter().filter(|view| view.aggregate == id.to_string());
    let mut terms = terms(of_group);
    terms.iter_mut().for_each(|term| term.in_maintenance(&service("echo"), &group("ACC-1"), &times));
    let causes: Vec<_> = terms.iter().map(|term| term.cause).collect();
    assert_eq!(causes, [Cause::OwnerLost, Cause::Maintenance, Cause::OwnerLost]);
    assert!(times.holds(&service("echo"), &group("any"), (second(2), second(3))), "of all groups");
    assert!(!times.holds(&service("other"), &group("ACC-1"), (second(2), second(3))));
    assert!(
        !times.holds(&service("echo"), &group("ACC-1"), (second(5), second(900))),
        "it was ended before its time"
    );
}
