//! Journals of users, written by the SDK: verified, printed and asked for by name alone. What others write there harms nobody.

use aegis_domain::wire::header;
use aegis_sdk::domain::{Actor, Context};
use aegis_sdk::{Connection, Journal};
use aegis_testkit::{NatsServer, Proc};
use async_nats::HeaderMap;
use chrono::Utc;
use serde_json::{Value, json};

use crate::account::{Account, AccountId, Command, Ledger};
use crate::fleet::connection;
use crate::support::{ControlPlane, PATIENCE, aegis};

/// What a command prints on standard output and on standard error, and whether it succeeded.
async fn run(nats: &NatsServer, args: &[&str]) -> (bool, Vec<String>) {
    let process: Proc = aegis().args(args).env("NATS_URL", nats.url()).spawn();
    let status = process.wait_exit(PATIENCE).await;
    (status.success(), process.lines())
}

/// An installation with five bookings on two accounts: 1, 2 and 4 of the first, 3 and 5 of the second.
async fn booked() -> (NatsServer, Connection) {
    let nats = NatsServer::start().await;
    let connection = connection(&nats).await;
    aegis_sdk::provision::provision(&connection).await.unwrap();
    book(&connection).await;
    (nats, connection)
}

async fn book(connection: &Connection) {
    let journal = Journal::<Ledger>::of(connection);
    journal.provision().await.unwrap();
    let context = Context::new(Actor::user("alice"), Utc::now());
    for (account, command) in [
        (1, Command::Deposit(10_000)),
        (1, Command::Withdraw(2_500)),
        (2, Command::Deposit(700)),
        (1, Command::Deposit(1)),
        (2, Command::Withdraw(700)),
    ] {
        journal.execute::<Account>(&AccountId(account), command, &context).await.unwrap();
    }
}

/// Messages of somebody else: without headers, on a subject that names no aggregate, and with an event's headers and no JSON.
async fn write_foreign(connection: &Connection) {
    let jetstream = connection.jetstream();
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (header::ce::ID, "foreign\u{202e}"),
        (header::ce::TYPE, "ledger.forged.v1"),
        (header::ce::TIME, "2026-01-02T12:00:00Z"),
        (header::ce::VERSION, "1"),
        (header::ce::ACTOR, "user:mallory"),
        (header::ce::PREVIOUS, &"0".repeat(64)),
    ] {
        headers.insert(name, value);
    }
    for (subject, headers, body) in [
        ("aegis.journal.ledger.account.1", HeaderMap::new(), &b"\x1b[2J"[..]),
        ("aegis.journal.ledger.a\u{e4}b", headers.clone(), b"{}"),
        ("aegis.journal.ledger.account.9", headers, b"\xff\xfe"),
    ] {
        let sent = jetstream.publish_with_headers(subject, headers, body.to_vec().into()).await;
        sent.unwrap().await.unwrap();
    }
}

/// Replaces a message by one with another body, as whoever has the disk could.
async fn forge(connection: &Connection, sequence: u64) {
    let jetstream = connection.jetstream();
    let stream = jetstream.get_stream("AEGIS_JOURNAL_LEDGER").await.unwrap();
    let mut stored = Vec::new();
    for at in 1..=stream.cached_info().state.last_sequence {
        stored.push(stream.get_raw_message(at).await.unwrap());
    }
    let config = stream.cached_info().config.clone();
    jetstream.delete_stream(&config.name).await.unwrap();
    jetstream.create_stream(config).await.unwrap();
    for message in stored {
        let body = if message.sequence == sequence {
            r#"{"cents":1,"currency":"CHF"}"#.into()
        } else {
            message.payload
        };
        let headers = message.headers.iter().filter(|(name, _)| !name.to_string().starts_with("Nats-"));
        let mut kept = HeaderMap::new();
        for (name, values) in headers {
            values.iter().for_each(|value| kept.append(name.clone(), value.clone()));
        }
        jetstream.publish_with_headers(message.subject, kept, body).await.unwrap().await.unwrap();
    }
}

