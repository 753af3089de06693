//! Durable consumers: listed with what they hold, shown, and deleted for a reason, by the API and on the command line.

use std::time::Duration;

use aegis_domain::wire::consumer::OWNER;
use aegis_sdk::Connection;
use aegis_testkit::{NatsServer, Proc, wait_until};
use async_nats::jetstream::consumer::{PullConsumer, pull};
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use crate::fleet::connection;
use crate::support::{ControlPlane, PATIENCE, aegis};

const DELETE: &str = "mutation($input: DeleteConsumerInput!) { deleteConsumer(input: $input) { __typename
    ... on ConsumerDeleted { stream consumer pending ackPending sequence } ... on Rejected { code message field } } }";

async fn run(nats: &NatsServer, args: &[&str]) -> (bool, Vec<String>) {
    let process: Proc =
        aegis().arg("consumers").args(args).env("NATS_URL", nats.url()).env("USER", "alice").spawn();
    let status = process.wait_exit(PATIENCE).await;
    (status.success(), process.lines())
}

/// A durable consumer of bookings that nobody reads.
pub(crate) async fn without_reader(connection: &Connection, name: &str) -> PullConsumer {
    durable(connection, name, "events.trade.>").await
}

async fn durable(connection: &Connection, name: &str, filter: &str) -> PullConsumer {
    let config = pull::Config {
        durable_name: Some(name.to_owned()),
        filter_subject: filter.to_owned(),
        metadata: [(OWNER.to_owned(), "booking/trades".to_owned())].into(),
        ..pull::Config::default()
    };
    let stream = connection.namespace().app_events_stream();
    connection.jetstream().create_consumer_on_stream(config, stream).await.unwrap()
}

async fn book(connection: &Connection, count: usize) {
    for _ in 0..count {
        let sent = connection.jetstream().publish("events.trade.booked", "{}".into()).await;
        sent.unwrap().await.unwrap();
    }
}

/// An installation without a control plane.
async fn start() -> (NatsServer, Connection) {
    let nats = NatsServer::start().await;
    let connection = connection(&nats).await;
    aegis_sdk::provision::provision(&connection).await.unwrap();
    (nats, connection)
}

#[tokio::test]
async fn consumers_without_a_reader_are_told_from_those_that_are_read() {
    let (nats, connection) = start().await;
    without_reader(&connection, "booking-trades").await;
    let read = durable(&connection, "risk-trades", "events.>").await;
    book(&connection, 3).await;
    let mut messages = read.messages().await.unwrap();
    for _ in 0..3 {
        messages.next().await.unwrap().unwrap().ack().await.unwrap();
    }
    let rows = wait_until("the reader waits for more", PATIENCE, || async {
        let (ok, lines) = run(&nats, &["--json"]).await;
        assert!(ok, "{lines:?}");
        let rows: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        if rows.len() == 2 && rows[1]["pending"] == 0 && rows[1]["hasReader"] == true {
            Ok(rows)
        } else {
            Err(format!("{rows:?}"))
        }
    })
    .await;
    let idle = &rows[0];
    assert_eq!(
        (&idle["stream"], &idle["name"], &idle["filters"], &idle["hasReader"], &idle["pending"]),
        (&json!("EVENTS"), &json!("booking-trades"), &json!(["events.trade.>"]), &json!(false), &json!(3))
    );
    assert_eq!((&idle["deliveredAt"], &idle["owner"]), (&Value::Null, &json!("booking/trades")));
    let (_, lines) = run(&nats, &[]).await;
    assert!(lines[0].starts_with("STREAM") && lines.len() == 3, "{lines:?}");
    assert!(lines[1].contains("no reader") && !lines[2].contains("no reader"), "{lines:?}");
    let (_, lines) = run(&nats, &["--without-reader", "--json"]).await;
    assert!(lines.len() == 1 && lines[0].contains("booking-trades"), "{lines:?}");
    let (_, lines) = run(&nats, &["--stream", "AEGIS_HEARTBEATS", "--json"]).await;
    assert!(lines.is_empty(), "{lines:?}");
    let (ok, lines) = run(&nats, &["--stream", "NOWHERE"]).await;
    assert!(!ok && lines.iter().any(|line| line.contains("NOT_FOUND")), "{lines:?}");
    let (_, lines) = run(&nats, &["show", "EVENTS", "booking-trades"]).await;
    let told = |name: &str| lines.iter().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
    assert_eq!(
        (told("reader"), told("pending"), told("owner")),
        ("no reader".into(), "3".into(), "booking/trades".into())
    );
    assert!(told("oldest unprocessed").starts_with("20"), "{lines:?}");
    let (_, lines) = run(&nats, &["show", "EVENTS", "risk-trades", "--json"]).await;
    let shown: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!((&shown["oldestUnprocessedAt"], &shown["ackFloorSequence"]), (&Value::Null, &json!(3)));
    let (ok, lines) = run(&nats, &["show", "EVENTS", "nobody"]).await;
    assert!(!ok && lines.iter().any(|line| line.contains("NOT_FOUND")), "{lines:?}");
}

