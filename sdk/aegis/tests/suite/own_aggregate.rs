//! An aggregate of one's own, that of the example, on a real server.

#[path = "../../examples/ledger/account.rs"]
mod account;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use account::{Account, AccountEvent, AccountId, Command, Ledger, Rejection};
use aegis_domain::wire::Namespace;
use aegis_domain::wire::chain::Hash;
use aegis_domain::wire::header::ce;
use aegis_domain::{
    Actor, Context, ErrorCode, GroupName, IdempotencyKey, Recorded, Schema as _, Sequence, Term,
};
use aegis_sdk::dead_letters::Newest;
use aegis_sdk::journal::cqrs::{Cqrs, CqrsEvent, CqrsStore};
use aegis_sdk::journal::{AppendError, ExecuteError, Head, KEYS_MAX, LoadError};
use aegis_sdk::nats::bucket::{Bucket, Slot};
use aegis_sdk::nats::provision::ProvisionError;
use aegis_sdk::provision::provision;
use aegis_sdk::service::Publication;
use aegis_sdk::{
    Call, CommandContext, Commands, ConnectOptions, Connection, DeadLetters, EventContext, Events, Fault,
    Journal, JournalWithin, SendOptions, Service, ServiceConfig, Start, Subscribe,
};
use aegis_testkit::{NatsServer, wait_until};
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
                    Err(ExecuteError::Rejected { rejection: Rejection::Insufficient { .. }, .. }) => {
                        return false;
                    }
                    // A bounded number of conflicts in a row: nothing was recorded, and it may be tried again.
                    Err(ExecuteError::Append(AppendError::Conflict)) => {}
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

/// A snapshot of [`ID`], as it is kept.
async fn snapshot(connection: &Connection) -> (Bucket, Slot) {
    let bucket = Bucket::new(connection, connection.namespace().snapshots_bucket());
    let slot = bucket.read("ledger.account.7").await.unwrap();
    (bucket, slot)
}

/// Which build this is, is found out beside the first loads.
async fn until_kept(connection: &Connection, journal: &Journal<Ledger>) -> (Bucket, Slot) {
    wait_until("a snapshot", Duration::from_secs(20), || async {
        journal.load::<Account>(&ID).await.map_err(|error| error.to_string())?;
        let (bucket, slot) = snapshot(connection).await;
        if slot.value.is_some() { Ok((bucket, slot)) } else { Err("there is none".to_owned()) }
    })
    .await
}

async fn deposit(journal: &Journal<Ledger>, count: usize) {
    let head = journal.load::<Account>(&ID).await.unwrap().head;
    journal.append(&ID, head, vec![deposited(1); count], &context()).await.unwrap();
}

#[tokio::test]
async fn a_journal_that_nobody_provisioned_is_made_on_its_first_use_or_named_with_the_remedy() {
    let users = "authorization { users = [ { user: all, password: p }, { user: app, password: p, permissions: { publish: { deny: [\"$JS.API.STREAM.CREATE.>\"] } } } ] }";
    let server = NatsServer::builder().config(users).start().await;
    let open = async |user: &str| {
        let url = server.url().replace("nats://", &format!("nats://{user}:p@"));
        Connection::open(ConnectOptions::new(url, "test")).await.unwrap()
    };
    let app = Journal::<Ledger>::of(&open("app").await);
    let refused = app.execute::<Account>(&ID, Command::Deposit(1), &context()).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::PermissionDenied);
    let text = refused.to_string();
    assert!(text.contains("AEGIS_JOURNAL_LEDGER") && text.contains("`Journal::provision`"), "{text}");
    let all = Journal::<Ledger>::of(&open("all").await);
    assert_eq!(all.execute::<Account>(&ID, Command::Deposit(1), &context()).await.unwrap().state.balance, 1);
    assert_eq!(app.execute::<Account>(&ID, Command::Deposit(1), &context()).await.unwrap().state.balance, 2);
}

#[tokio::test]
async fn a_command_answers_the_state_that_it_led_to() {
    let (_server, _, journal) = ledger().await;
    for (command, balance) in [(Command::Deposit(7), 7), (Command::Withdraw(3), 4)] {
        let executed = journal.execute::<Account>(&ID, command, &context()).await.unwrap();
        let loaded = journal.load::<Account>(&ID).await.unwrap();
        assert_eq!((executed.state.balance, executed.repeated), (balance, false));
        assert_eq!((executed.state, executed.head), (loaded.state, loaded.head));
    }
}

