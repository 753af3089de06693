//! The journal on a real server.

use std::time::Duration;

use aegis_domain::aggregate::definition::{self, Change, Content};
use aegis_domain::aggregate::leadership::{ElectionReason, Tenure};
use aegis_domain::aggregate::policy::RegistrationPolicy;
use aegis_domain::aggregate::{Definition, Leadership, leadership};
use aegis_domain::wire::chain::Hash;
use aegis_domain::{Actor, AggregateId, AggregateVersion, Context, Event, EventId, Sequence, Term};
use aegis_domain::{GroupName, InstanceName, ServiceName, SessionId, Version};
use aegis_sdk::journal::cqrs::{Cqrs, CqrsEvent, CqrsStore};
use aegis_sdk::journal::{AppendError, ExecuteError, Head};
use aegis_sdk::nats::follow::{Followed, Follower, From, Message, Wanted};
use aegis_sdk::provision::provision;
use aegis_sdk::{ConnectOptions, Connection, Journal};
use aegis_testkit::NatsServer;
use chrono::Utc;
use cqrs_es::{CqrsFramework, EventStore};
use futures_util::TryStreamExt as _;
use uuid::Uuid;

async fn journal() -> (NatsServer, Connection, Journal) {
    let server = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
    provision(&connection).await.unwrap();
    let journal = Journal::new(&connection);
    (server, connection, journal)
}

pub(crate) fn service() -> ServiceName {
    ServiceName::new("trading-service").unwrap()
}

fn content(description: &str) -> Content {
    Content {
        owner: "desk".into(),
        description: description.into(),
        version: Version::new("1.0.0").unwrap(),
        min_instances: None,
        max_instances: None,
        p99_limit_ms: None,
        error_limit_percent: None,
        failover: None,
        registration: RegistrationPolicy::default(),
        labels: [].into(),
    }
}

pub(crate) fn define() -> definition::Command {
    definition::Command::Define { service: service(), content: content("trades"), reason: None }
}

pub(crate) fn context() -> Context {
    Context::new(Actor::user("alice"), Utc::now())
}

fn election(term: u64) -> (AggregateId, leadership::Command) {
    let tenure = Tenure {
        term: Term(term),
        instance: InstanceName::new("a").unwrap(),
        session: SessionId::from_uuid(Uuid::from_u128(u128::from(term))),
        reason: ElectionReason::First,
        resignation: None,
    };
    let id = AggregateId::Leadership(service(), GroupName::new("ACC-1").unwrap());
    (id, leadership::Command::Elect { tenure, predecessors: vec![], vacancy_ms: None })
}

#[tokio::test]
async fn what_is_recorded_is_read_back_with_its_chain() {
    let (_server, _, journal) = journal().await;
    let id = AggregateId::Definition(service());
    journal.execute::<Definition>(&id, define(), &context()).await.unwrap();
    for n in 1..3 {
        let change = Change { description: Some(format!("change {n}")), ..Change::default() };
        let amend = definition::Command::Amend { expected: AggregateVersion(n), change, reason: None };
        journal.execute::<Definition>(&id, amend, &context()).await.unwrap();
    }
    let events = journal.events(&id).await.unwrap();
    assert_eq!(events.len(), 3);
    let mut previous = Hash::GENESIS;
    for (recorded, version) in events.iter().zip(1..) {
        assert_eq!(recorded.envelope.version, AggregateVersion(version));
        assert_eq!(recorded.envelope.previous, previous, "event {version} breaks the chain");
        previous = recorded.hash;
    }
    assert_eq!(journal.last_sequence().await.unwrap(), Sequence(3));
}

#[tokio::test]
async fn an_aggregate_longer_than_one_batch_is_loaded_whole() {
    let (_server, _, journal) = journal().await;
    let id = AggregateId::Definition(service());
    let defined = |n| {
        Event::from(definition::DefinitionEvent::Amended {
            content: content(&format!("change {n}")),
            reason: None,
        })
    };
    journal.append(&id, Head::EMPTY, (0..900).map(defined).collect(), &context()).await.unwrap();
    let loaded = journal.load::<Definition>(&id).await.unwrap();
    assert_eq!(loaded.head.version, AggregateVersion(900));
    let more = (900..1300).map(defined).collect();
    journal.append(&id, loaded.head, more, &context()).await.unwrap();
    let loaded = journal.load::<Definition>(&id).await.unwrap();
    assert_eq!(loaded.head.version, AggregateVersion(1300));
    assert_eq!(loaded.state.content.unwrap().description, "change 1299");
}

