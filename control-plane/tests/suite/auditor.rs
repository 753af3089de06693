//! What an auditor relies on: heads, repairs, exports and replays that never pass a loss for the truth, and hashes that
//! others can compute.

use std::path::Path;
use std::process::Command;

use aegis_domain::AggregateId;
use aegis_domain::wire::chain::{Digest, Hash};
use aegis_sdk::provision::provision;
use aegis_sdk::{ConnectOptions, Connection};
use aegis_testkit::{NatsServer, wait_until};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::audit::{desk, lines, path, run, write, written};
use crate::support::{ControlPlane, PATIENCE, aegis};

const SPECIFICATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/audit.md");
const VERIFIER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/verify_log.py");

/// What the verifier that was written from the specification alone finds.
fn independently(log: &str, heads: Option<&str>) -> Result<(), String> {
    let mut python = Command::new("python3");
    let output = python.arg("-B").arg(VERIFIER).arg(log).args(heads).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(()) } else { Err(told) }
}

/// The end of the file as whoever changes messages in it would write it anew.
fn with_a_fitting_end(log: &str) -> String {
    let (mut events, mut records, mut lines) = (Digest::default(), Digest::default(), Vec::new());
    for line in log.lines() {
        let mut line: Value = serde_json::from_str(line).unwrap();
        if let Some(message) = line.get("message") {
            let text = |name: &str| message[name].as_str().unwrap();
            let headers = message["headers"].as_object().unwrap().iter();
            let headers: Vec<_> = headers
                .flat_map(|(name, values)| {
                    values.as_array().unwrap().iter().map(|value| (name.as_str(), value.as_str().unwrap()))
                })
                .collect();
            let at = text("recorded_at").parse::<DateTime<Utc>>().unwrap();
            let body = text("body").as_bytes();
            let sequence = aegis_domain::Sequence(message["sequence"].as_u64().unwrap());
            events.add(sequence, &Hash::of(text("subject"), headers.iter().copied(), body));
            records.add(sequence, &Hash::of_record(text("subject"), at, headers.iter().copied(), body));
        }
        if let Some(end) = line.get_mut("end") {
            end["digest"] = events.to_string().into();
            end["records"] = records.to_string().into();
        }
        lines.push(line.to_string());
    }
    lines.join("\n") + "\n"
}

/// The text with an end that tells nothing of times of record.
fn without_records(log: &str) -> String {
    let cut = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        if let Some(end) = line.get_mut("end").and_then(Value::as_object_mut) {
            end.remove("records");
        }
        line.to_string()
    };
    log.lines().map(cut).collect::<Vec<_>>().join("\n") + "\n"
}

/// The text with the time of record of the second message an hour earlier.
fn with_a_shifted_time(log: &str) -> String {
    let shift = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        if line["message"]["sequence"] == 2 {
            let at: DateTime<Utc> = line["message"]["recorded_at"].as_str().unwrap().parse().unwrap();
            line["message"]["recorded_at"] = json!(at - chrono::TimeDelta::hours(1));
        }
        line.to_string()
    };
    log.lines().map(shift).collect::<Vec<_>>().join("\n") + "\n"
}

/// A log that may lose messages, with the same five events.
async fn unprotected() -> (NatsServer, Connection) {
    let nats = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(nats.url(), "test")).await.unwrap();
    provision(&connection).await.unwrap();
    let stream = connection.namespace().events_stream();
    let mut config = connection.jetstream().get_stream(&stream).await.unwrap().cached_info().config.clone();
    (config.deny_delete, config.deny_purge) = (false, false);
    connection.jetstream().delete_stream(&stream).await.unwrap();
    connection.jetstream().create_stream(config).await.unwrap();
    write(&connection).await;
    (nats, connection)
}

async fn lose(connection: &Connection, sequence: u64) {
    let stream = connection.jetstream().get_stream("AEGIS_EVENTS").await.unwrap();
    stream.delete_message(sequence).await.unwrap();
}