#[tokio::test]
async fn a_long_aggregate_is_read_from_a_snapshot_of_this_build_without_being_told_to() {
    let (_server, connection, journal) = ledger().await;
    deposit(&journal, 99).await;
    journal.load::<Account>(&ID).await.unwrap();
    assert!(snapshot(&connection).await.1.value.is_none(), "a short one needs none");
    deposit(&journal, 1).await;
    let whole = journal.load::<Account>(&ID).await.unwrap();
    let (bucket, slot) = until_kept(&connection, &journal).await;
    let mut kept: serde_json::Value = serde_json::from_slice(&slot.value.unwrap()).unwrap();
    // What stands in it counts: seen by one that says something else.
    kept["state"]["balance"] = 5_000.into();
    let revision =
        bucket.put("ledger.account.7", kept.to_string().into(), slot.revision, None).await.unwrap();
    let executed = journal.execute::<Account>(&ID, Command::Withdraw(1), &context()).await.unwrap();
    assert_eq!(executed.state.balance, 4_999);
    // Another build may fold otherwise: this one reads all there is, and keeps its own.
    kept["shape"] = "of another build".into();
    bucket.put("ledger.account.7", kept.to_string().into(), revision, None).await.unwrap();
    let loaded = journal.load::<Account>(&ID).await.unwrap();
    assert_eq!(loaded.state.balance, whole.state.balance - 1);
    let (_, slot) = snapshot(&connection).await;
    let kept: serde_json::Value = serde_json::from_slice(&slot.value.unwrap()).unwrap();
    assert_eq!((&kept["version"], &kept["state"]["balance"]), (&101.into(), &99.into()));
}

#[tokio::test]
async fn a_command_that_comes_again_under_its_key_is_carried_out_once() {
    let (_server, connection, journal) = ledger().await;
    let key = |key: &str| context().with_key(IdempotencyKey::new(key).unwrap());
    journal.execute::<Account>(&ID, Command::Deposit(1_000), &key("opened")).await.unwrap();
    // Of twenty at once one is carried out, and all are answered with what was recorded of it.
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (journal, context) = (journal.clone(), key("withdrawn"));
        calls.spawn(async move {
            loop {
                match journal.execute::<Account>(&ID, Command::Withdraw(600), &context).await {
                    Err(ExecuteError::Append(AppendError::Conflict)) => {}
                    outcome => return outcome.unwrap(),
                }
            }
        });
    }
    let outcomes = calls.join_all().await;
    assert_eq!(outcomes.iter().filter(|executed| !executed.repeated).count(), 1);
    for executed in &outcomes {
        let [recorded] = &executed.recorded[..] else { panic!("{executed:?}") };
        assert_eq!((recorded.sequence, executed.state.balance), (Sequence(2), 400));
    }
    // The key is known from a snapshot, too, and long after other commands.
    deposit(&journal, 300).await;
    until_kept(&connection, &journal).await;
    let again = journal.execute::<Account>(&ID, Command::Withdraw(600), &key("withdrawn")).await.unwrap();
    assert_eq!((again.repeated, again.recorded[0].sequence, again.state.balance), (true, Sequence(2), 700));
    assert_eq!(journal.last_sequence().await.unwrap(), Sequence(302));
    // What was refused recorded nothing, and is decided anew.
    let refused = journal.execute::<Account>(&ID, Command::Withdraw(701), &key("more")).await;
    let refused = refused.unwrap_err();
    assert!(
        matches!(refused, ExecuteError::Rejected { rejection: Rejection::Insufficient { .. }, .. }),
        "{refused:?}"
    );
    let told = Fault::from(refused);
    assert_eq!(
        (told.code(), told.message()),
        ("INVALID_INPUT", "the balance is 700 cents, and 701 were asked for")
    );
    deposit(&journal, 1).await;
    assert!(!journal.execute::<Account>(&ID, Command::Withdraw(701), &key("more")).await.unwrap().repeated);
}

#[tokio::test]
async fn the_keys_of_the_last_commands_are_known_and_no_more() {
    let (_server, _, journal) = ledger().await;
    let key = |n: usize| context().with_key(IdempotencyKey::new(format!("call-{n}")).unwrap());
    let mut head = Head::EMPTY;
    for n in 0..=KEYS_MAX {
        let recorded = journal.append(&ID, head, vec![deposited(1); 2], &key(n)).await.unwrap();
        head = Head::after(recorded.last().unwrap());
    }
    let oldest = journal.execute::<Account>(&ID, Command::Deposit(5), &key(1)).await.unwrap();
    assert!(oldest.repeated);
    let sequences: Vec<_> = oldest.recorded.iter().map(|recorded| recorded.sequence.get()).collect();
    assert_eq!(sequences, [3, 4]);
    let forgotten = journal.execute::<Account>(&ID, Command::Deposit(5), &key(0)).await.unwrap();
    assert!(!forgotten.repeated);
}

