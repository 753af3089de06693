//! An aggregate of one's own, that of the example, on a real server.

#[path = "../../examples/ledger/account.rs"]
mod account;

use account::{Account, AccountEvent, AccountId, Command, Ledger, Rejection};
use aegis_domain::wire::Namespace;
use aegis_domain::wire::chain::Hash;
use aegis_domain::wire::header::ce;
use aegis_domain::{Actor, Context, Schema as _, Sequence};
use aegis_sdk::journal::cqrs::{Cqrs, CqrsEvent, CqrsStore};
use aegis_sdk::journal::{ExecuteError, Head, LoadError};
use aegis_sdk::nats::provision::ProvisionError;
use aegis_sdk::{ConnectOptions, Connection, Journal};
use aegis_testkit::NatsServer;
use async_nats::HeaderMap;
use chrono::Utc;
use cqrs_es::CqrsFramework;
use cqrs_es::test::TestFramework;

const ID: AccountId = AccountId(7);

async fn ledger() -> (NatsServer, Connection, Journal<Ledger>) {
    let server = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
    let journal = Journal::of(&connection);
    journal.provision().await.unwrap();
    (server, connection, journal)
}

fn context() -> Context {
    Context::new(Actor::user("alice"), Utc::now())
}

fn deposited(cents: u64) -> AccountEvent {
    AccountEvent::Deposited { cents, currency: "CHF".to_owned() }
}

/// Publishes a message as another version of the program would have.
async fn publish(connection: &Connection, event_type: &str, version: u64, previous: Hash, body: &str) {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (ce::SPECVERSION, "1.0"),
        (ce::ID, "of-another-version"),
        (ce::TYPE, event_type),
        (ce::TIME, "2020-01-01T00:00:00Z"),
        (ce::ACTOR, "user:alice"),
        (ce::VERSION, &version.to_string()),
        (ce::PREVIOUS, &previous.to_string()),
    ] {
        headers.insert(name, value);
    }
    let subject = connection.namespace().subject_of::<Ledger>(&ID);
    let sent = connection.jetstream().publish_with_headers(subject, headers, body.to_owned().into()).await;
    sent.unwrap().await.unwrap();
}