async fn clean(nats: &NatsServer, args: &[&str]) -> Vec<String> {
    wait_until("a clean verification", PATIENCE, || async {
        let (success, told) = run(nats, args).await;
        if success { Ok(told) } else { Err(told.join("\n")) }
    })
    .await
}

#[tokio::test]
async fn the_log_of_the_specification_is_what_it_says_for_aegis_and_for_the_independent_verifier() {
    let text = std::fs::read_to_string(SPECIFICATION).unwrap();
    let blocks: Vec<_> =
        text.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let folder = tempfile::tempdir().unwrap();
    let [log, heads] = ["log.ndjson", "heads.json"].map(|name| path(folder.path(), name));
    std::fs::write(&log, blocks[0]).unwrap();
    std::fs::write(&heads, blocks[1]).unwrap();
    independently(&log, Some(&heads)).unwrap();
    for line in blocks[0].lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let Some(message) = line.get("message") else { continue };
        let headers = message["headers"].as_object().unwrap().iter();
        let headers = headers.map(|(name, values)| (name.as_str(), values[0].as_str().unwrap()));
        let headers: Vec<_> = headers.collect();
        let (subject, body) = (message["subject"].as_str().unwrap(), message["body"].as_str().unwrap());
        let at = message["recorded_at"].as_str().unwrap().parse().unwrap();
        for hash in [
            Hash::of(subject, headers.iter().copied(), body.as_bytes()),
            Hash::of_record(subject, at, headers.iter().copied(), body.as_bytes()),
        ] {
            assert!(text.contains(&format!("`{hash}`")), "the page does not have {hash} of {message}");
        }
    }
    let nats = NatsServer::start().await;
    lines(&nats, &["events", "import", &log]).await;
    let found = run(&nats, &["verify", "--heads", &heads]).await.1;
    assert!(found.iter().any(|line| line.contains("2 events in 2 messages")), "{found:#?}");
    assert!(found.iter().all(|line| !line.starts_with("head")), "{found:#?}");
}

