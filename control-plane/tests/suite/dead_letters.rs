//! Dead letters by the API and on the command line.

use aegis_domain::LetterId;
use aegis_domain::wire::header;
use aegis_testkit::{NatsServer, Proc, wait_until};
use async_nats::HeaderMap;
use serde_json::{Value, json};

use crate::fleet::connection;
use crate::support::{ControlPlane, PATIENCE, aegis};

const LIST: &str = "query($after: String) { system { deadLetters }
    deadLetters(first: 2, after: $after) { totalCount pageInfo { hasNextPage endCursor }
        nodes { sequence kind reason originalSubject size text base64 truncated headers { name value } } } }";

pub(crate) async fn put_aside(nats: &NatsServer, body: &[u8]) {
    let connection = connection(nats).await;
    let mut headers = HeaderMap::new();
    headers.insert(header::DEAD_REASON, "the handler failed");
    headers.insert(header::DEAD_SUBJECT, "events.trade.booked");
    headers.insert("Trade-Desk", "rates");
    let subject = "aegis.dead.message.trade.booked";
    let sent = connection.jetstream().publish_with_headers(subject, headers, body.to_vec().into()).await;
    sent.unwrap().await.unwrap();
}

async fn run(nats: &NatsServer, args: &[&str]) -> (bool, Vec<String>) {
    let process: Proc =
        aegis().arg("deadletters").args(args).env("NATS_URL", nats.url()).env("USER", "alice").spawn();
    let status = process.wait_exit(PATIENCE).await;
    (status.success(), process.lines())
}

#[tokio::test]
async fn they_are_browsed_and_decided_on_by_the_api_and_the_record_says_who() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    for body in [&b"{\"id\":1}"[..], b"\xff\x00", "ä".repeat(3000).as_bytes()] {
        put_aside(&nats, body).await;
    }
    let shown = control.query(LIST, json!({})).await;
    assert_eq!(
        (&shown["system"]["deadLetters"], &shown["deadLetters"]["totalCount"]),
        (&json!(3), &json!(3))
    );
    let nodes = &shown["deadLetters"]["nodes"];
    let lengths = (nodes[0]["size"].as_u64(), nodes[0]["text"].as_str().unwrap().chars().count());
    assert_eq!((lengths, &nodes[0]["truncated"]), ((Some(6000), 2048), &json!(true)));
    assert_eq!((&nodes[1]["text"], &nodes[1]["base64"]), (&Value::Null, &json!("/wA=")));
    let after = shown["deadLetters"]["pageInfo"]["endCursor"].clone();
    let page = control.query(LIST, json!({ "after": after })).await["deadLetters"].clone();
    assert_eq!(
        page["nodes"],
        json!([{ "sequence": 1, "kind": "message", "reason": "the handler failed", "size": 8,
            "originalSubject": "events.trade.booked", "text": "{\"id\":1}", "base64": "eyJpZCI6MX0=",
            "truncated": false, "headers": [{ "name": "Trade-Desk", "value": "rates" }] }])
    );
    assert_eq!(page["pageInfo"]["hasNextPage"], false);
    let act = async |what: &str, sequence: u64, reason: &str| {
        let fields = "__typename ... on DeadLetterDone { deadLetter subject } ... on Rejected { code }";
        let query =
            format!("mutation($input: DeadLetterInput!) {{ done: {what}(input: $input) {{ {fields} }} }}");
        let input = json!({ "input": { "sequence": sequence, "reason": reason } });
        control.query(&query, input).await["done"].clone()
    };
    let done = json!({ "__typename": "DeadLetterDone", "deadLetter": 1, "subject": "events.trade.booked" });
    assert_eq!(act("redriveDeadLetter", 1, "fixed").await, done);
    assert_eq!(act("redriveDeadLetter", 1, "fixed").await["code"], "DEAD_LETTER_NOT_FOUND");
    assert_eq!(act("discardDeadLetter", 2, " ").await["code"], "INVALID_INPUT");
    assert_eq!(act("discardDeadLetter", 2, "a test").await["deadLetter"], 2);
    let gone = control.query("{ deadLetter(sequence: 2) { sequence } }", json!({})).await;
    assert_eq!(gone["deadLetter"], Value::Null);
    let events = "{ events(last: 2, filter: { kinds: [INSTALLATION] }) { nodes { type actor summary } } }";
    let told = wait_until("the record", PATIENCE, || async {
        let nodes = control.query(events, json!({})).await["events"]["nodes"].clone();
        if nodes.as_array().unwrap().len() == 2 { Ok(nodes) } else { Err(nodes.to_string()) }
    })
    .await;
    assert_eq!(told[0]["actor"], "user:admin");
    assert_eq!(told[0]["summary"], "dead letter 1 went back to events.trade.booked: fixed");
    assert_eq!(told[1]["type"], "aegis.installation.dead_letter_discarded.v1");
}