#[tokio::test]
async fn money_is_booked_once_by_however_many_writers_at_once() {
    let (_server, _, journal) = ledger().await;
    journal.execute::<Account>(&ID, Command::Deposit(1_000), &context()).await.unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let journal = journal.clone();
        writers.spawn(async move {
            loop {
                match journal.execute::<Account>(&ID, Command::Withdraw(100), &context()).await {
                    Ok(_) => return true,
                    Err(ExecuteError::Rejected(Rejection::Insufficient { .. })) => return false,
                    // A bounded number of conflicts in a row: nothing was recorded, and it may be tried again.
                    Err(ExecuteError::Contended { attempts: 8 }) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
        });
    }
    let booked = writers.join_all().await.into_iter().filter(|booked| *booked).count();
    let loaded = journal.load::<Account>(&ID).await.unwrap();
    assert_eq!((booked, loaded.state.balance, loaded.head.version.get()), (10, 0, 11));
}

#[tokio::test]
async fn an_event_of_an_older_version_is_read_as_one_of_the_current() {
    let (_server, connection, journal) = ledger().await;
    publish(&connection, "ledger.deposited.v1", 1, Hash::GENESIS, r#"{"francs":3}"#).await;
    assert_eq!(journal.load::<Account>(&ID).await.unwrap().state.balance, 300);
    journal.execute::<Account>(&ID, Command::Withdraw(50), &context()).await.unwrap();
    let events = journal.events(&ID).await.unwrap();
    assert_eq!(events[0].envelope.event, deposited(300));
    assert_eq!(events[1].envelope.previous, events[0].hash, "the chain is over what is stored");
}

#[tokio::test]
async fn nothing_is_decided_on_half_of_a_history() {
    let (_server, connection, journal) = ledger().await;
    for (event_type, body) in [
        ("ledger.frozen.v1", "{}"),
        ("ledger.deposited.v3", "{}"),
        ("ledger.deposited.v1", r#"{"francs":"three"}"#),
        ("ledger.withdrawn.v1", r#"{"cents":-1,"currency":"CHF"}"#),
    ] {
        publish(&connection, event_type, 1, Hash::GENESIS, body).await;
        let sequence = journal.last_sequence().await.unwrap().get();
        let outcome = journal.execute::<Account>(&ID, Command::Deposit(1), &context()).await;
        assert!(
            matches!(&outcome, Err(ExecuteError::Load(LoadError::Undecodable { sequence: 1, .. }))),
            "{event_type}: {outcome:?}"
        );
        assert_eq!(journal.last_sequence().await.unwrap(), Sequence(sequence), "nothing was recorded");
    }
}

#[tokio::test]
async fn a_message_that_is_no_event_is_passed_over() {
    let (_server, connection, journal) = ledger().await;
    let subject = connection.namespace().subject_of::<Ledger>(&ID);
    connection.jetstream().publish(subject.clone(), "junk".into()).await.unwrap().await.unwrap();
    journal.execute::<Account>(&ID, Command::Deposit(5), &context()).await.unwrap();
    connection.jetstream().publish(subject, "junk".into()).await.unwrap().await.unwrap();
    journal.execute::<Account>(&ID, Command::Deposit(6), &context()).await.unwrap();
    let loaded = journal.load::<Account>(&ID).await.unwrap();
    assert_eq!((loaded.state.balance, loaded.head.sequence), (11, Sequence(4)));
}

#[tokio::test]
async fn a_stream_that_could_lose_events_is_refused() {
    let (_server, connection, _) = ledger().await;
    let name = Ledger::stream(&Namespace::new("desk").unwrap());
    assert_eq!(name, "DESK_JOURNAL_LEDGER");
    let options =
        ConnectOptions { namespace: Namespace::new("desk").unwrap(), ..connection.options().clone() };
    let config = async_nats::jetstream::stream::Config {
        name,
        subjects: vec!["desk.journal.ledger.>".to_owned()],
        allow_direct: true,
        allow_atomic_publish: true,
        ..Default::default()
    };
    connection.jetstream().create_stream(config).await.unwrap();
    let desk = Connection::open(options).await.unwrap();
    let refused = Journal::<Ledger>::of(&desk).provision().await;
    assert!(
        matches!(refused, Err(ProvisionError::Mismatch { setting: "deny_delete and deny_purge", .. })),
        "{refused:?}"
    );
}

#[test]
fn the_aggregate_passes_the_frameworks_own_tests() {
    let account = || TestFramework::<Cqrs<Account>>::with(());
    account()
        .given_no_previous_events()
        .when(Command::Deposit(5))
        .then_expect_events(vec![CqrsEvent(deposited(5))]);
    account()
        .given(vec![CqrsEvent(deposited(5))])
        .when(Command::Withdraw(6))
        .then_expect_error(Rejection::Insufficient { balance: 5, asked: 6 });
}

#[tokio::test]
async fn the_framework_runs_on_its_journal() {
    let (_server, _, journal) = ledger().await;
    let framework = CqrsFramework::<Cqrs<Account>, _>::new(CqrsStore::new(journal.clone()), vec![], ());
    framework.execute("account.7", Command::Deposit(5)).await.unwrap();
    let refused = framework.execute("account.7", Command::Withdraw(6)).await;
    assert!(matches!(refused, Err(cqrs_es::AggregateError::UserError(Rejection::Insufficient { .. }))));
    let unknown = framework.execute("account.x", Command::Deposit(5)).await.unwrap_err();
    assert!(unknown.to_string().contains("names no aggregate"), "{unknown}");
    let events = vec![deposited(1); 1001];
    let many = journal.append(&ID, Head::EMPTY, events, &context()).await.unwrap_err();
    assert_eq!(many.to_string(), "1001 events are more than the 1000 of one append");
}