#[tokio::test]
async fn of_two_writers_at_one_head_one_wins_and_the_other_is_told() {
    let (_server, _, journal) = journal().await;
    let id = AggregateId::Definition(service());
    let event = || {
        vec![Event::from(definition::DefinitionEvent::Defined { content: content("trades"), reason: None })]
    };
    journal.append(&id, Head::EMPTY, event(), &context()).await.unwrap();
    let second = journal.append(&id, Head::EMPTY, event(), &context()).await;
    assert!(matches!(second, Err(AppendError::Conflict)), "{second:?}");
    let batch = journal.append(&id, Head::EMPTY, [event(), event()].concat(), &context()).await;
    assert!(matches!(batch, Err(AppendError::Conflict)), "{batch:?}");
    assert_eq!(journal.events(&id).await.unwrap().len(), 1, "nothing of a refused batch is kept");
}

#[tokio::test]
async fn fifty_writers_of_one_command_record_it_once() {
    let (_server, _, journal) = journal().await;
    let id = AggregateId::Definition(service());
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (journal, id) = (journal.clone(), id.clone());
        writers.spawn(async move { journal.execute::<Definition>(&id, define(), &context()).await });
    }
    let outcomes = writers.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let refused = |outcome: &Result<_, ExecuteError<_>>| {
        matches!(
            outcome,
            Err(ExecuteError::Rejected { rejection: definition::Rejection::AlreadyDefined, .. })
        )
    };
    assert_eq!(outcomes.iter().filter(|outcome| refused(outcome)).count(), 49);
    assert_eq!(journal.events(&id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_election_closes_the_gap_before_it_in_one_batch() {
    let (_server, _, journal) = journal().await;
    let (id, first) = election(1);
    journal.execute::<Leadership>(&id, first.clone(), &context()).await.unwrap();
    journal.execute::<Leadership>(&id, first, &context()).await.unwrap();
    let (_, second) = election(2);
    let recorded = journal.execute::<Leadership>(&id, second, &context()).await.unwrap().recorded;
    let names: Vec<_> = recorded.iter().map(|r| r.envelope.event.entry().name).collect();
    assert_eq!(names, ["leader_lost", "leader_elected"]);
    assert_eq!(recorded[1].sequence, Sequence(3), "the election of term 1 is recorded once");
    assert_eq!(recorded[1].envelope.id, EventId::from_wire("trading-service/ACC-1/2"));
    assert_eq!(
        journal.events(&id).await.unwrap(),
        [journal.events(&id).await.unwrap()[..1].to_vec(), recorded].concat()
    );
}

#[tokio::test]
async fn a_follower_goes_on_after_the_server_was_killed_and_restarted() {
    let (server, _, journal) = journal().await;
    let mut follower = journal.follow(Sequence(1));
    let (id, first) = election(1);
    journal.execute::<Leadership>(&id, first, &context()).await.unwrap();
    assert_eq!(next(&mut follower).await, 1);
    server.kill();
    server.restart().await;
    let (_, second) = election(2);
    let executed =
        aegis_testkit::wait_until("an append after the restart", Duration::from_secs(20), || async {
            journal.execute::<Leadership>(&id, second.clone(), &context()).await.map_err(|e| format!("{e:?}"))
        })
        .await;
    assert!(executed.recorded.len() <= 2);
    assert_eq!((next(&mut follower).await, next(&mut follower).await), (2, 3));
}

#[tokio::test]
async fn a_follower_whose_consumer_is_deleted_or_delivers_nothing_makes_another() {
    let (_server, connection, _) = journal().await;
    let stream = connection.jetstream().get_stream(connection.namespace().events_stream()).await.unwrap();
    let consumers = async || stream.consumer_names().try_collect::<Vec<_>>().await.unwrap();
    let subject = connection.namespace().event_subject(&election(1).0);
    let record =
        async || connection.jetstream().publish(subject.clone(), "x".into()).await.unwrap().await.unwrap();
    for filters in [vec![], vec![subject.clone()]] {
        let from = record().await.sequence;
        let wanted = Wanted { filters, ..Wanted::default() };
        let name = connection.namespace().events_stream();
        let mut follower = Follower::filtered(&connection, name, From::Sequence(from), wanted);
        assert_eq!(next(&mut follower).await, from);
        for consumer in consumers().await {
            stream.delete_consumer(&consumer).await.unwrap();
        }
        let missed = record().await.sequence;
        assert_eq!(next(&mut follower).await, missed);
        // Nobody is told of this: the consumer is there, and silent.
        for consumer in consumers().await {
            let until = (Utc::now() + Duration::from_secs(3600)).timestamp();
            let until = time::OffsetDateTime::from_unix_timestamp(until).unwrap();
            stream.pause_consumer(&consumer, until).await.unwrap();
        }
        let missed = record().await.sequence;
        assert_eq!(next(&mut follower).await, missed);
    }
}

async fn next(follower: &mut Follower) -> u64 {
    next_message(follower).await.sequence
}

/// The next message, whole.
async fn next_message(follower: &mut Follower) -> Message {
    let message = async {
        loop {
            if let Followed::Message(message) = follower.next().await {
                return message;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), message).await.expect("the follower has nothing to say")
}

#[tokio::test]
async fn a_follower_tells_when_the_server_recorded_a_message_whatever_that_says_of_itself() {
    let (_server, connection, _) = journal().await;
    let stream = connection.namespace().events_stream();
    let subject = connection.namespace().event_subject(&election(1).0);
    let before = chrono::Utc::now() - Duration::from_secs(1);
    connection.jetstream().publish(subject.clone(), "x".into()).await.unwrap().await.unwrap();
    for told in ["2020-01-02T03:04:05.678901Z", "yesterday"] {
        let mut headers = async_nats::HeaderMap::new();
        headers.insert(aegis_domain::wire::header::RECORDED_AT, told);
        let sent = connection.jetstream().publish_with_headers(subject.clone(), headers, "x".into()).await;
        sent.unwrap().await.unwrap();
    }
    let mut follower = Follower::start(&connection, stream, From::Sequence(1));
    let by_server = next_message(&mut follower).await.recorded_at;
    assert!(by_server > before && by_server < chrono::Utc::now() + Duration::from_secs(1), "{by_server}");
    for _ in 0..2 {
        assert!(
            next_message(&mut follower).await.recorded_at >= by_server,
            "the log is marked as imported by nobody"
        );
    }
}

#[tokio::test]
async fn a_follower_with_filters_passes_over_every_other_subject() {
    let (_server, connection, _) = journal().await;
    let namespace = connection.namespace();
    let [a, b, c] = ["a-service", "b-service", "c-service"]
        .map(|name| namespace.event_subject(&AggregateId::Definition(ServiceName::new(name).unwrap())));
    for subject in [&a, &b, &c, &b, &a] {
        connection.jetstream().publish(subject.clone(), "x".into()).await.unwrap().await.unwrap();
    }
    for (filters, expected) in
        [(vec![a.clone()], vec![1, 5]), (vec![a, c], vec![1, 3, 5]), (vec![], vec![1, 2, 3, 4, 5])]
    {
        let mut follower = Follower::filtered(
            &connection,
            namespace.events_stream(),
            From::Sequence(1),
            Wanted { filters, ..Wanted::default() },
        );
        let mut found = Vec::new();
        while found.len() < expected.len() {
            found.push(next_message(&mut follower).await.sequence);
        }
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn what_cannot_be_read_does_not_hold_an_aggregate_of_the_control_plane() {
    let (_server, connection, journal) = journal().await;
    let id = AggregateId::Definition(service());
    let subject = connection.namespace().event_subject(&id);
    let junk = || async {
        connection.jetstream().publish(subject.clone(), "junk".into()).await.unwrap().await.unwrap();
    };
    junk().await;
    journal.execute::<Definition>(&id, define(), &context()).await.unwrap();
    junk().await;
    let change = Change { owner: Some("other".into()), ..Change::default() };
    let amend = definition::Command::Amend { expected: AggregateVersion(1), change, reason: None };
    journal.execute::<Definition>(&id, amend, &context()).await.unwrap();
    let events = journal.events(&id).await.unwrap();
    assert_eq!(events.iter().map(|e| e.sequence.get()).collect::<Vec<_>>(), [2, 4]);
    assert_eq!(events[1].envelope.previous, events[0].hash);
}

#[tokio::test]
async fn the_journal_is_a_cqrs_es_event_store() {
    let (_server, _, journal) = journal().await;
    let store = CqrsStore::new(journal.clone());
    let framework = CqrsFramework::<Cqrs<Definition>, _>::new(store.clone(), vec![], ());
    framework.execute("definition.trading-service", define()).await.unwrap();
    let again = framework.execute("definition.trading-service", define()).await;
    assert!(matches!(again, Err(cqrs_es::AggregateError::UserError(definition::Rejection::AlreadyDefined))));
    let stale =
        EventStore::<Cqrs<Definition>>::load_aggregate(&store, "definition.trading-service").await.unwrap();
    let amend = definition::Command::Amend {
        expected: AggregateVersion(1),
        change: Change { owner: Some("other".into()), ..Change::default() },
        reason: None,
    };
    framework.execute("definition.trading-service", amend).await.unwrap();
    let event = definition::DefinitionEvent::Amended { content: content("late"), reason: None };
    let late = EventStore::<Cqrs<Definition>>::commit(&store, vec![CqrsEvent(event)], stale, [].into()).await;
    assert!(matches!(late, Err(cqrs_es::AggregateError::AggregateConflict)), "{late:?}");
    assert!(
        framework.execute("nonsense", define()).await.unwrap_err().to_string().contains("names no aggregate")
    );
}
