//! A log as a trading floor would write it: two thousand instances, their leaderships and definitions.

use std::collections::BTreeMap;

use aegis_domain::aggregate::definition::{Content, DefinitionEvent};
use aegis_domain::aggregate::instance::{InstanceEvent, Registration, Status};
use aegis_domain::aggregate::leadership::{ElectionReason, LeadershipEvent};
use aegis_domain::aggregate::policy::RegistrationPolicy;
use aegis_domain::wire::chain::Hash;
use aegis_domain::{
    Actor, AggregateId, AggregateVersion, Context, Envelope, Event, EventId, GroupName, InstanceName,
    Recorded, Sequence, ServiceName, SessionId, Term, Version,
};
use aegis_projections::State;
use aegis_projections::fact::Fact;
use aegis_sdk::Connection;
use async_nats::HeaderMap;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

const SERVICES: u64 = 20;
const INSTANCES: u64 = 2_000;
const GROUPS: u64 = 1_000;
/// So many messages are sent before the last of them is waited for.
const WINDOW: u64 = 2_000;

/// Fills the log of an installation.
pub(crate) async fn fill(connection: &Connection, events: u64) -> anyhow::Result<()> {
    let namespace = connection.namespace();
    let mut versions: BTreeMap<AggregateId, u64> = BTreeMap::new();
    for n in 1..=events {
        let envelope = envelope(n, &mut versions)?;
        let message = envelope.encode(namespace)?;
        let mut headers = HeaderMap::new();
        message.headers.iter().for_each(|(name, value)| headers.insert(*name, value.as_str()));
        if n % WINDOW == 0 || n == events {
            let publish =
                connection.jetstream().publish_with_headers(message.subject, headers, message.body.into());
            let ack = publish.await?.await?;
            anyhow::ensure!(ack.sequence == n, "the log has {} events after {n}", ack.sequence);
        } else {
            connection.client().publish_with_headers(message.subject, headers, message.body.into()).await?;
        }
    }
    Ok(())
}

/// The registry after so many events, folded from what is written and not from what is read; the server took them at these
/// times.
pub(super) fn expected(events: u64, times: &[DateTime<Utc>]) -> anyhow::Result<State> {
    let (mut state, mut versions) = (State::default(), BTreeMap::new());
    for (n, time) in (1..=events).zip(times) {
        let envelope = envelope(n, &mut versions)?;
        let recorded = Recorded { sequence: Sequence(n), hash: Hash::GENESIS, envelope };
        state.apply(Fact::from(&recorded).recorded_at(*time));
    }
    Ok(state)
}

/// A number that looks drawn, and is the same each time.
pub(super) fn scatter(n: u64) -> u64 {
    let n = (n ^ (n >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (n ^ (n >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 8
}

fn envelope(n: u64, versions: &mut BTreeMap<AggregateId, u64>) -> anyhow::Result<Envelope> {
    let drawn = scatter(n);
    let (id, event) = match drawn % 100 {
        0 => definition(n, drawn / 100)?,
        1..=30 => leadership(n, drawn / 100)?,
        _ => instance(n, drawn / 100)?,
    };
    let version = versions.entry(id.clone()).or_default();
    *version += 1;
    let time =
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::milliseconds(i64::try_from(n)? * 7);
    let mut actor = Actor::system("control-plane");
    if let AggregateId::Instance(service, instance) = &id
        && !n.is_multiple_of(3)
    {
        actor = Actor::instance(service, instance);
    }
    let mut context = Context::new(actor, time);
    context.correlation = n.is_multiple_of(4).then(|| format!("request-{n}"));
    Ok(Envelope {
        id: EventId::from_uuid(uuid(n)),
        aggregate: id,
        version: AggregateVersion(*version),
        context,
        previous: Hash::GENESIS,
        event,
    })
}

fn uuid(n: u64) -> Uuid {
    Uuid::from_u64_pair(scatter(n), n)
}

fn service(n: u64) -> anyhow::Result<ServiceName> {
    Ok(ServiceName::new(format!("service-{}", n % SERVICES))?)
}

fn member(n: u64) -> anyhow::Result<InstanceName> {
    Ok(InstanceName::new(format!("service-{}-{}", n % SERVICES, n % INSTANCES))?)
}

fn definition(n: u64, which: u64) -> anyhow::Result<(AggregateId, Event)> {
    let content = Content {
        owner: format!("desk-{}", n % 7),
        description: "calculates what the desk asks for, and answers within its budget".to_owned(),
        version: Version::new("1.4.2")?,
        min_instances: Some(2),
        max_instances: None,
        p99_limit_ms: None,
        error_limit_percent: None,
        failover: None,
        registration: RegistrationPolicy::default(),
        labels: [("region".to_owned(), "zurich".to_owned())].into(),
    };
    Ok((AggregateId::Definition(service(which)?), DefinitionEvent::Amended { content, reason: None }.into()))
}

fn leadership(n: u64, which: u64) -> anyhow::Result<(AggregateId, Event)> {
    let id = AggregateId::Leadership(service(which)?, GroupName::new(format!("ACC-{}", which % GROUPS))?);
    let event = LeadershipEvent::LeaderElected {
        term: Term(n),
        instance: member(n)?,
        session: SessionId::from_uuid(uuid(n)),
        previous: Some(member(n + 1)?),
        reason: ElectionReason::OwnerLost,
        vacancy_ms: Some(n % 1000),
    };
    Ok((id, event.into()))
}

fn instance(n: u64, which: u64) -> anyhow::Result<(AggregateId, Event)> {
    let event = match n % 6 {
        0 => InstanceEvent::Registered(Registration {
            version: Version::new("1.4.2")?,
            groups: vec![GroupName::new(format!("ACC-{}", which % GROUPS))?],
            labels: [("zone".to_owned(), "a".to_owned())].into(),
            heartbeat_ms: 1_000,
            record_ttl_ms: 15_000,
            legacy: false,
            life: None,
        }),
        1 => InstanceEvent::StatusChanged { from: Status::Starting, to: Status::Running, reason: None },
        2 => InstanceEvent::Unhealthy { last_beat: None, missed: 3, reason: None },
        3 => InstanceEvent::Recovered {},
        4 => InstanceEvent::StatusChanged {
            from: Status::Running,
            to: Status::Draining,
            reason: Some("an operator asked for it".to_owned()),
        },
        _ => InstanceEvent::Deregistered { reason: "the process was asked to end".to_owned() },
    };
    Ok((AggregateId::Instance(service(which)?, member(which)?), event.into()))
}