#[tokio::test]
async fn the_independent_verifier_agrees_on_a_real_log_and_on_each_fault_planted_in_it() {
    let nats = NatsServer::start().await;
    written(&nats).await;
    let folder = tempfile::tempdir().unwrap();
    let [log, spoilt] = ["log.ndjson", "spoilt.ndjson"].map(|name| path(folder.path(), name));
    lines(&nats, &["events", "export", "-o", &log]).await;
    independently(&log, None).unwrap();
    let text = std::fs::read_to_string(&log).unwrap();
    let without = |number: usize| {
        let kept = text.lines().enumerate().filter(|(index, _)| *index != number).map(|(_, line)| line);
        kept.collect::<Vec<_>>().join("\n") + "\n"
    };
    for (fault, changed, told) in [
        ("a time", with_a_shifted_time(&text), "end: times of record"),
        ("a header", text.replacen("application/json", "application/xml", 1), "end: times of record"),
        ("a body", text.replacen("bonds", "bends", 1), "end: the file"),
        (
            "a body, with a fitting end",
            with_a_fitting_end(&text.replacen("equities", "equitiez", 1)),
            "chain: event 4",
        ),
        ("a lost message", without(2), "gap: messages 2 to 2"),
        ("a lost end", without(6), "end: the file"),
        (
            "a shifted time, and an end without its records",
            without_records(&with_a_shifted_time(&text)),
            "end: times of record",
        ),
        ("another format", text.replacen("aegis-log-2", "aegis-log-99", 1), "head: the file has the formats"),
        ("two heads", text.lines().next().unwrap().to_owned() + "\n" + &text, "end: a line of the kind head"),
        ("no head", without(0), "where none may be"),
        ("a line after the end", text.clone() + text.lines().nth(1).unwrap() + "\n", "where none may be"),
    ] {
        assert_ne!(changed, text, "{fault}");
        std::fs::write(&spoilt, &changed).unwrap();
        let found = independently(&spoilt, None).unwrap_err();
        assert!(found.contains(told), "{fault}: {found}");
        // What comes with a fitting end is told by its chain, and left to whoever imports it.
        let (success, output) = run(&nats, &["events", "import", &spoilt, "--dry-run"]).await;
        let found = output.iter().any(|line| line.contains("was not written after"));
        assert!(!success || found, "{fault}: {output:#?}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_twice_is_not_imported() {
    let nats = NatsServer::start().await;
    let (success, told) = run(&nats, &["events", "import", "/dev/null"]).await;
    assert!(!success && told.iter().any(|line| line.contains("it is read twice")), "{told:#?}");
}

#[tokio::test]
async fn a_time_of_record_that_was_shifted_is_found_by_heads_that_were_kept() {
    let (nats, other) = (NatsServer::start().await, NatsServer::start().await);
    written(&nats).await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    let [log, heads, forged] =
        ["log.ndjson", "heads.json", "forged.ndjson"].map(|name| path(folder.path(), name));
    clean(&nats, &["verify", "--export-heads", &heads]).await;
    drop(control);
    lines(&nats, &["events", "export", "-o", &log]).await;
    let honest = NatsServer::start().await;
    lines(&honest, &["events", "import", &log, "--verify"]).await;
    let found = run(&honest, &["verify", "--heads", &heads]).await.1;
    assert!(found.iter().all(|line| !line.starts_with("head")), "{found:#?}");
    // Whoever changes the file can make its end fit, but not the heads that somebody else keeps.
    let text = with_a_fitting_end(&with_a_shifted_time(&std::fs::read_to_string(&log).unwrap()));
    std::fs::write(&forged, text).unwrap();
    lines(&other, &["events", "import", &forged, "--verify"]).await;
    let (success, found) = run(&other, &["verify", "--heads", &heads]).await;
    let head = found.iter().find(|line| line.starts_with("head"));
    assert!(!success && head.is_some_and(|head| head.contains("another time of record")), "{found:#?}");
    assert!(independently(&forged, Some(&heads)).unwrap_err().contains("head: times of record"));
}

#[tokio::test]
async fn heads_are_written_only_of_a_log_without_findings_and_never_over_others() {
    let nats = NatsServer::start().await;
    let connection = written(&nats).await;
    let folder = tempfile::tempdir().unwrap();
    let _control = ControlPlane::start(&nats, folder.path()).await;
    let heads = path(folder.path(), "heads.json");
    let export = ["verify", "--export-heads", &heads];
    clean(&nats, &export).await;
    let kept = std::fs::read_to_string(&heads).unwrap();
    let (success, told) = run(&nats, &export).await;
    assert!(!success && told.join(" ").contains("--force"), "{told:#?}");
    let subject = connection.namespace().event_subject(&AggregateId::Definition(desk()));
    connection.jetstream().publish(subject, "no event".into()).await.unwrap().await.unwrap();
    let tampered = ["verify", "--heads", &heads, "--export-heads", &heads, "--force"];
    let (success, told) = run(&nats, &tampered).await;
    assert!(!success && told.iter().any(|line| line.starts_with("no heads are written")), "{told:#?}");
    assert_eq!(std::fs::read_to_string(&heads).unwrap(), kept);
    // A message that is known to be none does not hinder them for ever.
    let known = [&tampered[..], &["--accept-unreadable"]].concat();
    wait_until("the heads", PATIENCE, || async {
        let told = run(&nats, &known).await.1;
        if std::fs::read_to_string(&heads).unwrap() == kept { Err(told.join("\n")) } else { Ok(()) }
    })
    .await;
}

#[tokio::test]
async fn a_repair_keeps_what_the_log_has_lost() {
    let (nats, connection) = unprotected().await;
    let definitions = connection.jetstream().get_key_value("aegis_definitions").await.unwrap();
    definitions.put("desk", "{\"sequence\": 4}".into()).await.unwrap();
    for sequence in [1, 4] {
        lose(&connection, sequence).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("projection.sqlite");
    std::fs::write(&file, "what is left").unwrap();
    let data = folder.path().to_str().unwrap();
    let (success, told) = run(&nats, &["verify", "--repair", "--data-dir", data]).await;
    assert!(!success && told.iter().any(|line| line.starts_with("nothing is repaired")), "{told:#?}");
    assert_eq!(definitions.get("desk").await.unwrap().unwrap(), "{\"sequence\": 4}");
    assert_eq!(std::fs::read(&file).unwrap(), b"what is left");
}

#[tokio::test]
async fn an_export_and_a_replay_over_lost_messages_name_them_and_fail() {
    let (nats, connection) = unprotected().await;
    let folder = tempfile::tempdir().unwrap();
    for (lost, named) in [(3, "messages 3 to 3"), (1, "messages 1 to 1"), (5, "messages 5 to 5")] {
        lose(&connection, lost).await;
        let file = path(folder.path(), &format!("{lost}.ndjson"));
        for args in [
            &["events", "export", "-o", &file][..],
            &["replay"],
            &["replay", "--format", "ndjson"],
            &["replay", "--at", "5"],
            // What is lost may have been of this service.
            &["replay", "--service", "desk"],
        ] {
            let (success, told) = run(&nats, args).await;
            assert!(!success && told.join("\n").contains(named), "{args:?}: {told:#?}");
        }
        assert!(Path::new(&file).exists(), "what is left is exported");
    }
    // Up to before the loss nothing is missing.
    let (nats, connection) = unprotected().await;
    lose(&connection, 4).await;
    lines(&nats, &["replay", "--at", "3"]).await;
    assert!(!run(&nats, &["replay", "--at", "4"]).await.0);
}

#[tokio::test]
async fn an_actor_without_a_name_that_can_be_recorded_is_refused() {
    let nats = NatsServer::start().await;
    written(&nats).await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("aegis.toml");
    for name in ["", " ", "\t", "\u{a0}", "\u{200b}", " alice", "a\nb", "al\u{202e}ice", "\u{1b}[2J", "--"] {
        let token = run(&nats, &["token", &format!("--name={name}")]).await;
        assert!(!token.0 && token.1.join(" ").contains("is refused"), "{name:?}: {:#?}", token.1);
        for command in [&["drain", "desk", "desk-1"][..], &["deadletters", "discard", "1", "--reason=r"]] {
            let acted = run(&nats, &[command, &[&format!("--as={name}")]].concat()).await;
            assert!(!acted.0 && acted.1.join(" ").contains("is refused"), "{name:?}: {:#?}", acted.1);
        }
        // Texts are escaped as in JSON.
        let (name, hash) = (json!(name), "00".repeat(32));
        std::fs::write(&config, format!("[[token]]\nname = {name}\nrole = \"admin\"\nsha256 = \"{hash}\"\n"))
            .unwrap();
        let serve = aegis().args([Path::new("serve"), Path::new("--config"), &config]).spawn();
        assert!(!serve.wait_exit(PATIENCE).await.success());
        assert!(serve.lines().join(" ").contains("is refused"), "{name}: {:?}", serve.lines());
    }
    let nameless =
        aegis().args(["drain", "desk", "desk-1"]).env("NATS_URL", nats.url()).env("USER", "").spawn();
    assert!(!nameless.wait_exit(PATIENCE).await.success());
}

#[tokio::test]
async fn where_nats_is_is_said_by_the_variable_of_services_too_and_by_the_command_line_above_all() {
    let nats = NatsServer::start().await;
    let nowhere = format!("nats://127.0.0.1:{}", aegis_testkit::free_port());
    let ends = async |args: &[&str], own: &str, general: &str| {
        let asked = aegis().args(args).env("AEGIS_NATS_URL", own).env("NATS_URL", general).spawn();
        asked.wait_exit(PATIENCE).await.success()
    };
    let url = nats.url();
    assert!(ends(&["consumers"], &url, &nowhere).await);
    assert!(ends(&["consumers"], "", &url).await);
    assert!(!ends(&["consumers"], &nowhere, &url).await);
    assert!(ends(&["consumers", "--nats-url", &url], &nowhere, &nowhere).await);
    assert!(!ends(&["up", "--nats-url", ""], &url, &url).await);
}
