//! What auditors do on the command line, without any control plane.

use std::path::Path;

use aegis_domain::aggregate::definition::{self, Change, Content};
use aegis_domain::aggregate::instance::{self, Status};
use aegis_domain::aggregate::{Definition, Instance};
use aegis_domain::{Actor, AggregateId, AggregateVersion, Context, InstanceName, ServiceName, Version};
use aegis_sdk::provision::provision;
use aegis_sdk::{ConnectOptions, Connection, Journal};
use aegis_testkit::{NatsServer, Proc, wait_until};
use chrono::Utc;
use serde_json::{Value, json};

use crate::fleet::registration;
use crate::support::{ControlPlane, PATIENCE, aegis};

pub(crate) fn desk() -> ServiceName {
    ServiceName::new("desk").unwrap()
}

/// Five events: the definition is 1 and 4, the instance the others.
pub(crate) async fn written(nats: &NatsServer) -> Connection {
    let connection = Connection::open(ConnectOptions::new(nats.url(), "test")).await.unwrap();
    provision(&connection).await.unwrap();
    write(&connection).await;
    connection
}

pub(crate) async fn write(connection: &Connection) {
    let journal = Journal::new(connection);
    let context = || Context::new(Actor::user("alice"), Utc::now());
    let content = Content {
        owner: "equities".to_owned(),
        description: "trades".to_owned(),
        version: Version::new("1.0.0").unwrap(),
        min_instances: None,
        max_instances: None,
        p99_limit_ms: None,
        error_limit_percent: None,
        failover: None,
        registration: Default::default(),
        labels: [].into(),
    };
    let definition = AggregateId::Definition(desk());
    let instance = AggregateId::Instance(desk(), InstanceName::new("desk-1").unwrap());
    let define = definition::Command::Define { service: desk(), content, reason: None };
    journal.execute::<Definition>(&definition, define, &context()).await.unwrap();
    let running = instance::Command::ChangeStatus { to: Status::Running, reason: None };
    let done = instance::Command::Deregister { reason: "done".to_owned() };
    for command in [instance::Command::Register(registration()), running] {
        journal.execute::<Instance>(&instance, command, &context()).await.unwrap();
    }
    let change = Change { owner: Some("bonds".to_owned()), ..Change::default() };
    let amend = definition::Command::Amend { expected: AggregateVersion(1), change, reason: None };
    journal.execute::<Definition>(&definition, amend, &context()).await.unwrap();
    journal.execute::<Instance>(&instance, done, &context()).await.unwrap();
}

/// What a command prints, and whether it succeeded.
pub(crate) async fn run(nats: &NatsServer, args: &[&str]) -> (bool, Vec<String>) {
    let process: Proc = aegis().args(args).env("NATS_URL", nats.url()).env("USER", "alice").spawn();
    let status = process.wait_exit(PATIENCE).await;
    (status.success(), process.lines())
}

pub(crate) async fn lines(nats: &NatsServer, args: &[&str]) -> Vec<String> {
    let (success, lines) = run(nats, args).await;
    assert!(success, "{args:?}: {lines:#?}");
    lines
}

pub(crate) fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_registry_is_told_as_it_stood_and_twice_in_the_same_bytes() {
    let nats = NatsServer::start().await;
    written(&nats).await;
    let at = async |place: &str| {
        let lines = lines(&nats, &["replay", "--at", place, "--format", "ndjson"]).await;
        let again = self::lines(&nats, &["replay", "--at", place, "--format", "ndjson"]).await;
        assert_eq!(lines, again);
        lines.join("\n")
    };
    assert!(!at("0").await.contains("equities"));
    let second = at("2").await;
    assert!(second.contains("equities") && second.contains("STARTING"), "{second}");
    let fourth = at("4").await;
    assert!(fourth.contains("bonds") && fourth.contains("RUNNING"), "{fourth}");
    let last = lines(&nats, &["replay", "--service", "desk"]).await;
    assert_eq!(last[0], "the registry after message 5");
    let row = |name: &str| last.iter().find(|line| line.contains(name)).unwrap().clone();
    assert!(row("desk-1").contains("STOPPED") && row("bonds").contains("ACTIVE"), "{last:#?}");
    let tail = lines(&nats, &["events", "tail", "--from", "1", "--no-follow", "--format", "ndjson"]).await;
    let moment = serde_json::from_str::<Value>(&tail[1]).unwrap()["recorded_at"].as_str().unwrap().to_owned();
    assert_eq!(at(&moment).await, second, "a time is a place in the log");
    let empty = lines(&nats, &["replay", "--at", "2001-01-01T00:00:00Z", "--format", "json"]).await;
    assert!(empty.join("").contains("\"definitions\": []"), "{empty:#?}");
    let (success, refusal) = run(&nats, &["replay", "--at", "yesterday"]).await;
    assert!(
        !success && refusal.join(" ").contains("use a sequence, or a time with its offset"),
        "{refusal:#?}"
    );
}