#[tokio::test]
async fn a_consumer_is_deleted_on_the_command_line_and_the_log_says_by_whom_and_why() {
    let (nats, connection) = start().await;
    without_reader(&connection, "booking-trades").await;
    let read = durable(&connection, "risk-trades", "events.>").await;
    book(&connection, 3).await;
    let (ok, lines) = run(&nats, &["delete", "EVENTS", "booking-trades"]).await;
    assert!(!ok && lines.iter().any(|line| line.contains("--reason")), "{lines:?}");
    let (ok, lines) = run(&nats, &["delete", "EVENTS", "booking-trades", "--reason", " "]).await;
    assert!(!ok && lines.iter().any(|line| line.contains("INVALID_INPUT")), "{lines:?}");
    let reason = ["--reason", "the service is gone"];
    let (ok, lines) = run(&nats, &[&["delete", "EVENTS", "booking-trades"], &reason[..]].concat()).await;
    assert!(ok && lines[0].contains("3 messages that were waiting for it"), "{lines:?}");
    let (ok, lines) = run(&nats, &[&["delete", "EVENTS", "booking-trades"], &reason[..]].concat()).await;
    assert!(!ok && lines.iter().any(|line| line.contains("NOT_FOUND")), "{lines:?}");
    let mut messages = read.messages().await.unwrap();
    let first = messages.next().await.unwrap().unwrap();
    let delete = [&["delete", "EVENTS", "risk-trades"], &reason[..]].concat();
    let (ok, lines) = run(&nats, &delete).await;
    let refused =
        lines.iter().any(|line| line.contains("CONSUMER_IN_USE") && line.contains("stop the reader"));
    assert!(!ok && refused, "{lines:?}");
    assert!(connection_has(&connection, "risk-trades").await, "nothing was deleted");
    drop(first);
    let (ok, lines) = run(&nats, &[&delete[..], &["--force"]].concat()).await;
    assert!(ok && !connection_has(&connection, "risk-trades").await, "{lines:?}");
    let process = aegis()
        .args(["events", "tail", "--from", "1", "--no-follow", "--format", "ndjson"])
        .args(["--type", "aegis.installation.consumer_deleted.v1"])
        .env("NATS_URL", nats.url())
        .spawn();
    assert!(process.wait_exit(PATIENCE).await.success());
    let events: Vec<Value> = process.lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), 2, "a refusal is no event: {events:?}");
    assert_eq!(events[0]["actor"], "user:alice");
    let lost = json!({ "stream": "EVENTS", "consumer": "booking-trades", "pending": 3, "unacknowledged": 0,
        "had_reader": false, "reason": "the service is gone" });
    assert_eq!(events[0]["data"], lost);
    assert_eq!(events[1]["data"]["had_reader"], true);
}

async fn connection_has(connection: &Connection, name: &str) -> bool {
    let stream = connection.jetstream().get_stream("EVENTS").await.unwrap();
    stream.consumer_info(name).await.is_ok()
}