#[tokio::test]
async fn an_owner_whose_term_is_over_records_nothing() {
    let (_server, connection, journal) = ledger().await;
    let account = GroupName::new("ACC-7").unwrap();
    let under = |term: u64| context().with_term(account.clone(), Term(term));
    let deposit = async |term: u64| journal.execute::<Account>(&ID, Command::Deposit(1), &under(term)).await;
    deposit(5).await.unwrap();
    // Of two owners the older one still may, until the newer one has recorded anything.
    deposit(5).await.unwrap();
    deposit(6).await.unwrap();
    for refused in [5, 1, u64::MAX] {
        let error = deposit(refused).await.unwrap_err();
        assert!(matches!(error, ExecuteError::NotAdmitted(_)), "{error:?}");
        assert_eq!(error.code(), ErrorCode::StaleTerm);
    }
    assert_eq!(journal.last_sequence().await.unwrap(), Sequence(3));
    // Also where the events of the newer owner stand before a snapshot; those of other groups have terms of their own.
    journal
        .append(&ID, journal.load::<Account>(&ID).await.unwrap().head, vec![deposited(1); 200], &context())
        .await
        .unwrap();
    until_kept(&connection, &journal).await;
    deposit(5).await.unwrap_err();
    let other = context().with_term(GroupName::new("ACC-8").unwrap(), Term(1));
    journal.execute::<Account>(&ID, Command::Deposit(1), &other).await.unwrap();
    deposit(6).await.unwrap();
}

/// Takes two steps, and fails at its first try after both.
async fn deposit_twice(journal: JournalWithin<Ledger>, cents: u64, attempt: u32) -> Result<(), Fault> {
    for _ in 0..2 {
        journal.execute::<Account>(&ID, Command::Deposit(cents)).await.unwrap();
    }
    if attempt == 1 { Err(Fault::later(Duration::from_millis(1), "once more")) } else { Ok(()) }
}

#[tokio::test]
async fn a_handler_that_runs_again_records_nothing_twice() {
    let (server, connection, journal) = ledger().await;
    provision(&connection).await.unwrap();
    let mut config = ServiceConfig::new("bank", "1.0.0").unwrap();
    config.nats_url = server.url();
    // Each runs twice for the same cause, and takes two steps.
    let service = Service::builder(config)
        .rpc("deposit", |call: Call, cents: u64| async move {
            let journal = call.journal::<Ledger>();
            let first = journal.execute::<Account>(&ID, Command::Deposit(cents)).await;
            let second = call.journal::<Ledger>().execute::<Account>(&ID, Command::Deposit(cents)).await;
            let (first, second) = (first.unwrap(), second.unwrap());
            Ok::<_, Fault>((second.state.balance, first.repeated && second.repeated))
        })
        .command("deposit", |context: CommandContext, cents: u64| async move {
            deposit_twice(context.journal(), cents, context.attempt).await
        })
        .on_event("bank.paid", |context: EventContext, cents: u64| async move {
            deposit_twice(context.journal(), cents, context.attempt).await
        })
        .start()
        .await
        .unwrap();
    for repeated in [false, true] {
        let mut headers = HeaderMap::new();
        headers.insert("Aegis-Request-Id", "the-same");
        let reply =
            connection.client().request_with_headers("rpc.bank.deposit", headers, "5".into()).await.unwrap();
        assert_eq!(reply.payload, format!("[10,{repeated}]"));
    }
    let another = connection.client().request("rpc.bank.deposit", "5".into()).await.unwrap();
    assert_eq!(another.payload, "[20,false]");
    let commands = Commands::new(&connection);
    let bank = "bank".parse().unwrap();
    let mut sent = commands.send(&bank, "deposit", &100_u64, SendOptions::default()).await.unwrap();
    sent.result::<()>().await.unwrap();
    assert_eq!(journal.load::<Account>(&ID).await.unwrap().state.balance, 220);
    let events = Events::new(&connection);
    events.publish("bank", "paid", &1_000_u64).await.unwrap();
    wait_until("the event's deposits", Duration::from_secs(20), || async {
        let balance = journal.load::<Account>(&ID).await.unwrap().state.balance;
        if balance == 2_220 { Ok(()) } else { Err(balance.to_string()) }
    })
    .await;
    let sequence = journal.last_sequence().await.unwrap();
    service.stop("done").await.unwrap();
    assert_eq!((journal.last_sequence().await.unwrap(), sequence), (sequence, Sequence(8)));
    let events = journal.events(&ID).await.unwrap();
    let causes: Vec<_> =
        events.iter().map(|event| event.envelope.context.correlation.clone().unwrap()).collect();
    assert_eq!(causes[..2], ["the-same", "the-same"]);
    assert!(causes[4] == causes[5] && causes[5] != causes[6] && causes[6] == causes[7], "{causes:?}");
    for event in events {
        assert!(event.envelope.context.actor.as_str().starts_with("instance:bank/"), "{event:?}");
        assert!(event.envelope.context.traceparent.is_some());
    }
}

