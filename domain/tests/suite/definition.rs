//! What may be done with a definition in each of its states, and what is refused.

use std::collections::BTreeMap;

use aegis_domain::aggregate::Definition;
use aegis_domain::aggregate::definition::{
    Change, Command, Content, DESCRIPTION_MAX, DefinitionEvent, LABELS_MAX, LIMIT_MS_MAX, OWNER_MAX,
    Rejection,
};
use aegis_domain::aggregate::policy::{FailoverPolicy, Percent, RegistrationPolicy};
use aegis_domain::scenario::Scenario;
use aegis_domain::{AggregateVersion, ServiceName, Version};

use crate::sample::{content, service};

const WHY: &str = "replaced";

fn percent(number: f64) -> Percent {
    Percent::new(number).unwrap()
}

#[test]
fn a_share_is_of_a_hundred_and_has_two_decimals() {
    for number in [0.0, 0.01, 0.29, 1.5, 99.99, 100.0] {
        let text = serde_json::to_string(&percent(number)).unwrap();
        assert_eq!(
            (text.parse().ok(), serde_json::from_str(&text).ok()),
            (Some(number), Some(percent(number)))
        );
    }
    for number in [-0.01, 100.01, 0.001, f64::NAN, f64::INFINITY, 1e300] {
        assert!(Percent::new(number).is_err(), "{number}");
    }
    assert!(serde_json::from_str::<Percent>("\"1\"").is_err());
    assert_eq!((percent(1.5).to_string(), percent(2.0).to_string()), ("1.5".to_owned(), "2".to_owned()));
}

fn define(content: Content) -> Command {
    Command::Define { service: service(), content, reason: None }
}

fn amend(expected: u64, change: Change) -> Command {
    Command::Amend { expected: AggregateVersion(expected), change, reason: None }
}

fn retire(expected: u64, reason: &str) -> Command {
    Command::Retire { expected: AggregateVersion(expected), reason: reason.into() }
}

fn reinstate(expected: u64, reason: &str) -> Command {
    Command::Reinstate { expected: AggregateVersion(expected), reason: reason.into() }
}

fn defined() -> Vec<DefinitionEvent> {
    vec![DefinitionEvent::Defined { content: content(), reason: None }]
}

fn retired() -> Vec<DefinitionEvent> {
    [defined(), vec![DefinitionEvent::Retired { reason: WHY.into() }]].concat()
}

fn amended(content: Content) -> DefinitionEvent {
    DefinitionEvent::Amended { content, reason: None }
}

fn owner(name: &str) -> Change {
    Change { owner: Some(name.into()), ..Change::default() }
}

fn at(current: u64) -> Rejection {
    Rejection::Conflict { current: AggregateVersion(current) }
}

fn given(events: &[DefinitionEvent]) -> Scenario<Definition> {
    Scenario::given(events)
}

#[test]
fn a_new_service_is_defined() {
    given(&[]).when(define(content())).then(&defined());
}

#[test]
fn an_active_definition_is_not_defined_again() {
    given(&defined()).when(define(content())).then_rejected(&Rejection::AlreadyDefined);
}

#[test]
fn a_retired_service_may_be_defined_anew() {
    given(&retired()).when(define(content())).then(&defined());
}

#[test]
fn a_name_that_is_no_host_name_is_not_defined() {
    for name in ["Trading", "ab", "a_b", "abc-"] {
        let service = ServiceName::new(name).unwrap();
        let command = Command::Define { service, content: content(), reason: None };
        assert_eq!(refused_field(&[], command), "service", "{name}");
    }
}

#[test]
fn an_amendment_carries_the_whole_content_and_keeps_what_it_does_not_name() {
    let change = Change { max_instances: Some(Some(9)), ..owner("Rates desk") };
    let after = Content { owner: "Rates desk".into(), max_instances: Some(9), ..content() };
    given(&defined()).when(amend(1, change)).then(&[amended(after)]);
}

