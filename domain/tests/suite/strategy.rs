//! Values for property tests: valid ones by construction, and the raw material of invalid ones.

use std::collections::BTreeMap;

use aegis_domain::aggregate::definition::{Change, Content, DefinitionEvent};
use aegis_domain::aggregate::installation::{ConsumerDeletion, InstallationEvent, Letter};
use aegis_domain::aggregate::instance::{InstanceEvent, Registration, Status};
use aegis_domain::aggregate::leadership::{ElectionReason, LeadershipEvent, Tenure};
use aegis_domain::aggregate::plan::{
    Maintenance, MaintenanceEnd, PlanCommand, Scope, Switchover, SwitchoverBegin, SwitchoverCancel,
    SwitchoverEnd,
};
use aegis_domain::aggregate::policy::{FailoverPolicy, Percent, RegistrationPolicy};
use aegis_domain::aggregate::{definition, installation, instance, leadership};
use aegis_domain::wire::chain::Hash;
use aegis_domain::{
    Actor, AggregateId, AggregateVersion, Context, Envelope, Event, EventId, GroupName, IdempotencyKey,
    InstanceName, LifeId, ServiceName, SessionId, Term, Version,
};
use chrono::{DateTime, Utc};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;

pub(crate) fn service() -> impl Strategy<Value = ServiceName> {
    "[a-zA-Z][a-zA-Z0-9_-]{0,63}".prop_map(|name| ServiceName::new(name).unwrap())
}

pub(crate) fn instance_name() -> impl Strategy<Value = InstanceName> {
    "[a-zA-Z0-9][a-zA-Z0-9_-]{0,127}".prop_map(|name| InstanceName::new(name).unwrap())
}

pub(crate) fn group() -> impl Strategy<Value = GroupName> {
    "[a-zA-Z0-9][a-zA-Z0-9_-]{0,127}".prop_map(|name| GroupName::new(name).unwrap())
}

pub(crate) fn aggregate() -> impl Strategy<Value = AggregateId> {
    prop_oneof![
        service().prop_map(AggregateId::Definition),
        (service(), instance_name()).prop_map(|(s, i)| AggregateId::Instance(s, i)),
        (service(), group()).prop_map(|(s, g)| AggregateId::Leadership(s, g)),
        Just(AggregateId::Installation),
    ]
}

fn version() -> impl Strategy<Value = Version> {
    any::<[u16; 3]>().prop_map(|[a, b, c]| Version::new(format!("{a}.{b}.{c}")).unwrap())
}

fn time() -> impl Strategy<Value = DateTime<Utc>> {
    // Whole microseconds, as the log keeps them, from 1970 to 2100.
    (0..4_102_444_800_000_000_i64).prop_map(|micros| DateTime::from_timestamp_micros(micros).unwrap())
}

