//! One envelope of each event type, the same on every run: what the golden files hold.

use std::collections::BTreeMap;

use aegis_domain::aggregate::definition::{Content, DefinitionEvent};
use aegis_domain::aggregate::installation::{ConsumerDeletion, InstallationEvent, Letter};
use aegis_domain::aggregate::instance::{InstanceEvent, Registration, Status};
use aegis_domain::aggregate::leadership::{ElectionReason, LeadershipEvent};
use aegis_domain::aggregate::plan::{
    Maintenance, MaintenanceEnd, Scope, Switchover, SwitchoverBegin, SwitchoverCancel, SwitchoverEnd,
};
use aegis_domain::aggregate::policy::{FailoverPolicy, Percent, RegistrationPolicy};
use aegis_domain::wire::chain::Hash;
use aegis_domain::{
    Actor, AggregateId, AggregateKind, AggregateVersion, Context, Envelope, Event, EventId, GroupName,
    InstanceName, LifeId, ServiceName, SessionId, Term, Version,
};
use chrono::{DateTime, Utc};
use uuid::Uuid;

pub(crate) fn service() -> ServiceName {
    ServiceName::new("trading-service").unwrap()
}

pub(crate) fn instance(name: &str) -> InstanceName {
    InstanceName::new(name).unwrap()
}

pub(crate) fn group() -> GroupName {
    GroupName::new("ACC-1").unwrap()
}

pub(crate) fn life() -> LifeId {
    LifeId::from_uuid(Uuid::from_u128(77))
}

pub(crate) fn session(n: u128) -> SessionId {
    SessionId::from_uuid(Uuid::from_u128(n))
}

/// This many microseconds after a fixed moment.
pub(crate) fn time(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(1_760_000_000_000_000 + micros).unwrap()
}

pub(crate) fn content() -> Content {
    Content {
        owner: "Equities desk".into(),
        description: "Sends orders, one owner per account".into(),
        version: Version::new("1.4.0").unwrap(),
        min_instances: Some(2),
        max_instances: None,
        p99_limit_ms: None,
        error_limit_percent: None,
        failover: None,
        registration: RegistrationPolicy::default(),
        labels: labels("desk", "equities"),
    }
}

pub(crate) fn registration() -> Registration {
    Registration {
        version: Version::new("1.4.0").unwrap(),
        groups: vec![group()],
        labels: labels("host", "rack-7"),
        heartbeat_ms: 1000,
        record_ttl_ms: 15_000,
        legacy: false,
        life: None,
    }
}

/// An event of every type, in the order of the catalogue, each as the whole message would hold it.
pub(crate) fn envelopes() -> Vec<Envelope> {
    let reason = || "maintenance".to_owned();
    let configuration =
        serde_json::json!({ "limits": { "orders_per_second": 50 }, "token": "***", "venues": ["X", "Y"] });
    let events: Vec<Event> = vec![
        DefinitionEvent::Defined { content: content(), reason: None }.into(),
        DefinitionEvent::Amended { content: Content { max_instances: Some(4), ..content() }, reason: None }
            .into(),
        DefinitionEvent::Retired { reason: reason() }.into(),
        DefinitionEvent::Reinstated { reason: reason() }.into(),
        InstanceEvent::Registered(registration()).into(),
        InstanceEvent::StatusChanged {
            from: Status::Starting,
            to: Status::Running,
            reason: Some("«ready»".into()),
        }
        .into(),
        InstanceEvent::ConfigurationReported { configuration, sources: BTreeMap::new() }.into(),
        InstanceEvent::Unhealthy { last_beat: Some(time(500)), missed: 3, reason: None }.into(),
        InstanceEvent::Recovered {}.into(),
        InstanceEvent::DrainRequested { reason: reason() }.into(),
        InstanceEvent::Deregistered { reason: reason() }.into(),
        InstanceEvent::Expired { last_beat: None }.into(),
        LeadershipEvent::LeaderElected {
            term: Term(7),
            instance: instance("trading-2"),
            session: session(7),
            previous: Some(instance("trading-1")),
            reason: ElectionReason::OwnerLost,
            vacancy_ms: Some(312),
        }
        .into(),
        LeadershipEvent::LeaderResigned { term: Term(7), instance: instance("trading-2"), reason: reason() }
            .into(),
        LeadershipEvent::LeaderLost { term: Term(6), instance: instance("trading-1") }.into(),
        LeadershipEvent::StepDownRequested {
            term: Term(7),
            to: Some(instance("trading-1")),
            reason: reason(),
        }
        .into(),
        InstallationEvent::SelfPreservationEntered { silent: 7, alive: 9 }.into(),
        InstallationEvent::SelfPreservationLeft {}.into(),
        InstallationEvent::DeadLetterRedriven(letter()).into(),
        InstallationEvent::DeadLetterDiscarded(letter()).into(),
        InstanceEvent::Forgotten { reason: reason() }.into(),
        InstanceEvent::Conflicted { life: life() }.into(),
        InstanceEvent::ConflictEnded {}.into(),
        InstallationEvent::MaintenanceBegun(Maintenance {
            scope: scope(),
            until: time(900),
            reason: reason(),
        })
        .into(),
        InstallationEvent::MaintenanceEnded(MaintenanceEnd { scope: scope(), reason: Some(reason()) }).into(),
        InstallationEvent::SwitchoverScheduled(Switchover {
            service: place().0,
            group: place().1,
            to: Some(instance("trading-1")),
            at: time(900),
            reason: reason(),
        })
        .into(),
        InstallationEvent::SwitchoverCancelled(SwitchoverCancel {
            service: place().0,
            group: place().1,
            reason: reason(),
        })
        .into(),
        InstallationEvent::SwitchoverBegun(SwitchoverBegin {
            service: place().0,
            group: place().1,
            at: time(900),
        })
        .into(),
        InstallationEvent::SwitchoverEnded(ended(None)).into(),
        InstallationEvent::ConsumerDeleted(deletion()).into(),
    ];
    events.into_iter().zip(1..).map(|(event, n)| envelope(event, n)).collect()
}