#[tokio::test]
async fn the_command_line_does_the_same_without_a_control_plane() {
    let nats = NatsServer::start().await;
    aegis_sdk::provision::provision(&connection(&nats).await).await.unwrap();
    for body in [&b"{\"id\":1}"[..], b"\xff\x1b[2J", b"third"] {
        put_aside(&nats, body).await;
    }
    let (_, lines) = run(&nats, &["list", "--count", "2"]).await;
    let cells: Vec<_> = lines[1].split_whitespace().take(3).collect();
    let letter: LetterId = cells[0].parse().unwrap();
    assert_eq!((letter.sequence, &cells[1..]), (3, &["message", "events.trade.booked"][..]), "{lines:?}");
    assert!(letter.at.is_some() && lines[3].contains("--before 2@"), "{lines:?}");
    let id = cells[0].to_owned();
    let (_, lines) = run(&nats, &["list", "--json", "--before", &id]).await;
    assert!(lines.len() == 2 && lines[0].contains("\"letter\":\"2@"), "{lines:?}");
    let (_, lines) = run(&nats, &["show", "1"]).await;
    assert!(lines.iter().any(|line| line == "header      Trade-Desk: rates"), "{lines:?}");
    assert_eq!(lines.last().unwrap(), "{\"id\":1}");
    let (_, lines) = run(&nats, &["show", "2"]).await;
    assert!(lines.last().unwrap().starts_with("base64 "), "nothing steers the terminal: {lines:?}");
    let (ok, lines) = run(&nats, &["redrive", "1", "--reason", "fixed"]).await;
    assert!(ok && lines == ["dead letter 1 went back to events.trade.booked"], "{lines:?}");
    let (ok, lines) = run(&nats, &["discard", "1", "--reason", "fixed"]).await;
    assert!(!ok && lines.iter().any(|line| line.contains("DEAD_LETTER_NOT_FOUND")), "{lines:?}");
    let (ok, lines) = run(&nats, &["discard", "2"]).await;
    assert!(!ok && lines.iter().any(|line| line.contains("--reason")), "{lines:?}");
    let (_, lines) = run(&nats, &["list", "--json"]).await;
    let sequences: Vec<_> =
        lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap()["sequence"].clone()).collect();
    assert_eq!(sequences, [json!(3), json!(2)]);
}

/// Removes the stream with its letters, and makes it again.
async fn make_anew(nats: &NatsServer) {
    let connection = connection(nats).await;
    let name = connection.namespace().dead_letters_stream();
    let stream = connection.jetstream().get_stream(&name).await.unwrap().cached_info().config.clone();
    connection.jetstream().delete_stream(&name).await.unwrap();
    connection.jetstream().create_stream(stream).await.unwrap();
}

#[tokio::test]
async fn a_list_goes_on_only_in_the_stream_that_its_cursor_is_of() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    for body in [b"first", b"other", b"third"] {
        put_aside(&nats, body).await;
    }
    let page = async |after: &Value| {
        let query = "query($after: String) { deadLetters(first: 1, after: $after) {
            pageInfo { endCursor } nodes { sequence } } }";
        control.ask(query, json!({ "after": after })).await
    };
    let first = page(&Value::Null).await;
    let cursor = first["data"]["deadLetters"]["pageInfo"]["endCursor"].clone();
    let text = cursor.as_str().unwrap();
    assert!(text.starts_with("3@"), "{text}");
    // Of this stream it leads on, also when its letter has gone since; and so does a bare sequence.
    let (ok, _) = run(&nats, &["discard", text, "--reason", "a test"]).await;
    assert!(ok);
    for after in [&cursor, &json!("3")] {
        assert_eq!(page(after).await["data"]["deadLetters"]["nodes"][0]["sequence"], 2, "{after}");
    }
    let (_, lines) = run(&nats, &["list", "--json", "--before", text]).await;
    assert_eq!(lines.len(), 2, "{lines:?}");
    make_anew(&nats).await;
    // Whether the new stream has come as far as the old one, or not.
    for body in [b"a", b"b", b"c", b"d"] {
        let answer = page(&cursor).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "HISTORY_REPLACED", "{answer}");
        for args in [
            &["list", "--before", text][..],
            &["show", text],
            &["redrive", text, "--reason", "a test"],
            &["discard", text, "--reason", "a test"],
        ] {
            let (ok, lines) = run(&nats, args).await;
            let gone = ["HISTORY_REPLACED", "DEAD_LETTER_NOT_FOUND"];
            let told = lines.iter().any(|line| gone.iter().any(|code| line.contains(code)));
            assert!(!ok && told, "{args:?}: {lines:?}");
        }
        put_aside(&nats, body).await;
    }
    let left = page(&Value::Null).await;
    assert_eq!(
        left["data"]["deadLetters"]["nodes"][0]["sequence"], 4,
        "nothing of it was decided on: {left}"
    );
}

#[tokio::test]
async fn a_position_that_stands_for_another_letter_by_now_is_refused_and_the_new_letter_is_decided_on() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    let shown = async || {
        let letter = control.query("{ deadLetter(sequence: 1) { sequence at text } }", json!({})).await;
        letter["deadLetter"].clone()
    };
    let redrive = async |at: &Value| {
        let query = "mutation($input: DeadLetterInput!) { redriveDeadLetter(input: $input) {
            ... on DeadLetterDone { deadLetter at } ... on Rejected { code message } } }";
        let input = json!({ "input": { "sequence": 1, "at": at, "reason": "fixed" } });
        control.query(query, input).await["redriveDeadLetter"].clone()
    };
    put_aside(&nats, b"first").await;
    let first = shown().await;
    assert_eq!(redrive(&first["at"]).await, json!({ "deadLetter": 1, "at": first["at"] }));
    make_anew(&nats).await;
    put_aside(&nats, b"second").await;
    let second = shown().await;
    assert_eq!((&second["sequence"], &second["text"]), (&json!(1), &json!("second")));
    let refused = redrive(&first["at"]).await;
    assert_eq!(refused["code"], "HISTORY_REPLACED", "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("nothing was done"), "{refused}");
    let query = "query($at: DateTime) { deadLetter(sequence: 1, at: $at) { text } }";
    let answer = control.ask(query, json!({ "at": first["at"] })).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "HISTORY_REPLACED", "{answer}");
    // What was decided on the first is not taken for a decision on this one.
    assert_eq!(redrive(&second["at"]).await, json!({ "deadLetter": 1, "at": second["at"] }));
}
