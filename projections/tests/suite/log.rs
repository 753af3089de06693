//! Logs as services and operators would write them: commands, carried out on the aggregates.

use std::collections::BTreeMap;

use aegis_domain::aggregate::definition::{self, Change, Content};
use aegis_domain::aggregate::installation;
use aegis_domain::aggregate::instance::{self, Registration, Status};
use aegis_domain::aggregate::leadership::{self, ElectionReason, Tenure};
use aegis_domain::aggregate::policy::RegistrationPolicy;
use aegis_domain::aggregate::{Definition, Installation, Instance, Leadership};
use aegis_domain::wire::Namespace;
use aegis_domain::wire::chain::Hash;
use aegis_domain::{
    Actor, Aggregate, AggregateId, AggregateVersion, Context, Envelope, Event, EventId, GroupName,
    InstanceName, Recorded, Sequence, ServiceName, SessionId, Term, Version,
};
use aegis_projections::State;
use chrono::{DateTime, Utc};
use proptest::prelude::*;

pub(crate) fn service(name: &str) -> ServiceName {
    ServiceName::new(name).unwrap()
}

pub(crate) fn instance(name: &str) -> InstanceName {
    InstanceName::new(name).unwrap()
}

pub(crate) fn group(name: &str) -> GroupName {
    GroupName::new(name).unwrap()
}

pub(crate) fn session(n: u64) -> SessionId {
    serde_json::from_value(format!("00000000-0000-0000-0000-{:012}", n % 1_000_000_000_000).into()).unwrap()
}

pub(crate) fn content(owner: &str) -> Content {
    Content {
        owner: owner.into(),
        description: "100% trades, a_b \\ c".into(),
        version: Version::new("1.0.0").unwrap(),
        min_instances: Some(1),
        max_instances: None,
        p99_limit_ms: None,
        error_limit_percent: None,
        failover: None,
        registration: RegistrationPolicy::default(),
        labels: BTreeMap::new(),
    }
}

pub(crate) fn registration() -> Registration {
    Registration {
        version: Version::new("1.0.0").unwrap(),
        groups: vec![],
        labels: BTreeMap::new(),
        heartbeat_ms: 1000,
        record_ttl_ms: 15_000,
        legacy: false,
        life: None,
    }
}

pub(crate) fn election(term: u64, owner: &str, predecessors: &[Tenure]) -> leadership::Command {
    leadership::Command::Elect {
        tenure: tenure(term, owner),
        predecessors: predecessors.to_vec(),
        vacancy_ms: Some(term),
    }
}

pub(crate) fn tenure(term: u64, owner: &str) -> Tenure {
    Tenure {
        term: Term(term),
        instance: instance(owner),
        session: session(term),
        reason: ElectionReason::OwnerLost,
        resignation: None,
    }
}

/// The moment at which the event of this sequence is recorded.
pub(crate) fn time(sequence: u64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(1_760_000_000_000_000 + i64::try_from(sequence).unwrap()).unwrap()
}

/// A log in the making.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) events: Vec<Recorded>,
}

impl Log {
    /// Carries a command out if it is allowed, and records what happens.
    pub(crate) fn execute<A: Aggregate<Schema = aegis_domain::Registry>>(
        &mut self,
        id: &AggregateId,
        command: A::Command,
    ) -> &mut Self {
        for event in self.load::<A>(id).decide(command).unwrap_or_default() {
            self.record(id, event.into());
        }
        self
    }

    /// Records an event, allowed or not.
    pub(crate) fn record(&mut self, id: &AggregateId, event: Event) -> &mut Self {
        let sequence = self.events.len() as u64 + 1;
        let last = self.of(id).last();
        let envelope = Envelope {
            id: EventId::from_wire(&format!("event-{sequence}")),
            aggregate: id.clone(),
            version: last.map_or(AggregateVersion::ZERO, |last| last.envelope.version).next(),
            context: Context {
                correlation: (sequence.is_multiple_of(2)).then(|| format!("request-{sequence}")),
                causation: (sequence.is_multiple_of(3)).then(|| format!("cause-{sequence}")),
                ..Context::new(
                    Actor::user(if sequence.is_multiple_of(2) { "alice" } else { "bob" }),
                    time(sequence),
                )
            },
            previous: last.map_or(Hash::GENESIS, |last| last.hash),
            event,
        };
        let hash = envelope.encode(&Namespace::default()).unwrap().hash;
        self.events.push(Recorded { sequence: Sequence(sequence), hash, envelope });
        self
    }

