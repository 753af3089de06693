//! Verification: clean where all is well, and a finding that names the place for each fault that is planted.

use std::path::Path;
use std::time::Duration;

use aegis_domain::aggregate::definition::{self, Change};
use aegis_domain::aggregate::instance;
use aegis_domain::aggregate::leadership::LeadershipEvent;
use aegis_domain::aggregate::{Definition, Instance, Leadership};
use aegis_domain::wire::Encoded;
use aegis_domain::{Aggregate as _, AggregateId, AggregateVersion, Recorded, Term};
use aegis_projections::verify::{Finding, Heads, Report, Scope, repair_entries, repair_file, verify};
use aegis_sdk::nats::bucket::Bucket;
use aegis_sdk::nats::imported;
use aegis_testkit::wait_until;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::installation::{Installation, encode};
use crate::log::{Log, content, election, group, instance as name, registration, service};

const LIMIT: Duration = Duration::from_secs(30);

fn desk() -> AggregateId {
    AggregateId::Definition(service("desk"))
}

fn first() -> AggregateId {
    AggregateId::Instance(service("desk"), name("desk-1"))
}

fn account() -> AggregateId {
    AggregateId::Leadership(service("desk"), group("ACC-1"))
}

/// Nine events: 1 and 4 of the definition, 2, 3 and 7 of the instance, the others of the group.
fn log() -> Log {
    let mut log = Log::default();
    let change = Change { owner: Some("others".to_owned()), ..Change::default() };
    log.execute::<Definition>(
        &desk(),
        definition::Command::Define { service: service("desk"), content: content("desk"), reason: None },
    )
    .execute::<Instance>(&first(), instance::Command::Register(registration()))
    .execute::<Instance>(
        &first(),
        instance::Command::ChangeStatus { to: instance::Status::Running, reason: None },
    )
    .execute::<Definition>(
        &desk(),
        definition::Command::Amend { expected: AggregateVersion(1), change, reason: None },
    )
    .execute::<Leadership>(&account(), election(1, "desk-1", &[]))
    .execute::<Leadership>(&account(), election(2, "desk-2", &[]))
    .execute::<Instance>(&first(), instance::Command::Recover)
    .execute::<Instance>(&first(), instance::Command::Deregister { reason: "done".to_owned() });
    assert_eq!(log.events.len(), 8);
    log
}

async fn report(installation: &Installation, file: Option<&Path>, heads: Option<&Heads>) -> Report {
    verify(&installation.connection, Scope { file, heads, settle: Duration::ZERO, ..Scope::default() })
        .await
        .unwrap()
}

fn texts(report: &Report) -> Vec<String> {
    report.findings.iter().map(|finding| format!("{}: {finding}", finding.code())).collect()
}

/// What is found in a log of these messages, beside that no projector has been there.
async fn found_in(messages: impl IntoIterator<Item = Encoded>, heads: Option<&Heads>) -> Vec<String> {
    let installation = Installation::start().await;
    installation.publish(messages).await;
    let mut report = report(&installation, None, heads).await;
    report.findings.retain(|finding| !finding.is_repairable());
    texts(&report)
}

fn messages() -> Vec<Encoded> {
    log().events.iter().map(encode).collect()
}

/// Another fold than the product's keeps the log whole: the chain of every aggregate is made anew.
fn chained(mut events: Vec<Recorded>) -> Vec<Encoded> {
    let mut log = Log::default();
    for recorded in events.drain(..) {
        log.record(&recorded.envelope.aggregate, recorded.envelope.event);
    }
    log.events.iter().map(encode).collect()
}

#[tokio::test]
async fn a_log_and_its_projections_are_clean_and_say_so() {
    let installation = Installation::start().await;
    let path = installation.path("a");
    let running = installation.project(&path).await;
    installation.record(&log().events).await;
    running.reaches(8).await;
    // The entries follow the file.
    let scope = Scope { file: Some(&path), ..Scope::default() };
    let report = verify(&installation.connection, scope).await.unwrap();
    assert_eq!(texts(&report), [""; 0]);
    assert_eq!((report.messages, report.events, report.aggregates, report.last.get()), (8, 8, 3, 8));
    let again = Heads::parse(&serde_json::to_string(&report.heads).unwrap()).unwrap();
    assert!(self::report(&installation, None, Some(&again)).await.is_clean());
}