/// A service that follows the journal and publishes of it; what it was told goes into the list.
async fn follower(server: &NatsServer, told: &Arc<Mutex<Vec<(u64, u64)>>>) -> Service {
    let mut config = ServiceConfig::new("statements", "1.0.0").unwrap();
    config.nats_url = server.url();
    let told = Arc::clone(told);
    Service::builder(config)
        .on_recorded(
            Subscribe::to("account.*").from(Start::Beginning),
            move |context: EventContext, event: Recorded<Ledger>| {
                let told = Arc::clone(&told);
                async move {
                    assert_eq!(context.event.id().unwrap(), event.envelope.id.as_str());
                    let AccountEvent::Deposited { cents, .. } = event.envelope.event else { return Ok(()) };
                    match cents {
                        13 => Err(Fault::never("an unlucky number")),
                        // The first try of each fails.
                        _ if context.attempt == 1 => Err(Fault::later(Duration::from_millis(1), "once more")),
                        cents => {
                            told.lock().unwrap().push((event.sequence.get(), cents));
                            Ok(())
                        }
                    }
                }
            },
        )
        .publish_recorded(Subscribe::to(">").from(Start::Beginning), |event: &Recorded<Ledger>| {
            let AccountEvent::Deposited { cents, .. } = &event.envelope.event else { return None };
            let id = event.envelope.aggregate.to_string();
            Some(Publication { domain: "bank".into(), event_type: format!("{id}.deposited"), body: *cents })
        })
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn what_is_recorded_is_handled_in_order_and_published_once_also_what_came_while_nobody_was_there() {
    let (server, connection, journal) = ledger().await;
    provision(&connection).await.unwrap();
    let deposit = async |cents: u64| {
        journal.execute::<Account>(&ID, Command::Deposit(cents), &context()).await.unwrap();
    };
    deposit(1).await;
    let told: Arc<Mutex<Vec<(u64, u64)>>> = Arc::default();
    let heard = async |expected: &[(u64, u64)]| {
        wait_until("what was recorded", Duration::from_secs(20), async || {
            let told = told.lock().unwrap();
            if *told == expected { Ok(()) } else { Err(format!("{told:?}")) }
        })
        .await;
    };
    let service = follower(&server, &told).await;
    deposit(2).await;
    deposit(13).await;
    journal.execute::<Account>(&ID, Command::Withdraw(1), &context()).await.unwrap();
    deposit(3).await;
    heard(&[(1, 1), (2, 2), (5, 3)]).await;
    service.stop("a new version").await.unwrap();
    deposit(4).await;
    let service = follower(&server, &told).await;
    heard(&[(1, 1), (2, 2), (5, 3), (6, 4)]).await;
    // Each deposit was published once, under the id of the event in the journal.
    let recorded = journal.events(&ID).await.unwrap();
    let stream = connection.jetstream().get_stream("EVENTS").await.unwrap();
    let published = async || {
        let mut published = Vec::new();
        for sequence in 1..=stream.get_info().await.unwrap().state.last_sequence {
            let message = stream.get_raw_message(sequence).await.unwrap();
            assert_eq!(message.subject.as_str(), "events.bank.account.7.deposited");
            assert_eq!(message.headers.get("Aegis-Actor").unwrap().as_str(), "user:alice");
            let id = message.headers.get("Nats-Msg-Id").unwrap().to_string();
            let of = id.strip_suffix("/statements/publish_ledger_all").unwrap();
            let of = recorded.iter().find(|event| event.envelope.id.as_str() == of).expect("its event");
            published.push((of.sequence.get(), String::from_utf8(message.payload.to_vec()).unwrap()));
        }
        published
    };
    let expected = [(1, "1"), (2, "2"), (3, "13"), (5, "3"), (6, "4")];
    wait_until("what is published", Duration::from_secs(20), async || {
        let published = published().await;
        let same = published.iter().map(|(sequence, body)| (*sequence, body.as_str())).eq(expected);
        if same { Ok(()) } else { Err(format!("{published:?}")) }
    })
    .await;
    // A journal is never written again: the dead letter says so, and what to do.
    let letters = DeadLetters::new(&connection);
    let letter = letters.list(Newest::most(10)).await.unwrap().letters.remove(0);
    let refused = letters.redrive(letter.id(), "mended", &Actor::user("alice")).await.unwrap_err();
    assert!(refused.to_string().contains("message 3 of the journal ledger"), "{refused}");
    service.stop("the test ends").await.unwrap();
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