#[test]
fn every_field_can_be_amended() {
    let change = Change {
        owner: Some("o".into()),
        description: Some("d".into()),
        version: Some(Version::new("2.0.0").unwrap()),
        min_instances: Some(Some(1)),
        max_instances: Some(Some(1)),
        p99_limit_ms: Some(Some(50)),
        error_limit_percent: Some(Some(percent(1.25))),
        failover: Some(Some(FailoverPolicy::Custom { lease_ms: 500 })),
        registration: Some(RegistrationPolicy::Enforce),
        labels: Some(BTreeMap::new()),
    };
    let after = Content {
        owner: "o".into(),
        description: "d".into(),
        version: Version::new("2.0.0").unwrap(),
        min_instances: Some(1),
        max_instances: Some(1),
        p99_limit_ms: Some(50),
        error_limit_percent: Some(percent(1.25)),
        failover: Some(FailoverPolicy::Custom { lease_ms: 500 }),
        registration: RegistrationPolicy::Enforce,
        labels: BTreeMap::new(),
    };
    given(&defined()).when(amend(1, change)).then(&[amended(after)]);
}

#[test]
fn what_may_be_absent_can_be_taken_away_again() {
    let before = Content {
        max_instances: Some(4),
        p99_limit_ms: Some(50),
        error_limit_percent: Some(percent(1.25)),
        failover: Some(FailoverPolicy::Aggressive),
        registration: RegistrationPolicy::Enforce,
        ..content()
    };
    let change = Change {
        min_instances: Some(None),
        max_instances: Some(None),
        p99_limit_ms: Some(None),
        error_limit_percent: Some(None),
        failover: Some(None),
        registration: Some(RegistrationPolicy::default()),
        ..Change::default()
    };
    let after = Content {
        min_instances: None,
        max_instances: None,
        failover: None,
        registration: RegistrationPolicy::Warn,
        ..content()
    };
    let defined = DefinitionEvent::Defined { content: before, reason: None };
    given(&[defined]).when(amend(1, change)).then(&[amended(after)]);
}

#[test]
fn why_it_is_so_stands_in_the_record_where_somebody_said_so() {
    let reason = Some("new desk".to_owned());
    let command = Command::Define { service: service(), content: content(), reason: reason.clone() };
    given(&[]).when(command).then(&[DefinitionEvent::Defined { content: content(), reason: reason.clone() }]);
    let expected = AggregateVersion(1);
    let command = |reason| Command::Amend { expected, change: owner("Rates desk"), reason };
    let after = Content { owner: "Rates desk".into(), ..content() };
    let event = DefinitionEvent::Amended { content: after, reason: reason.clone() };
    given(&defined()).when(command(reason)).then(&[event]);
    assert_eq!(refused_field(&defined(), command(Some(" ".to_owned()))), "reason");
}

#[test]
fn a_lease_that_no_owner_could_keep_is_refused() {
    for (lease_ms, possible) in [(149, false), (150, true), (60_000, true), (60_001, false)] {
        let failover = Some(FailoverPolicy::Custom { lease_ms });
        let content = Content { failover, ..content() };
        if possible {
            let event = DefinitionEvent::Defined { content: content.clone(), reason: None };
            given(&[]).when(define(content)).then(&[event]);
        } else {
            assert_eq!(refused_field(&[], define(content)), "failover", "{lease_ms}");
        }
    }
}

#[test]
fn an_amendment_that_changes_nothing_is_not_recorded() {
    given(&defined()).when(amend(1, owner(&content().owner))).then(&[]);
    given(&defined()).when(amend(1, Change::default())).then(&[]);
}

#[test]
fn what_is_not_in_use_is_neither_amended_nor_retired() {
    for events in [vec![], retired()] {
        let version = events.len() as u64;
        given(&events).when(amend(version, owner("x"))).then_rejected(&Rejection::NotDefined);
        given(&events).when(retire(version, WHY)).then_rejected(&Rejection::NotDefined);
    }
}

#[test]
fn a_stale_version_is_rejected_and_told_the_one_that_stands() {
    for stale in [0, 2, u64::MAX] {
        given(&defined()).when(amend(stale, owner("x"))).then_rejected(&at(1));
        given(&defined()).when(retire(stale, WHY)).then_rejected(&at(1));
    }
    for stale in [1, 3] {
        given(&retired()).when(reinstate(stale, WHY)).then_rejected(&at(2));
    }
}