#[tokio::test]
async fn a_changed_removed_inserted_or_repeated_event_is_named() {
    let amended = |owner: &str| {
        let mut messages = messages();
        let body = String::from_utf8(messages[0].body.clone()).unwrap();
        messages[0].body = body.replace("desk", owner).into_bytes();
        messages
    };
    assert_eq!(found_in(messages(), None).await, [""; 0]);
    assert_eq!(
        found_in(amended("mine"), None).await,
        [
            "chain: event 4 of definition.desk was not written after event 1 as it stands now: event 1 was changed, or one between the two removed"
        ]
    );
    let mut without = messages();
    without.remove(1);
    assert_eq!(
        found_in(without, None).await,
        [
            "chain: event 2 of instance.desk.desk-1 is the first one that is left, and was not written as the first",
            "chain: event 2 of instance.desk.desk-1 has version 2, and version 1 would be next",
        ]
    );
    let mut twice = messages();
    let mut again = twice[2].clone();
    again.headers.retain(|(header, _)| !header.eq_ignore_ascii_case("Nats-Msg-Id"));
    twice.push(again);
    let found = found_in(twice, None).await;
    assert!(
        found.len() == 2 && found.iter().all(|text| text.contains("event 9 of instance.desk.desk-1")),
        "{found:?}"
    );
    let mut junk = messages();
    junk[3].body = b"{".to_vec();
    let found = found_in(junk, None).await;
    assert!(found[0].starts_with("unreadable: message 4 on aegis.event.definition.desk"), "{found:?}");
}

#[tokio::test]
async fn a_term_that_does_not_come_after_the_last_is_named() {
    let mut log = log();
    let elected = log.events[4].envelope.event.clone();
    assert!(matches!(
        Leadership::event(&elected),
        Some(LeadershipEvent::LeaderElected { term: Term(1), .. })
    ));
    log.record(&account(), elected);
    assert_eq!(
        found_in(log.events.iter().map(encode), None).await,
        ["term: event 9 of leadership.desk.ACC-1 elects for term 1 after term 2"]
    );
}

#[tokio::test]
async fn a_log_that_was_written_anew_with_every_chain_whole_does_not_fit_the_heads() {
    let installation = Installation::start().await;
    // One log has the times at which the server took it, the other those that it was told.
    let stream = installation.connection.namespace().events_stream();
    imported::mark(&installation.connection, &stream, 0).await.unwrap();
    installation.record(&log().events).await;
    let heads = report(&installation, None, None).await.heads;
    let found = found_in(messages(), Some(&heads)).await;
    assert!(found.len() == 1 && found[0].contains("another time of record"), "{found:?}");
    let mut heads = heads;
    // Those of the first form say nothing of times.
    let of_events = serde_json::to_string(&heads).unwrap().replace("aegis-heads-2", "aegis-heads-1");
    assert!(Heads::parse(&of_events).is_err(), "a form that is not what it says");
    heads.records = None;
    let of_events = serde_json::to_string(&heads).unwrap().replace("aegis-heads-2", "aegis-heads-1");
    let heads = Heads::parse(&of_events).unwrap();
    assert_eq!(found_in(messages(), Some(&heads)).await, [""; 0], "the same messages elsewhere");
    let mut events = log().events;
    events.swap(4, 1);
    assert_eq!(found_in(chained(events), None).await, [""; 0], "by itself such a log is whole");
    let mut events = log().events;
    events.truncate(7);
    let found = found_in(chained(events), Some(&heads)).await;
    assert_eq!(found[0], "head: the heads cover 8 messages, and the log ends with message 7");
    assert!(found[1].starts_with("head: event 8 of instance.desk.desk-1, which the heads name"), "{found:?}");
    let mut events = log().events;
    let owner = definition::DefinitionEvent::Amended { content: content("mine"), reason: None };
    events[3].envelope.event = owner.into();
    let found = found_in(chained(events), Some(&heads)).await;
    assert_eq!(
        found,
        [
            "head: event 4 of definition.desk is not the one that the heads name: it was changed",
            "head: the messages up to 8 are not those that the heads were taken of: at least one was changed, removed or put in",
        ]
    );
}

