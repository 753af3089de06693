//! What a command prints is there, or the command fails.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use aegis_domain::aggregate::definition::{Content, DefinitionEvent};
use aegis_domain::aggregate::policy::RegistrationPolicy;
use aegis_domain::wire::chain::Hash;
use aegis_domain::{
    Actor, AggregateId, AggregateVersion, Context, Envelope, EventId, Registry, ServiceName, Version,
};
use aegis_sdk::provision::provision;
use aegis_sdk::{ConnectOptions, Connection, Service, ServiceConfig};
use aegis_testkit::{NatsServer, wait_until};

use crate::consumers::without_reader;
use crate::fleet::connection;
use crate::serve::Serve;
use crate::support::PATIENCE;

const DEFINITIONS: &str = "definitions: [{service: echo, owner: desk, description: d, version: 1.0.0}]";

fn command(nats_url: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aegis"));
    command.args(args).env("NATS_URL", nats_url).env("USER", "alice").stdin(Stdio::null());
    command
}

/// Its exit code and what it says on standard error, with standard output on a full disk.
async fn on_a_full_disk(nats_url: &str, args: &[&str]) -> (Option<i32>, String) {
    let mut command = command(nats_url, args);
    let full = File::options().write(true).open("/dev/full").unwrap();
    command.stdout(full).stderr(Stdio::piped());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

async fn succeeds(nats_url: &str, args: &[&str]) {
    let mut command = command(nats_url, args);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{args:?}: {output:?}");
}

/// One definition, one instance with one group, one dead letter, one exported log.
async fn stage(nats: &NatsServer, folder: &Path) -> Service {
    let connection = Connection::open(ConnectOptions::new(nats.url(), "test")).await.unwrap();
    provision(&connection).await.unwrap();
    std::fs::write(folder.join("definitions.yaml"), DEFINITIONS).unwrap();
    let mut config = ServiceConfig::new("desk", "1.0.0").unwrap();
    config.instance = Some("desk-1".parse().unwrap());
    config.nats_url = nats.url();
    config.groups = vec!["ACC-1".parse().unwrap()];
    let service = Service::builder(config).start().await.unwrap();
    let definitions = folder.join("definitions.yaml").display().to_string();
    succeeds(&nats.url(), &["definitions", "apply", "--yes", "-f", &definitions]).await;
    let dead = connection.namespace().dead_event_subject(1);
    connection.jetstream().publish(dead, "body".into()).await.unwrap().await.unwrap();
    let log = folder.join("log.ndjson").display().to_string();
    succeeds(&nats.url(), &["events", "export", "-o", &log]).await;
    wait_until("an owner", PATIENCE, || async {
        let output = command(&nats.url(), &["leaders"]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        if text.contains("owned") { Ok(()) } else { Err(text) }
    })
    .await;
    service
}

#[tokio::test]
async fn no_command_succeeds_when_its_output_is_lost() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let _service = stage(&nats, folder.path()).await;
    without_reader(&connection(&nats).await, "booking-trades").await;
    let serve = Serve::start(&nats.url(), folder.path()).await;
    let url = format!("http://{}", serve.address);
    let [definitions, log] =
        ["definitions.yaml", "log.ndjson"].map(|name| folder.path().join(name).display().to_string());
    let files = folder.path().join("files").display().to_string();
    let commands: Vec<Vec<&str>> = vec![
        vec!["--help"],
        vec!["--version"],
        vec!["help", "verify"],
        vec!["token", "--name", "alice"],
        vec!["init", &files],
        vec!["health", "--url", &url],
        vec!["gen", "schema"],
        vec!["gen", "events"],
        vec!["gen", "errors"],
        vec!["leaders"],
        vec!["leaders", "--json"],
        vec!["definitions", "export"],
        vec!["definitions", "list"],
        vec!["definitions", "list", "--format", "json"],
        vec!["definitions", "history", "echo"],
        vec!["definitions", "history", "echo", "--format", "json"],
        vec!["definitions", "diff", "-f", &definitions],
        vec!["definitions", "apply", "--yes", "-f", &definitions],
        vec!["deadletters", "list"],
        vec!["deadletters", "list", "--json"],
        vec!["deadletters", "show", "1"],
        vec!["deadletters", "show", "1", "--json"],
        vec!["deadletters", "discard", "1", "--reason", "r"],
        vec!["consumers"],
        vec!["consumers", "--json"],
        vec!["consumers", "show", "EVENTS", "booking-trades"],
        vec!["consumers", "delete", "EVENTS", "booking-trades", "--reason", "r"],
        vec!["events", "tail", "--from", "1", "--no-follow"],
        // Even one that would go on for ever.
        vec!["events", "tail", "--from", "1"],
        vec!["events", "export"],
        vec!["events", "import", "--dry-run", &log],
        vec!["replay"],
        vec!["replay", "--format", "json"],
        vec!["replay", "--format", "ndjson"],
        vec!["verify"],
        vec!["verify", "--json"],
        vec!["log", "desk", "desk-1", "info"],
        vec!["maintenance", "begin", "desk", "--for", "1h", "--reason", "r"],
        vec!["maintenance", "list"],
        vec!["maintenance", "end", "desk"],
        vec!["switchover", "list"],
        vec!["stepdown", "desk", "ACC-1"],
        vec!["drain", "desk", "desk-1"],
        vec!["forget", "desk", "desk-9"],
    ];
    let mut tried = BTreeSet::from(["up", "serve", "help"].map(str::to_owned));
    for args in &commands {
        let (code, error) = on_a_full_disk(&nats.url(), args).await;
        assert!(code.is_some_and(|code| code != 0), "{args:?} ended with {code:?}: {error}");
        // The one member has nobody to step down for, its program keeps a log of its own, and nobody has ended.
        let refused_for_another_reason = ["stepdown", "log", "forget"].contains(&args[0]);
        assert!(
            refused_for_another_reason
                || (error.contains("standard output cannot be written")
                    && error.contains("No space left on device")),
            "{args:?}: {error}"
        );
        tried.insert(args[0].to_owned());
    }
    // A new command has to be tried here, too.
    let help = command(&nats.url(), &["--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let names =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names: BTreeSet<_> = names
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect();
    assert!(names.len() > 10 && names.is_subset(&tried), "{names:?} but {tried:?}");
}

#[tokio::test]
async fn a_plan_that_could_not_be_printed_is_not_carried_out() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let _service = stage(&nats, folder.path()).await;
    let file = folder.path().join("other.yaml");
    std::fs::write(&file, DEFINITIONS.replace("desk", "night")).unwrap();
    let file = file.display().to_string();
    let (code, _) = on_a_full_disk(&nats.url(), &["definitions", "apply", "--yes", "-f", &file]).await;
    assert_eq!(code, Some(1));
    let (code, _) = on_a_full_disk(&nats.url(), &["definitions", "diff", "-f", &file]).await;
    assert_eq!(code, Some(2), "not the 1 that means a difference");
    let list = command(&nats.url(), &["definitions", "list"]).output().unwrap();
    assert!(!String::from_utf8(list.stdout).unwrap().contains("night"));
}

#[tokio::test]
async fn a_reader_who_has_seen_enough_is_no_failure() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let _service = stage(&nats, folder.path()).await;
    for args in [
        &["gen", "schema"][..],
        &["events", "export"],
        &["events", "tail", "--from", "1"],
        &["replay", "--format", "ndjson"],
    ] {
        let mut child =
            command(&nats.url(), args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut error = String::new();
        child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
        assert!(child.wait().unwrap().success() && !error.contains("error"), "{args:?}: {error}");
    }
}

#[tokio::test]
async fn what_others_have_written_is_shown_and_neither_obeyed_nor_a_line_of_its_own() {
    const STEERING: &str = "a\u{1b}[2Jb\u{9b}31m\u{202e}c";
    let nats = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(nats.url(), "test")).await.unwrap();
    provision(&connection).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("steering.yaml").display().to_string();
    let definition = serde_json::json!({ "service": "echo", "owner": format!("{STEERING}\nforged  1.0.0"),
        "description": STEERING, "version": "1.0.0", "labels": { "desk": STEERING } });
    // JSON is YAML, but for control characters that it takes only in their escaped form.
    let yaml = serde_json::json!({ "definitions": [definition] }).to_string();
    let yaml = yaml.replace('\u{9b}', "\\u009b").replace('\u{202e}', "\\u202e");
    std::fs::write(&file, yaml).unwrap();
    // Nobody can define that any more; a log may hold it from before, or from others.
    let content = Content {
        owner: format!("{STEERING}\nforged  1.0.0"),
        description: STEERING.into(),
        version: Version::new("1.0.0").unwrap(),
        min_instances: None,
        max_instances: None,
        p99_limit_ms: None,
        error_limit_percent: None,
        failover: None,
        registration: RegistrationPolicy::default(),
        labels: [("desk".to_owned(), STEERING.to_owned())].into(),
    };
    let envelope = Envelope {
        id: EventId::from_wire("event-1"),
        aggregate: AggregateId::Definition(ServiceName::new("echo").unwrap()),
        version: AggregateVersion::ZERO.next(),
        context: Context::new(Actor::user("alice"), chrono::Utc::now()),
        previous: Hash::GENESIS,
        event: DefinitionEvent::Defined { content, reason: Some(STEERING.into()) }.into(),
    };
    let encoded = Envelope::<Registry>::encode(&envelope, connection.namespace()).unwrap();
    let mut headers = async_nats::HeaderMap::new();
    for (name, value) in &encoded.headers {
        headers.insert(*name, value.as_str());
    }
    let sent =
        connection.jetstream().publish_with_headers(encoded.subject, headers, encoded.body.into()).await;
    sent.unwrap().await.unwrap();
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("Aegis-Dead-Reason", STEERING);
    headers.insert("Aegis-Dead-Subject", STEERING);
    let dead = connection.namespace().dead_event_subject(1);
    let sent = connection.jetstream().publish_with_headers(dead, headers, STEERING.into()).await;
    sent.unwrap().await.unwrap();
    for (args, lines) in [
        (&["definitions", "list"][..], 2),
        (&["definitions", "list", "--format", "json"], 1),
        (&["definitions", "history", "echo"], 0),
        (&["definitions", "diff", "-f", &file], 0),
        (&["deadletters", "list"], 2),
        (&["deadletters", "show", "1"], 0),
        (&["deadletters", "show", "1", "--json"], 1),
        (&["events", "tail", "--from", "1", "--no-follow"], 1),
        (&["events", "tail", "--from", "1", "--no-follow", "--format", "ndjson"], 1),
        (&["replay"], 0),
        (&["replay", "--format", "json"], 0),
        (&["verify"], 0),
        (&["verify", "--json"], 0),
        (&["deadletters", "show", "\u{1b}[2J"], 0),
    ] {
        let mut command = command(&nats.url(), args);
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        for stream in [&output.stdout, &output.stderr] {
            let text = std::str::from_utf8(stream).unwrap();
            let steers = |c: char| (c.is_control() && c != '\n' && c != '\t') || c == '\u{202e}';
            assert!(!text.contains(steers), "{args:?}: {text:?}");
            assert!(!text.lines().any(|line| line.starts_with("forged")), "{args:?}: {text}");
        }
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(lines == 0 || printed.lines().count() == lines, "{args:?}: {printed}");
        for object in printed.lines().filter(|line| line.starts_with('{') && line.ends_with('}')) {
            serde_json::from_str::<serde_json::Value>(object).unwrap();
        }
    }
    // A file gets what is there.
    let export = command(&nats.url(), &["definitions", "export"]).output().unwrap();
    let exported: serde_json::Value = serde_norway::from_slice(&export.stdout).unwrap();
    assert_eq!(exported["definitions"][0]["labels"]["desk"], STEERING);
}

#[tokio::test]
async fn an_export_that_does_not_fit_leaves_no_half_a_file() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let _service = stage(&nats, folder.path()).await;
    // A limit on the size of files stands for a disk that is full.
    for args in ["events export -o", "definitions export -o"] {
        let file = folder.path().join("cut");
        let line = format!("trap '' XFSZ; ulimit -f 0; exec \"$0\" {args} {}", file.display());
        let mut shell = Command::new("sh");
        shell.args(["-c", &line, env!("CARGO_BIN_EXE_aegis")]).env("NATS_URL", nats.url());
        let output = tokio::task::spawn_blocking(move || shell.output()).await.unwrap().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains("cannot be written"), "{error}");
        assert!(std::fs::read(&file).unwrap_or_default().is_empty());
        let _absent = std::fs::remove_file(&file);
    }
}