#[tokio::test]
async fn what_others_own_is_never_deleted() {
    let (nats, connection) = start().await;
    let jetstream = connection.jetstream();
    let foreign = async_nats::jetstream::stream::Config {
        name: "ORDERS".into(),
        subjects: vec!["orders.>".into()],
        ..Default::default()
    };
    jetstream.create_stream(foreign).await.unwrap();
    let config = pull::Config { durable_name: Some("desk".into()), ..Default::default() };
    jetstream.create_consumer_on_stream(config, "ORDERS").await.unwrap();
    let passing = pull::Config {
        name: Some("passing".into()),
        inactive_threshold: Duration::from_secs(60),
        ..Default::default()
    };
    jetstream.create_consumer_on_stream(passing.clone(), "AEGIS_EVENTS").await.unwrap();
    jetstream.create_consumer_on_stream(passing, "EVENTS").await.unwrap();
    let (ok, lines) = run(&nats, &["--json"]).await;
    assert!(ok && lines.is_empty(), "streams of others are not listed: {lines:?}");
    for (stream, name, code, why) in [
        ("ORDERS", "desk", "NOT_FOUND", "no stream of this installation"),
        ("AEGIS_EVENTS", "passing", "INVALID_INPUT", "never deleted by hand"),
        ("EVENTS", "passing", "INVALID_INPUT", "ends with its reader"),
        ("EVENTS", "a.b", "NOT_FOUND", "no consumer"),
    ] {
        let (ok, lines) = run(&nats, &["delete", stream, name, "--force", "--reason", "tidy"]).await;
        let told = lines.iter().any(|line| line.contains(code) && line.contains(why));
        assert!(!ok && told, "{stream} {name}: {lines:?}");
    }
    assert!(connection_has(&connection, "passing").await);
}

#[tokio::test]
async fn the_api_lists_and_deletes_them_by_the_same_rules() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    let connection = connection(&nats).await;
    for name in ["booking-trades", "risk-trades"] {
        without_reader(&connection, name).await;
    }
    book(&connection, 2).await;
    let fields = "stream name filters durable own hasReader pending oldestUnprocessedAt";
    let all = control.query(&format!("{{ consumers {{ {fields} }} }}"), json!({})).await;
    let consumer = |name: &str| {
        json!({ "stream": "EVENTS", "name": name, "filters": ["events.trade.>"], "durable": true, "own": false,
            "hasReader": false, "pending": 2, "oldestUnprocessedAt": null })
    };
    assert_eq!(all["consumers"], json!([consumer("booking-trades"), consumer("risk-trades")]));
    let log =
        control.query(&format!("{{ consumers(stream: \"AEGIS_EVENTS\") {{ {fields} }} }}"), json!({})).await;
    let log = log["consumers"].as_array().unwrap();
    assert!(!log.is_empty() && log.iter().all(|it| it["own"] == true && it["durable"] == false), "{log:?}");
    let one =
        "query($name: String!) { consumer(stream: \"EVENTS\", name: $name) { pending oldestUnprocessedAt } }";
    let shown = control.query(one, json!({ "name": "booking-trades" })).await["consumer"].clone();
    assert!(shown["pending"] == 2 && shown["oldestUnprocessedAt"].is_string(), "{shown}");
    let absent = control.ask(one, json!({ "name": "nobody" })).await;
    assert_eq!(absent["errors"][0]["extensions"]["code"], "NOT_FOUND", "{absent}");
    let own =
        json!({ "stream": "AEGIS_EVENTS", "consumer": log[0]["name"], "reason": "tidy", "force": true });
    let refused = control.query(DELETE, json!({ "input": own })).await["deleteConsumer"].clone();
    assert_eq!(refused["code"], "INVALID_INPUT", "{refused}");
    let input = json!({ "stream": "EVENTS", "consumer": "booking-trades", "reason": "the service is gone" });
    let done = control.query(DELETE, json!({ "input": input })).await["deleteConsumer"].clone();
    assert_eq!((&done["__typename"], &done["pending"]), (&json!("ConsumerDeleted"), &json!(2)), "{done}");
    let place = control.at("/api/consumers/EVENTS/risk-trades/delete");
    let ask =
        || control.http.post(&place).bearer_auth(&control.token).json(&json!({ "reason": "gone, too" }));
    let answer = ask().send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let body: Value = answer.json().await.unwrap();
    assert_eq!((&body["consumer"], &body["pending"]), (&json!("risk-trades"), &json!(2)), "{body}");
    assert_eq!(ask().send().await.unwrap().status(), 404);
    let events = "{ events(last: 2, filter: { kinds: [INSTALLATION] }) { nodes { actor summary } } }";
    let told = wait_until("the record", PATIENCE, || async {
        let nodes = control.query(events, json!({})).await["events"]["nodes"].clone();
        if nodes.as_array().unwrap().len() == 2 { Ok(nodes) } else { Err(nodes.to_string()) }
    })
    .await;
    assert_eq!(told[0]["actor"], "user:admin");
    let summary = "the consumer booking-trades of EVENTS was deleted with 2 messages that were not processed: the service is gone";
    assert_eq!(told[0]["summary"], summary);
}