    pub(crate) fn load<A: Aggregate<Schema = aegis_domain::Registry>>(&self, id: &AggregateId) -> A {
        A::replay(self.of(id).filter_map(|recorded| A::event(&recorded.envelope.event)))
    }

    pub(crate) fn state(&self) -> State {
        fold(&self.events)
    }

    fn of(&self, id: &AggregateId) -> impl Iterator<Item = &Recorded> {
        self.events.iter().filter(move |recorded| &recorded.envelope.aggregate == id)
    }
}

/// The registry after these events, from nothing.
pub(crate) fn fold<'a>(events: impl IntoIterator<Item = &'a Recorded>) -> State {
    let mut state = State::default();
    for recorded in events {
        state.apply(recorded);
    }
    state
}

/// Any log that the aggregates allow, over two services with a few instances and groups each.
pub(crate) fn any_log() -> impl Strategy<Value = Log> {
    proptest::collection::vec((0..2_u8, 0..3_u8, 0..16_u8, 0..7_usize), 0..80).prop_map(|steps| {
        let mut log = Log::default();
        for (which, who, what, n) in steps {
            step(&mut log, which, who, what, n);
        }
        log
    })
}

fn step(log: &mut Log, which: u8, who: u8, what: u8, n: usize) {
    let service = service(["echo", "trading-service"][usize::from(which)]);
    let name = instance(&format!("{service}-{who}"));
    let reason = || "reason".to_owned();
    let definition = AggregateId::Definition(service.clone());
    let member = AggregateId::Instance(service.clone(), name.clone());
    let group = AggregateId::Leadership(service.clone(), group(&format!("ACC-{who}")));
    let expected = log.load::<Definition>(&definition).version;
    let term = log.load::<Leadership>(&group).term.get();
    match what {
        0 => log.execute::<Definition>(
            &definition,
            definition::Command::Define { service, content: content("desk"), reason: None },
        ),
        1 => {
            let change = Change { owner: Some(format!("owner {n}")), ..Change::default() };
            log.execute::<Definition>(
                &definition,
                definition::Command::Amend { expected, change, reason: None },
            )
        }
        2 => {
            log.execute::<Definition>(&definition, definition::Command::Retire { expected, reason: reason() })
        }
        3 => log.execute::<Definition>(
            &definition,
            definition::Command::Reinstate { expected, reason: reason() },
        ),
        4 => log.execute::<Instance>(&member, instance::Command::Register(registration())),
        5..=7 => {
            let change = instance::Command::ChangeStatus { to: Status::ALL[n], reason: Some(reason()) };
            log.execute::<Instance>(&member, change)
        }
        8 => {
            // A figure that a careless reader of JSON gets wrong in its last bit.
            let figure = serde_json::json!({ "limit": 2.701_508_358_729_736_2e-20 * (n as f64 + 1.0) });
            log.execute::<Instance>(&member, instance::Command::ReportConfiguration(figure.into()))
        }
        9 => log.execute::<Instance>(
            &member,
            instance::Command::MarkUnhealthy { last_beat: None, missed: 3, reason: None },
        ),
        10 => log.execute::<Instance>(&member, instance::Command::Recover),
        11 if n == 6 => log.execute::<Instance>(&member, instance::Command::Forget { reason: reason() }),
        11 if n < 3 => log.execute::<Instance>(&member, instance::Command::RequestDrain { reason: reason() }),
        11 if n < 5 => {
            log.execute::<Instance>(&member, instance::Command::Expire { last_beat: Some(time(0)) })
        }
        11 => log.execute::<Instance>(&member, instance::Command::Deregister { reason: reason() }),
        12 => {
            let (missed, term) = (tenure(term + 1, "missed"), term + 1 + n as u64 % 2);
            log.execute::<Leadership>(&group, election(term, name.as_str(), &[missed]))
        }
        13 => {
            let resign = leadership::Command::Resign { term: Term(term), reason: reason() };
            log.execute::<Leadership>(&group, resign)
        }
        14 => {
            let command = if n < 4 {
                installation::Command::EnterSelfPreservation { silent: 4, alive: 5 }
            } else {
                installation::Command::LeaveSelfPreservation
            };
            log.execute::<Installation>(&AggregateId::Installation, command)
        }
        _ => {
            let step_down = leadership::Command::RequestStepDown { to: None, reason: reason() };
            log.execute::<Leadership>(&group, step_down)
        }
    };
}