fn labels() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map(".{1,8}", ".{0,8}", 0..4)
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        prop::num::f64::NORMAL.prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Into::into),
            btree_map(any::<String>(), inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

fn content() -> impl Strategy<Value = Content> {
    let policies = (option::of(failover()), registration_policy());
    let percent =
        (0..=10_000_u32).prop_map(|hundredths| Percent::new(f64::from(hundredths) / 100.0).unwrap());
    let limits = (option::of(any::<u32>()), option::of(percent));
    let counts = any::<[Option<u32>; 2]>();
    (any::<String>(), any::<String>(), version(), counts, limits, policies, labels()).prop_map(
        |(owner, description, version, counts, limits, (failover, registration), labels)| {
            let ([min_instances, max_instances], (p99_limit_ms, error_limit_percent)) = (counts, limits);
            Content {
                owner,
                description,
                version,
                min_instances,
                max_instances,
                p99_limit_ms,
                error_limit_percent,
                failover,
                registration,
                labels,
            }
        },
    )
}

fn failover() -> impl Strategy<Value = FailoverPolicy> {
    prop_oneof![
        Just(FailoverPolicy::Aggressive),
        Just(FailoverPolicy::Balanced),
        Just(FailoverPolicy::Conservative),
        any::<u64>().prop_map(|lease_ms| FailoverPolicy::Custom { lease_ms }),
    ]
}

fn registration_policy() -> impl Strategy<Value = RegistrationPolicy> {
    prop::sample::select(RegistrationPolicy::ALL.to_vec())
}

fn registration() -> impl Strategy<Value = Registration> {
    (version(), vec(group(), 0..3), labels(), any::<[u64; 2]>(), any::<bool>(), option::of(life())).prop_map(
        |(version, groups, labels, [heartbeat_ms, record_ttl_ms], legacy, life)| Registration {
            version,
            groups,
            labels,
            heartbeat_ms,
            record_ttl_ms,
            legacy,
            life,
        },
    )
}

fn status() -> impl Strategy<Value = Status> {
    prop::sample::select(Status::ALL.to_vec())
}

fn election_reason() -> impl Strategy<Value = ElectionReason> {
    prop::sample::select(vec![
        ElectionReason::First,
        ElectionReason::OwnerLost,
        ElectionReason::OwnerResigned,
    ])
}

/// Few instances, so that the same one comes back.
fn member() -> impl Strategy<Value = InstanceName> {
    "[a-c]".prop_map(|name| InstanceName::new(name).unwrap())
}

/// Few terms, so that they repeat, fall back and leave gaps.
fn term() -> impl Strategy<Value = Term> {
    (0..12_u64).prop_map(Term)
}

fn life() -> impl Strategy<Value = LifeId> {
    any::<u128>().prop_map(|id| LifeId::from_uuid(Uuid::from_u128(id)))
}

fn session() -> impl Strategy<Value = SessionId> {
    any::<u128>().prop_map(|n| SessionId::from_uuid(Uuid::from_u128(n)))
}

pub(crate) fn definition_event() -> impl Strategy<Value = DefinitionEvent> {
    prop_oneof![
        (content(), any::<Option<String>>())
            .prop_map(|(content, reason)| DefinitionEvent::Defined { content, reason }),
        (content(), any::<Option<String>>())
            .prop_map(|(content, reason)| DefinitionEvent::Amended { content, reason }),
        any::<String>().prop_map(|reason| DefinitionEvent::Retired { reason }),
        any::<String>().prop_map(|reason| DefinitionEvent::Reinstated { reason }),
    ]
}

pub(crate) fn instance_event() -> impl Strategy<Value = InstanceEvent> {
    prop_oneof![
        registration().prop_map(InstanceEvent::Registered),
        (status(), status(), any::<Option<String>>())
            .prop_map(|(from, to, reason)| InstanceEvent::StatusChanged { from, to, reason }),
        (json(), btree_map(any::<String>(), any::<String>(), 0..3)).prop_map(|(configuration, sources)| {
            InstanceEvent::ConfigurationReported { configuration, sources }
        }),
        (option::of(time()), any::<u32>()).prop_map(|(last_beat, missed)| InstanceEvent::Unhealthy {
            last_beat,
            missed,
            reason: None
        }),
        Just(InstanceEvent::Recovered {}),
        any::<String>().prop_map(|reason| InstanceEvent::DrainRequested { reason }),
        any::<String>().prop_map(|reason| InstanceEvent::Deregistered { reason }),
        life().prop_map(|life| InstanceEvent::Conflicted { life }),
        Just(InstanceEvent::ConflictEnded {}),
        option::of(time()).prop_map(|last_beat| InstanceEvent::Expired { last_beat }),
        any::<String>().prop_map(|reason| InstanceEvent::Forgotten { reason }),
    ]
}

pub(crate) fn leadership_event() -> impl Strategy<Value = LeadershipEvent> {
    prop_oneof![
        (tenure(), option::of(member()), any::<Option<u64>>()).prop_map(|(tenure, previous, vacancy_ms)| {
            let Tenure { term, instance, session, reason, resignation: _ } = tenure;
            LeadershipEvent::LeaderElected { term, instance, session, previous, reason, vacancy_ms }
        }),
        (term(), member(), any::<String>())
            .prop_map(|(term, instance, reason)| LeadershipEvent::LeaderResigned { term, instance, reason }),
        (term(), member()).prop_map(|(term, instance)| LeadershipEvent::LeaderLost { term, instance }),
        (term(), option::of(member()), any::<String>())
            .prop_map(|(term, to, reason)| LeadershipEvent::StepDownRequested { term, to, reason }),
    ]
}

pub(crate) fn installation_event() -> impl Strategy<Value = InstallationEvent> {
    prop_oneof![
        any::<[u32; 2]>()
            .prop_map(|[silent, alive]| InstallationEvent::SelfPreservationEntered { silent, alive }),
        Just(InstallationEvent::SelfPreservationLeft {}),
        letter().prop_map(InstallationEvent::DeadLetterRedriven),
        letter().prop_map(InstallationEvent::DeadLetterDiscarded),
        deletion().prop_map(InstallationEvent::ConsumerDeleted),
        maintenance().prop_map(InstallationEvent::MaintenanceBegun),
        (scope(), option::of(any::<String>())).prop_map(|(scope, reason)| {
            InstallationEvent::MaintenanceEnded(MaintenanceEnd { scope, reason })
        }),
        switchover().prop_map(InstallationEvent::SwitchoverScheduled),
        (place(), any::<String>()).prop_map(|((service, group), reason)| {
            InstallationEvent::SwitchoverCancelled(SwitchoverCancel { service, group, reason })
        }),
        (place(), soon()).prop_map(|((service, group), at)| {
            InstallationEvent::SwitchoverBegun(SwitchoverBegin { service, group, at })
        }),
        (place(), option::of(any::<String>())).prop_map(|((service, group), failure)| {
            InstallationEvent::SwitchoverEnded(SwitchoverEnd { service, group, failure })
        }),
    ]
}

/// Few groups and few times, so that plans meet each other.
fn place() -> impl Strategy<Value = (ServiceName, GroupName)> {
    (0..2_u8, 0..2_u8).prop_map(|(service, group)| {
        (ServiceName::new(format!("s-{service}")).unwrap(), GroupName::new(format!("g-{group}")).unwrap())
    })
}

fn scope() -> impl Strategy<Value = Scope> {
    (place(), any::<bool>())
        .prop_map(|((service, group), one)| Scope { service, group: one.then_some(group) })
}

fn soon() -> impl Strategy<Value = DateTime<Utc>> {
    (0..200_i64).prop_map(|second| DateTime::from_timestamp(second, 0).unwrap())
}

fn maintenance() -> impl Strategy<Value = Maintenance> {
    (scope(), soon(), ".{1,3}").prop_map(|(scope, until, reason)| Maintenance { scope, until, reason })
}

fn switchover() -> impl Strategy<Value = Switchover> {
    let at = (0..3_i64).prop_map(|n| DateTime::from_timestamp(50 * n, 0).unwrap());
    (place(), at).prop_map(|((service, group), at)| Switchover {
        service,
        group,
        to: None,
        at,
        reason: "r".into(),
    })
}

fn plan_command() -> impl Strategy<Value = PlanCommand> {
    prop_oneof![
        2 => (maintenance(), soon()).prop_map(|(maintenance, now)| PlanCommand::BeginMaintenance { maintenance, now }),
        1 => (scope(), ".{0,3}").prop_map(|(scope, reason)| PlanCommand::EndMaintenance { scope, reason }),
        2 => (scope(), soon()).prop_map(|(scope, now)| PlanCommand::ExpireMaintenance { scope, now }),
        3 => (switchover(), soon()).prop_map(|(switchover, now)| PlanCommand::ScheduleSwitchover { switchover, now }),
        1 => (place(), ".{0,3}")
            .prop_map(|((service, group), reason)| PlanCommand::CancelSwitchover { service, group, reason }),
        4 => (switchover(), soon()).prop_map(|(switchover, now)| PlanCommand::BeginSwitchover { switchover, now }),
        1 => (place(), option::of(any::<String>()))
            .prop_map(|((service, group), failure)| PlanCommand::EndSwitchover { service, group, failure }),
    ]
}

/// Few positions, so that the same one comes back.
fn deletion() -> impl Strategy<Value = ConsumerDeletion> {
    (any::<[String; 2]>(), any::<[u64; 2]>(), any::<bool>(), ".{0,3}").prop_map(
        |([stream, consumer], [pending, unacknowledged], had_reader, reason)| ConsumerDeletion {
            stream,
            consumer,
            pending,
            unacknowledged,
            had_reader,
            reason,
        },
    )
}

fn letter() -> impl Strategy<Value = Letter> {
    (0..6_u64, any::<String>(), ".{0,3}").prop_map(|(sequence, subject, reason)| Letter {
        at: sequence.is_multiple_of(2).then(DateTime::default),
        sequence,
        subject,
        reason,
    })
}

fn tenure() -> impl Strategy<Value = Tenure> {
    (term(), member(), session(), election_reason(), option::of(".{0,3}")).prop_map(
        |(term, instance, session, reason, resignation)| Tenure {
            term,
            instance,
            session,
            reason,
            resignation,
        },
    )
}

pub(crate) fn definition_command() -> impl Strategy<Value = definition::Command> {
    use definition::Command;
    let expected = || (0..6_u64).prop_map(AggregateVersion);
    let content = || {
        (".{0,3}", 0..4_u32, 0..4_u32).prop_map(|(owner, min, max)| Content {
            owner,
            description: "d".into(),
            version: Version::new("1.0.0").unwrap(),
            min_instances: Some(min),
            max_instances: Some(max),
            p99_limit_ms: None,
            error_limit_percent: None,
            failover: None,
            registration: RegistrationPolicy::default(),
            labels: BTreeMap::new(),
        })
    };
    let change = (option::of(".{0,3}"), option::of(option::of(0..4_u32)), option::of(option::of(0..4_u32)))
        .prop_map(|(owner, min_instances, max_instances)| Change {
            owner,
            min_instances,
            max_instances,
            ..Change::default()
        });
    let service = || ServiceName::new("trading-service").unwrap();
    prop_oneof![
        (content(), option::of(".{0,3}")).prop_map(move |(content, reason)| Command::Define {
            service: service(),
            content,
            reason
        }),
        (expected(), change, option::of(".{0,3}")).prop_map(|(expected, change, reason)| Command::Amend {
            expected,
            change,
            reason
        }),
        (expected(), ".{0,3}").prop_map(|(expected, reason)| Command::Retire { expected, reason }),
        (expected(), ".{0,3}").prop_map(|(expected, reason)| Command::Reinstate { expected, reason }),
    ]
}

pub(crate) fn instance_command() -> impl Strategy<Value = instance::Command> {
    use instance::Command;
    prop_oneof![
        1 => registration().prop_map(Command::Register),
        1 => registration().prop_map(Command::Adopt),
        6 => (status(), any::<Option<String>>()).prop_map(|(to, reason)| Command::ChangeStatus { to, reason }),
        2 => (0..3_u8).prop_map(|n| Command::ReportConfiguration(n.into())),
        2 => any::<u32>().prop_map(|missed| Command::MarkUnhealthy { last_beat: None, missed, reason: None }),
        2 => Just(Command::Recover),
        1 => any::<String>().prop_map(|reason| Command::RequestDrain { reason }),
        1 => any::<String>().prop_map(|reason| Command::Deregister { reason }),
        1 => Just(Command::Expire { last_beat: None }),
        1 => any::<String>().prop_map(|reason| Command::Forget { reason }),
    ]
}

pub(crate) fn leadership_command() -> impl Strategy<Value = leadership::Command> {
    use leadership::Command;
    prop_oneof![
        3 => (tenure(), vec(tenure(), 0..4), any::<Option<u64>>())
            .prop_map(|(tenure, predecessors, vacancy_ms)| Command::Elect { tenure, predecessors, vacancy_ms }),
        2 => (term(), any::<String>()).prop_map(|(term, reason)| Command::Resign { term, reason }),
        1 => term().prop_map(|term| Command::Lose { term }),
        1 => (option::of(member()), any::<String>())
            .prop_map(|(to, reason)| Command::RequestStepDown { to, reason }),
    ]
}

pub(crate) fn installation_command() -> impl Strategy<Value = installation::Command> {
    use installation::Command;
    prop_oneof![
        any::<[u32; 2]>().prop_map(|[silent, alive]| Command::EnterSelfPreservation { silent, alive }),
        Just(Command::LeaveSelfPreservation),
        letter().prop_map(Command::RedriveDeadLetter),
        letter().prop_map(Command::DiscardDeadLetter),
        deletion().prop_map(Command::DeleteConsumer),
        plan_command().prop_map(Command::Plan),
    ]
}

/// Any event on a subject of its kind, with metadata of any text.
pub(crate) fn envelope() -> impl Strategy<Value = Envelope> {
    let placed = prop_oneof![
        (service().prop_map(AggregateId::Definition), definition_event().prop_map(Event::from)),
        (
            (service(), instance_name()).prop_map(|(s, i)| AggregateId::Instance(s, i)),
            instance_event().prop_map(Event::from)
        ),
        (
            (service(), group()).prop_map(|(s, g)| AggregateId::Leadership(s, g)),
            leadership_event().prop_map(Event::from)
        ),
        (Just(AggregateId::Installation), installation_event().prop_map(Event::from)),
    ];
    let text = || option::of(any::<String>());
    let tenancy = option::of((group(), any::<u64>().prop_map(Term)));
    let key = option::of("[!-~]{1,30}".prop_map(|key| IdempotencyKey::new(key).unwrap()));
    let context = (any::<String>(), time(), text(), text(), text(), tenancy, key).prop_map(
        |(actor, time, correlation, causation, traceparent, tenancy, idempotency_key)| Context {
            actor: Actor::user(&actor),
            time,
            correlation,
            causation,
            traceparent,
            tenancy,
            idempotency_key,
        },
    );
    (placed, context, any::<u128>(), any::<u64>(), any::<u64>()).prop_map(
        |((aggregate, event), context, id, version, before)| Envelope {
            id: EventId::from_uuid(Uuid::from_u128(id)),
            aggregate,
            version: AggregateVersion(version),
            context,
            previous: Hash::of("before", [], &before.to_be_bytes()),
            event,
        },
    )
}