const AS_OF: &str = "query($sequence: Long, $time: DateTime) { asOf(sequence: $sequence, time: $time) {
    asOfSequence definitions { nodes { owner } } instances { nodes { instance status metrics { calls } } } } }";

#[tokio::test]
async fn the_api_tells_the_registry_as_it_stood_also_after_the_projection_was_rebuilt() {
    let nats = NatsServer::start().await;
    written(&nats).await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    wait_until("the projection", PATIENCE, || async {
        let system = control.query("{ system { asOfSequence } }", json!({})).await;
        if system["system"]["asOfSequence"] == 5 { Ok(()) } else { Err(system.to_string()) }
    })
    .await;
    let second = json!({ "asOf": {
        "asOfSequence": 2,
        "definitions": { "nodes": [{ "owner": "equities" }] },
        "instances": { "nodes": [{ "instance": "desk-1", "status": "STARTING", "metrics": null }] },
    } });
    assert_eq!(control.query(AS_OF, json!({ "sequence": 2 })).await, second);
    let tail = lines(&nats, &["events", "tail", "--from", "2", "--no-follow", "--format", "ndjson"]).await;
    let moment = serde_json::from_str::<Value>(&tail[0]).unwrap()["recorded_at"].clone();
    assert_eq!(control.query(AS_OF, json!({ "time": moment })).await, second);
    for (variables, told) in [
        (json!({}), "give a sequence or a time, and not both"),
        (json!({ "sequence": 1, "time": moment }), "give a sequence or a time, and not both"),
        (json!({ "sequence": 500 }), "the projection has come to 5 only"),
    ] {
        let refused = control.ask(AS_OF, variables).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "INVALID_INPUT", "{refused}");
        assert!(refused["errors"][0]["message"].as_str().unwrap().starts_with(told), "{refused}");
    }
    let rebuilt = control.query("mutation { rebuildProjection }", json!({})).await;
    assert_eq!(rebuilt, json!({ "rebuildProjection": 5 }));
    assert_eq!(control.query(AS_OF, json!({ "sequence": 2 })).await, second);
}

#[tokio::test]
async fn whether_an_instance_was_flapping_is_told_by_the_time_that_is_asked_for() {
    let nats = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(nats.url(), "test")).await.unwrap();
    provision(&connection).await.unwrap();
    let journal = Journal::new(&connection);
    let id = AggregateId::Instance(desk(), InstanceName::new("desk-1").unwrap());
    let silent = || instance::Command::MarkUnhealthy { last_beat: None, missed: 3, reason: None };
    let thrice = (0..3).flat_map(|_| [silent(), instance::Command::Recover]);
    for command in [instance::Command::Register(registration())].into_iter().chain(thrice) {
        let context = Context::new(Actor::user("alice"), Utc::now());
        journal.execute::<Instance>(&id, command, &context).await.unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    wait_until("the projection", PATIENCE, || async {
        let system = control.query("{ system { asOfSequence } }", json!({})).await;
        if system["system"]["asOfSequence"].as_u64() >= Some(7) { Ok(()) } else { Err(system.to_string()) }
    })
    .await;
    let query = "query($sequence: Long, $time: DateTime) { asOf(sequence: $sequence, time: $time) {
        instances { nodes { flapping } } } }";
    let now = Utc::now();
    for (place, flapping) in [
        (json!({ "sequence": 5 }), false),
        (json!({ "sequence": 7 }), true),
        (json!({ "time": now }), true),
        // Nothing has happened since, and that is long enough.
        (json!({ "time": now + chrono::TimeDelta::minutes(6) }), false),
    ] {
        let told = control.query(query, place.clone()).await;
        assert_eq!(told["asOf"]["instances"]["nodes"], json!([{ "flapping": flapping }]), "{place}");
    }
}

#[tokio::test]
async fn events_are_printed_as_selected_and_then_as_they_come() {
    let nats = NatsServer::start().await;
    let connection = written(&nats).await;
    let all = lines(&nats, &["events", "tail", "--from", "1", "--no-follow"]).await;
    assert_eq!(all.len(), 5);
    let aggregate = ["events", "tail", "--from", "1", "--no-follow", "--aggregate", "definition.desk"];
    assert_eq!(lines(&nats, &aggregate).await.len(), 2);
    let selected = ["events", "tail", "--from", "2", "--no-follow", "--service", "desk", "--type"];
    let amended = [&selected[..], &["aegis.definition.amended.v1"]].concat();
    assert_eq!(lines(&nats, &amended).await.len(), 1);
    let following: Proc = aegis().args(["events", "tail"]).env("NATS_URL", nats.url()).spawn();
    let journal = Journal::new(&connection);
    let context = Context::new(Actor::user("bob"), Utc::now());
    let mut revision = 2;
    wait_until("a new line", PATIENCE, || {
        let expected = AggregateVersion(revision);
        revision += 1;
        let change = Change { owner: Some(format!("desk {revision}")), ..Change::default() };
        let (journal, context, following) = (&journal, &context, &following);
        async move {
            let amend = definition::Command::Amend { expected, change, reason: None };
            let id = AggregateId::Definition(desk());
            journal.execute::<Definition>(&id, amend, context).await.map_err(|e| e.to_string())?;
            let line = following.lines().into_iter().find(|line| line.contains("bob"));
            line.map(|_| ()).ok_or_else(|| "nothing yet".to_owned())
        }
    })
    .await;
    following.kill();
}