#[tokio::test]
async fn a_journal_is_verified_without_its_schema_and_a_changed_event_is_named() {
    let (nats, connection) = booked().await;
    let (ok, lines) = run(&nats, &["verify"]).await;
    assert!(ok && lines[0].contains("journals of users ledger"), "{lines:?}");
    let (ok, lines) = run(&nats, &["verify", "--journal", "ledger"]).await;
    let clean = "clean: AEGIS_JOURNAL_LEDGER up to 5, 5 events in 5 messages, 2 chains, digest ";
    assert!(ok && lines.len() == 1 && lines[0].starts_with(clean), "{lines:?}");
    let (ok, lines) = run(&nats, &["verify", "--all"]).await;
    let told = |of: &str| lines.iter().any(|line| line.starts_with("clean: ") && line.contains(of));
    assert!(ok && told("AEGIS_EVENTS") && told("AEGIS_JOURNAL_LEDGER"), "{lines:?}");
    let (ok, lines) = run(&nats, &["verify", "--journal", "LEDGER"]).await;
    assert!(
        !ok && lines.iter().any(|line| line.contains("NOT_FOUND") && line.contains("there are ledger")),
        "{lines:?}"
    );

    let folder = tempfile::tempdir().unwrap();
    let heads = folder.path().join("heads.json");
    let heads = heads.to_str().unwrap();
    let (ok, _) = run(&nats, &["verify", "--journal", "ledger", "--export-heads", heads]).await;
    assert!(ok);
    let (ok, lines) = run(&nats, &["verify", "--journal", "ledger", "--heads", heads]).await;
    assert!(ok, "{lines:?}");
    forge(&connection, 2).await;
    let (ok, lines) = run(&nats, &["verify", "--journal", "ledger", "--json"]).await;
    let finding: Value = serde_json::from_str(&lines[0]).unwrap();
    assert!(!ok && finding["finding"] == "chain", "{lines:?}");
    let detail = finding["detail"].as_str().unwrap();
    assert!(detail.contains("event 4 of account.1") && detail.contains("event 2 was changed"), "{detail}");
    let summary: Value = serde_json::from_str(&lines[1]).unwrap();
    assert_eq!((&summary["findings"], &summary["aggregates"]), (&json!(1), &json!(2)));
    let (ok, lines) = run(&nats, &["verify", "--all"]).await;
    assert!(!ok && lines.iter().any(|line| line.contains("findings in the journals ledger")), "{lines:?}");
    // The last event of a chain is held by heads alone.
    let (_, lines) = run(&nats, &["verify", "--journal", "ledger", "--heads", heads]).await;
    assert!(lines.iter().any(|line| line.starts_with("head ")), "{lines:?}");
}

#[tokio::test]
async fn messages_of_others_in_a_journal_are_named_and_stop_nothing() {
    let (nats, connection) = booked().await;
    write_foreign(&connection).await;
    let (ok, lines) = run(&nats, &["verify", "--journal", "ledger"]).await;
    let unreadable = |sequence: u64| {
        lines
            .iter()
            .any(|line| line.starts_with("unreadable") && line.contains(&format!("message {sequence} on")))
    };
    assert!(!ok && unreadable(6) && unreadable(7) && !unreadable(8), "{lines:?}");
    let (ok, lines) = run(&nats, &["verify", "--journal", "ledger", "--accept-unreadable"]).await;
    assert!(!ok, "what is known stands in the way of heads alone: {lines:?}");
    let tail = ["events", "tail", "--journal", "ledger", "--from", "1", "--no-follow"];
    let (ok, lines) = run(&nats, &tail).await;
    let warned = lines.iter().filter(|line| line.starts_with("warning: message")).count();
    assert!(ok && warned == 2 && lines.len() == 8, "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("a body of 2 bytes that is no JSON")), "{lines:?}");
    assert!(
        !lines.iter().any(|line| line.contains(['\u{1b}', '\u{202e}'])),
        "nothing steers the terminal: {lines:?}"
    );
}

#[tokio::test]
async fn the_events_of_a_journal_are_printed_with_their_bodies_as_they_stand() {
    let (nats, connection) = booked().await;
    let tail = ["events", "tail", "--journal", "ledger", "--from", "1", "--no-follow"];
    let (ok, lines) = run(&nats, &tail).await;
    assert!(ok && lines.len() == 5, "{lines:?}");
    assert!(
        lines[1].contains(r#"account.1 2 ledger.withdrawn.v1 {"cents":2500,"currency":"CHF"}"#),
        "{lines:?}"
    );
    assert!(lines[1].ends_with("(user:alice)"), "{lines:?}");
    let (_, lines) =
        run(&nats, &[&tail[..], &["--aggregate", "account.2", "--format", "ndjson"]].concat()).await;
    let events: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.iter().map(|it| it["sequence"].as_u64().unwrap()).collect::<Vec<_>>(), [3, 5]);
    assert_eq!(events[1]["previous"], events[0]["hash"]);
    assert_eq!(events[0]["data"], json!({ "cents": 700, "currency": "CHF" }));
    let (_, lines) = run(&nats, &[&tail[..], &["--type", "ledger.withdrawn.v1"]].concat()).await;
    assert_eq!(lines.len(), 2, "{lines:?}");
    let (ok, lines) = run(&nats, &["events", "tail", "--journal", "nobodys", "--no-follow"]).await;
    assert!(!ok && lines.iter().any(|line| line.contains("NOT_FOUND")), "{lines:?}");
    let (ok, lines) = run(&nats, &[&tail[..], &["--aggregate", "account.*"]].concat()).await;
    assert!(!ok && lines.iter().any(|line| line.contains("INVALID_INPUT")), "{lines:?}");

    let process = aegis().args(["events", "tail", "--journal", "ledger"]).env("NATS_URL", nats.url()).spawn();
    let journal = Journal::<Ledger>::of(&connection);
    let context = Context::new(Actor::user("bob"), Utc::now());
    aegis_testkit::wait_until("a new event", PATIENCE, || async {
        // It begins with what is new, and when it has begun is not told.
        journal.execute::<Account>(&AccountId(3), Command::Deposit(5), &context).await.unwrap();
        let lines = process.lines();
        if lines.iter().any(|line| line.contains("account.3")) { Ok(()) } else { Err(format!("{lines:?}")) }
    })
    .await;
}

const LIST: &str = "{ journals { name stream events bytes lastSequence firstAt lastAt aggregates } }";
const EVENTS: &str = "query($journal: String!, $aggregate: String, $after: String, $first: Int! = 50) {
    journalEvents(journal: $journal, aggregate: $aggregate, after: $after, first: $first) {
        lastSequence pageInfo { hasNextPage endCursor }
        nodes { sequence subject recordedAt unreadable type aggregate aggregateVersion actor size data } } }";