#[tokio::test]
async fn a_deleted_message_is_a_gap_and_a_stream_that_allows_it_is_told() {
    let installation = Installation::unprotected().await;
    installation.record(&log().events).await;
    let stream = installation.connection.namespace().events_stream();
    let stream = installation.connection.jetstream().get_stream(stream).await.unwrap();
    for sequence in [1, 5, 6, 8] {
        stream.delete_message(sequence).await.unwrap();
    }
    let mut report = report(&installation, None, None).await;
    report.findings.retain(|finding| matches!(finding, Finding::Gap { .. } | Finding::Setting { .. }));
    assert_eq!(
        texts(&report),
        [
            "setting: the events stream can lose events: deny_delete must be true",
            "setting: the events stream can lose events: deny_purge must be true",
            "gap: message 1 of the log is missing",
            "gap: messages 5 to 6 of the log are missing",
            "gap: message 8 of the log is missing",
        ]
    );
}

#[tokio::test]
async fn an_entry_that_does_not_say_what_the_log_says_is_named_and_repaired() {
    let installation = Installation::start().await;
    let path = installation.path("a");
    {
        let running = installation.project(&path).await;
        installation.record(&log().events).await;
        running.reaches(8).await;
        let clean = || async {
            let report = report(&installation, None, None).await;
            if report.is_clean() { Ok(()) } else { Err(texts(&report).join("; ")) }
        };
        wait_until("the entries", LIMIT, clean).await;
    }
    let namespace = installation.connection.namespace().clone();
    let bucket = |name| Bucket::new(&installation.connection, name);
    let put = async |bucket: &Bucket, key: &str, value: &str| {
        let revision = bucket.read(key).await.unwrap().revision;
        bucket.put(key, value.to_owned().into(), revision, None).await.unwrap();
    };
    let (definitions, leaders) = (bucket(namespace.definitions_bucket()), bucket(namespace.leaders_bucket()));
    let entry = definitions.read("desk").await.unwrap().value.unwrap();
    let entry = String::from_utf8(entry.to_vec()).unwrap().replace("others", "mine");
    put(&definitions, "desk", &entry).await;
    put(&definitions, "ghost", "junk").await;
    let revision = leaders.read("desk.ACC-1").await.unwrap().revision;
    leaders.delete("desk.ACC-1", revision, LIMIT).await.unwrap();
    let found = report(&installation, Some(&path), None).await;
    let texts = texts(&found);
    assert_eq!(texts.len(), 3, "{texts:?}");
    assert!(texts[0].starts_with("projection: KV bucket aegis_definitions: desk: content is"), "{texts:?}");
    assert_eq!(texts[1], "projection: KV bucket aegis_definitions: ghost: the log knows nothing of it");
    assert_eq!(texts[2], "projection: KV bucket aegis_leaders: desk.ACC-1: it is missing");
    assert_eq!(repair_entries(&installation.connection, &found).await.unwrap(), 3);
    assert!(report(&installation, Some(&path), None).await.is_clean());
    // A control plane has gone on since the report: what it wrote is not taken back, nor what it wrote first.
    let old = report(&installation, None, None).await;
    let mut log = log();
    let new = AggregateId::Leadership(service("desk"), group("ACC-2"));
    log.execute::<Leadership>(&account(), election(3, "desk-1", &[]))
        .execute::<Leadership>(&new, election(1, "desk-1", &[]));
    installation.record(&log.events[8..]).await;
    let last = log.events.len() as u64;
    let _running = installation.project(&path).await;
    wait_until("the later entries", LIMIT, || async {
        let now = report(&installation, None, None).await;
        if now.is_clean() && now.last.get() == last { Ok(()) } else { Err(self::texts(&now).join("; ")) }
    })
    .await;
    assert_eq!(repair_entries(&installation.connection, &old).await.unwrap(), 0);
    assert!(report(&installation, None, None).await.is_clean());
}