#[tokio::test]
async fn a_log_is_exported_imported_elsewhere_and_the_same() {
    let (nats, other) = (NatsServer::start().await, NatsServer::start().await);
    let connection = written(&nats).await;
    let folder = tempfile::tempdir().unwrap();
    let [file, heads] = ["log.ndjson", "heads.json"].map(|name| path(folder.path(), name));
    // Text that is no UTF-8 comes through as well.
    let subject = connection.namespace().event_subject(&AggregateId::Definition(desk()));
    connection.jetstream().publish(subject.clone(), vec![0xff, 0x00].into()).await.unwrap().await.unwrap();
    lines(&nats, &["events", "export", "-o", &file]).await;
    // No control plane has written the entries yet.
    run(&nats, &["verify", "--repair", "--accept-unreadable"]).await;
    let (_, found) = run(&nats, &["verify", "--export-heads", &heads, "--accept-unreadable"]).await;
    assert!(
        found.iter().any(|line| line.starts_with("unreadable") && line.contains("message 6")),
        "{found:#?}"
    );
    let imported = lines(&other, &["events", "import", &file, "--dry-run"]).await;
    assert!(
        imported.iter().any(|line| line.contains("6 messages") && line.ends_with("whole")),
        "{imported:#?}"
    );
    let imported = run(&other, &["events", "import", &file, "--verify"]).await.1;
    assert!(imported.iter().any(|line| line == "imported 6 messages"), "{imported:#?}");
    let imported = run(&other, &["events", "import", &file]).await.1;
    assert!(imported.iter().any(|line| line == "imported 0 messages"), "again is nothing new: {imported:#?}");
    // What the first one has had since comes with the next export: the import goes on after what is there.
    connection.jetstream().publish(subject, "more".into()).await.unwrap().await.unwrap();
    let longer = path(folder.path(), "longer.ndjson");
    lines(&nats, &["events", "export", "-o", &longer]).await;
    let imported = run(&other, &["events", "import", &longer]).await.1;
    assert!(imported.iter().any(|line| line == "imported 1 messages"), "{imported:#?}");
    let replay = ["replay", "--format", "ndjson"];
    let plain = |lines: Vec<String>| {
        lines.into_iter().filter(|line| !line.starts_with("warning")).collect::<Vec<_>>()
    };
    assert_eq!(plain(lines(&nats, &replay).await), plain(lines(&other, &replay).await));
    let held = run(&other, &["verify", "--heads", &heads, "--json"]).await.1;
    assert!(!held.iter().any(|line| line.contains("\"head\"")), "{held:#?}");
    for (from, to, refusal) in [
        ("bonds", "bends", "the file was changed after it was exported"),
        ("\"end\"", "\"fin\"", "is none of an exported log"),
        ("aegis-log-2", "aegis-log-9", "the file has the format \"aegis-log-9\""),
    ] {
        let spoilt = path(folder.path(), "spoilt");
        std::fs::write(&spoilt, std::fs::read_to_string(&file).unwrap().replace(from, to)).unwrap();
        let (success, told) = run(&other, &["events", "import", &spoilt]).await;
        assert!(!success && told.join(" ").contains(refusal), "{from}: {told:#?}");
    }
    let third = NatsServer::start().await;
    written(&third).await;
    let (success, told) = run(&third, &["events", "import", &file]).await;
    assert!(!success && told.join(" ").contains("has a log of its own"), "{told:#?}");
}

#[tokio::test]
async fn verify_is_clean_beside_a_running_control_plane_and_fails_when_an_entry_was_changed() {
    let nats = NatsServer::start().await;
    let connection = written(&nats).await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    let data = folder.path().to_str().unwrap();
    let verify = ["verify", "--data-dir", data];
    let clean = || async {
        let (success, told) = run(&nats, &verify).await;
        if success { Ok(told) } else { Err(told.join("\n")) }
    };
    let told = wait_until("a clean verification", PATIENCE, clean).await;
    assert!(told.last().unwrap().starts_with("clean: AEGIS_EVENTS up to 5, 5 events"), "{told:#?}");
    drop(control);
    let definitions = connection.jetstream().get_key_value("aegis_definitions").await.unwrap();
    definitions.put("desk", "{\"sequence\": 4}".into()).await.unwrap();
    let (success, told) = run(&nats, &verify).await;
    assert!(!success && told[0].starts_with("projection"), "{told:#?}");
    let repair = [&verify[..], &["--repair"]].concat();
    let told = lines(&nats, &repair).await;
    assert!(told.iter().any(|line| line == "repaired 1 KV entries"), "{told:#?}");
    assert!(clean().await.is_ok());
}