/// Forms that a type took on after its golden file was written: fields that may be absent. Each has a name.
pub(crate) fn later_forms() -> Vec<(&'static str, Envelope)> {
    let policies = Content {
        failover: Some(FailoverPolicy::Custom { lease_ms: 500 }),
        registration: RegistrationPolicy::Enforce,
        ..content()
    };
    let named = Content { failover: Some(FailoverPolicy::Conservative), ..content() };
    let reason = || Some("new desk".to_owned());
    let legacy = Registration { heartbeat_ms: 10_000, record_ttl_ms: 30_000, legacy: true, ..registration() };
    let living = Registration { life: Some(life()), ..registration() };
    let percent = Percent::new(1.5).unwrap();
    let limited = Content { p99_limit_ms: Some(50), error_limit_percent: Some(percent), ..content() };
    let sources = BTreeMap::from([("log".to_owned(), "environment".to_owned())]);
    let whole = Scope { group: None, ..scope() };
    let forms: Vec<(&str, Event)> = vec![
        ("policies", DefinitionEvent::Defined { content: policies, reason: reason() }.into()),
        ("policies", DefinitionEvent::Amended { content: named, reason: reason() }.into()),
        ("legacy", InstanceEvent::Registered(legacy).into()),
        ("self", InstanceEvent::Unhealthy { last_beat: None, missed: 0, reason: reason() }.into()),
        ("life", InstanceEvent::Registered(living).into()),
        ("at", InstallationEvent::DeadLetterRedriven(dated()).into()),
        ("at", InstallationEvent::DeadLetterDiscarded(dated()).into()),
        ("limits", DefinitionEvent::Defined { content: limited, reason: None }.into()),
        (
            "sources",
            InstanceEvent::ConfigurationReported {
                configuration: serde_json::json!({ "log": "info" }),
                sources,
            }
            .into(),
        ),
        (
            "timeout",
            InstallationEvent::MaintenanceEnded(MaintenanceEnd { scope: whole, reason: None }).into(),
        ),
        ("failed", InstallationEvent::SwitchoverEnded(ended(reason())).into()),
    ];
    forms.into_iter().zip(101..).map(|((form, event), n)| (form, envelope(event, n))).collect()
}

fn dated() -> Letter {
    Letter { at: Some(time(41)), ..letter() }
}

fn scope() -> Scope {
    let (service, group) = place();
    Scope { service, group: Some(group) }
}

fn place() -> (ServiceName, GroupName) {
    (ServiceName::new("trading-service").unwrap(), GroupName::new("ACC-1").unwrap())
}

fn ended(failure: Option<String>) -> SwitchoverEnd {
    let (service, group) = place();
    SwitchoverEnd { service, group, failure }
}

fn deletion() -> ConsumerDeletion {
    ConsumerDeletion {
        stream: "EVENTS".into(),
        consumer: "booking-trades".into(),
        pending: 120,
        unacknowledged: 3,
        had_reader: false,
        reason: "the service is gone".into(),
    }
}

fn letter() -> Letter {
    Letter {
        sequence: 41,
        at: None,
        subject: "events.trade.booked".into(),
        reason: "the consumer is fixed".into(),
    }
}

fn envelope(event: Event, n: u64) -> Envelope {
    let aggregate = match event.kind() {
        AggregateKind::Definition => AggregateId::Definition(service()),
        AggregateKind::Instance => AggregateId::Instance(service(), instance("trading-2")),
        AggregateKind::Leadership => AggregateId::Leadership(service(), group()),
        AggregateKind::Installation => AggregateId::Installation,
    };
    // Every second one carries the optional metadata, so that both forms are held.
    let text = |value: &str| n.is_multiple_of(2).then(|| value.to_owned());
    let context = Context {
        correlation: text("req-42"),
        causation: text("0199c000-0000-7000-8000-000000000001"),
        traceparent: text("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ..Context::new(Actor::user("alice"), time(i64::try_from(n).unwrap()))
    };
    let id = match &event {
        Event::Leadership(LeadershipEvent::LeaderElected { term, .. }) => {
            EventId::of_term(&service(), &group(), *term)
        }
        Event::Leadership(_) | Event::Definition(_) | Event::Instance(_) | Event::Installation(_) => {
            EventId::from_uuid(Uuid::from_u128(u128::from(n)))
        }
    };
    Envelope {
        id,
        aggregate,
        version: AggregateVersion(n),
        context,
        previous: if n == 1 { Hash::GENESIS } else { Hash::of("before", [], &n.to_be_bytes()) },
        event,
    }
}

fn labels(key: &str, value: &str) -> BTreeMap<String, String> {
    [(key.to_owned(), value.to_owned())].into()
}