#[tokio::test]
async fn a_file_that_does_not_say_what_the_log_says_is_named_and_repaired() {
    let installation = Installation::start().await;
    let path = installation.path("a");
    installation.record(&log().events).await;
    let running = installation.project(&path).await;
    running.reaches(8).await;
    assert!(repair_file(&path).await.unwrap_err().to_string().contains("is in use"));
    drop(running);
    for (statement, expected) in [
        (
            "UPDATE instances SET doc = replace(doc, 'STOPPED', 'RUNNING')",
            vec!["instance desk/desk-1: state is", "status is \"RUNNING\", and \"STOPPED\" by the log"],
        ),
        ("DELETE FROM definitions", vec!["definition desk: it is missing"]),
        ("DELETE FROM events WHERE sequence = 3", vec!["event 3 of the index: it is missing"]),
        (
            "UPDATE events SET version = 7 WHERE sequence = 8",
            vec!["event 8 of the index: version is 7, and 3 by the log"],
        ),
        (
            "UPDATE meta SET position = 5",
            vec!["group desk/ACC-1: instance is", "instance desk/desk-1: reason is"],
        ),
        ("UPDATE meta SET position = 500", vec!["the file: it stands at 500, beyond the end of the log"]),
        ("UPDATE meta SET log = 'another'", vec!["the file: it is of another log"]),
        ("PRAGMA user_version = 99", vec!["the file: it is of version 99, and this program reads version"]),
        ("DROP TABLE leaders", vec!["the file: it cannot be read"]),
    ] {
        std::fs::remove_file(&path).unwrap();
        let running = installation.project(&path).await;
        running.reaches(8).await;
        drop(running);
        edit(&path, statement).await;
        let found = report(&installation, Some(&path), None).await;
        let texts = texts(&found).join("\n");
        for expected in expected {
            assert!(texts.contains(expected), "{statement}: {texts}");
        }
        assert!(found.findings.iter().all(Finding::is_of_a_file), "{statement}: {texts}");
    }
    repair_file(&path).await.unwrap();
    let missing = report(&installation, Some(&path), None).await;
    assert!(texts(&missing)[0].ends_with("the file: there is none"), "{:?}", texts(&missing));
    let running = installation.project(&path).await;
    running.reaches(8).await;
    assert_eq!(texts(&report(&installation, Some(&path), None).await), [""; 0]);
}

async fn edit(path: &Path, statement: &'static str) {
    let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    sqlx::query(statement).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// The server keeps messages in files of its own form; one bit of a body is turned there while it is down.
#[tokio::test]
async fn one_flipped_bit_in_a_stored_event_is_named() {
    let installation = Installation::start().await;
    let server = installation.server();
    installation.record(&log().events).await;
    let body = String::from_utf8(encode(&log().events[1]).body).unwrap();
    server.stop().await;
    let flipped = flip(server.data_dir(), body.as_bytes());
    assert_eq!(flipped, 1, "the body stands in one place");
    server.restart().await;
    let found = wait_until("a verification", LIMIT, || async {
        verify(&installation.connection, Scope::default()).await.map_err(|e| format!("{e:?}"))
    })
    .await;
    let found: Vec<_> = texts(&found).into_iter().filter(|text| !text.starts_with("projection")).collect();
    assert!(!found.is_empty() && found.iter().any(|text| text.contains('2')), "{found:?}");
}

/// Turns one bit in each place where the text stands; answers how many there are.
fn flip(folder: &Path, text: &[u8]) -> usize {
    let mut flipped = 0;
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            flipped += flip(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "blk") {
            let mut bytes = std::fs::read(&path).unwrap();
            if let Some(at) = bytes.windows(text.len()).position(|window| window == text) {
                bytes[at + text.len() / 2] ^= 1;
                std::fs::write(&path, bytes).unwrap();
                flipped += 1;
            }
        }
    }
    flipped
}