#[tokio::test]
async fn the_api_tells_the_journals_of_users_and_their_events_in_pages() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    assert_eq!(control.query(LIST, json!({})).await["journals"], json!([]));
    let connection = connection(&nats).await;
    book(&connection).await;
    let journals = control.query(LIST, json!({})).await["journals"].clone();
    let ledger = &journals[0];
    assert_eq!(
        (&ledger["name"], &ledger["stream"], &ledger["events"], &ledger["aggregates"]),
        (&json!("ledger"), &json!("AEGIS_JOURNAL_LEDGER"), &json!(5), &json!(2)),
        "{journals}"
    );
    assert!(ledger["firstAt"].is_string() && ledger["lastAt"].is_string(), "{journals}");

    let ask = async |variables: Value| control.query(EVENTS, variables).await["journalEvents"].clone();
    let page = ask(json!({ "journal": "ledger", "first": 2 })).await;
    assert_eq!((&page["lastSequence"], &page["pageInfo"]["hasNextPage"]), (&json!(5), &json!(true)));
    let second = &page["nodes"][1];
    assert_eq!((&second["type"], &second["aggregate"]), (&json!("ledger.withdrawn.v1"), &json!("account.1")));
    assert_eq!(second["data"], json!({ "cents": 2500, "currency": "CHF" }));
    assert_eq!((&second["actor"], &second["aggregateVersion"]), (&json!("user:alice"), &json!(2)));
    let after = &page["pageInfo"]["endCursor"];
    let rest = ask(json!({ "journal": "ledger", "after": after, "first": 3 })).await;
    assert_eq!(
        (rest["nodes"].as_array().unwrap().len(), &rest["pageInfo"]["hasNextPage"]),
        (3, &json!(false))
    );
    let one = ask(json!({ "journal": "ledger", "aggregate": "account.2", "first": 1 })).await;
    assert_eq!((&one["nodes"][0]["sequence"], &one["pageInfo"]["hasNextPage"]), (&json!(3), &json!(true)));

    write_foreign(&connection).await;
    let large = vec![b'7'; 70 << 10];
    connection
        .jetstream()
        .publish("aegis.journal.ledger.account.1", large.into())
        .await
        .unwrap()
        .await
        .unwrap();
    let foreign = ask(json!({ "journal": "ledger", "after": "5" })).await;
    let nodes = foreign["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 4, "{foreign}");
    assert!(nodes[0]["unreadable"].as_str().unwrap().contains("ce-"), "{foreign}");
    assert_eq!((&nodes[2]["type"], &nodes[2]["data"]), (&json!("ledger.forged.v1"), &Value::Null));
    assert_eq!((&nodes[3]["size"], &nodes[3]["data"]), (&json!(70 << 10), &Value::Null));

    for (variables, code) in [
        (json!({ "journal": "nobodys" }), "NOT_FOUND"),
        (json!({ "journal": "LEDGER" }), "NOT_FOUND"),
        (json!({ "journal": "../events" }), "NOT_FOUND"),
        (json!({ "journal": "ledger", "aggregate": "account.>" }), "INVALID_INPUT"),
        (json!({ "journal": "ledger", "after": "x" }), "INVALID_INPUT"),
        (json!({ "journal": "ledger", "first": 201 }), "INVALID_INPUT"),
        (json!({ "journal": "ledger", "first": 0 }), "INVALID_INPUT"),
    ] {
        let answer = control.ask(EVENTS, variables.clone()).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{variables}: {answer}");
    }
}