#[test]
fn an_active_definition_is_retired_and_a_retired_one_reinstated() {
    given(&defined()).when(retire(1, WHY)).then(&[DefinitionEvent::Retired { reason: WHY.into() }]);
    given(&retired()).when(reinstate(2, WHY)).then(&[DefinitionEvent::Reinstated { reason: WHY.into() }]);
}

#[test]
fn what_is_not_retired_is_not_reinstated() {
    given(&[]).when(reinstate(0, WHY)).then_rejected(&Rejection::NotRetired);
    given(&defined()).when(reinstate(1, WHY)).then_rejected(&Rejection::NotRetired);
}

#[test]
fn a_reinstated_definition_is_in_use_as_it_was() {
    let events = [retired(), vec![DefinitionEvent::Reinstated { reason: WHY.into() }]].concat();
    let after = Content { owner: "x".into(), ..content() };
    given(&events).when(amend(3, owner("x"))).then(&[amended(after)]);
    given(&events).when(define(content())).then_rejected(&Rejection::AlreadyDefined);
}

#[test]
fn a_reason_is_needed_and_bounded() {
    for reason in ["", " \t ", &"x".repeat(DESCRIPTION_MAX + 1)] {
        assert_eq!(refused_field(&defined(), retire(1, reason)), "reason", "{reason:?}");
        assert_eq!(refused_field(&retired(), reinstate(2, reason)), "reason", "{reason:?}");
    }
}

#[test]
fn content_at_its_bounds_is_accepted_and_one_step_beyond_refused() {
    let labels = |count: usize, key: usize, value: usize| -> BTreeMap<_, _> {
        (0..count).map(|n| (format!("{n:0>key$}"), "v".repeat(value))).collect()
    };
    let good = [
        Content { owner: "ö".repeat(OWNER_MAX), ..content() },
        Content { description: "ö".repeat(DESCRIPTION_MAX), ..content() },
        Content { min_instances: Some(3), max_instances: Some(3), ..content() },
        Content { labels: labels(LABELS_MAX, 64, 256), ..content() },
    ];
    for content in good {
        given(&[]).when(define(content.clone())).then(&[DefinitionEvent::Defined { content, reason: None }]);
    }
    let bad = [
        ("owner", Content { owner: "o".repeat(OWNER_MAX + 1), ..content() }),
        ("owner", Content { owner: " ".into(), ..content() }),
        ("description", Content { description: "d".repeat(DESCRIPTION_MAX + 1), ..content() }),
        ("description", Content { description: String::new(), ..content() }),
        ("minInstances", Content { min_instances: Some(4), max_instances: Some(3), ..content() }),
        ("p99LimitMs", Content { p99_limit_ms: Some(0), ..content() }),
        ("p99LimitMs", Content { p99_limit_ms: Some(LIMIT_MS_MAX + 1), ..content() }),
        ("labels", Content { labels: labels(LABELS_MAX + 1, 2, 1), ..content() }),
        ("labels", Content { labels: labels(1, 65, 1), ..content() }),
        ("labels", Content { labels: labels(1, 1, 257), ..content() }),
        ("labels", Content { labels: [(String::new(), String::new())].into(), ..content() }),
    ];
    for (field, content) in bad {
        assert_eq!(refused_field(&[], define(content)), field);
    }
}

#[test]
fn an_amendment_is_held_to_the_same_bounds() {
    let change = Change { max_instances: Some(Some(1)), ..Change::default() };
    assert_eq!(refused_field(&defined(), amend(1, change)), "minInstances", "the minimum that stands is 2");
}

fn refused_field(events: &[DefinitionEvent], command: Command) -> &'static str {
    use aegis_domain::Aggregate as _;
    match Definition::replay(events).decide(command) {
        Err(Rejection::Invalid { field, .. }) => field,
        other => panic!("not refused for a field: {other:?}"),
    }
}
