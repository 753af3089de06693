//! Each command that can go over the API does there what it does over NATS, in the same words and with the same exit code.

use aegis_testkit::wait_until;
use serde_json::Value;

use super::{Ran, by_nats, by_url, run, same};
use crate::audit::{write, written};
use crate::dead_letters::put_aside;
use crate::fleet::{Member, connection};
use crate::forget::end;
use crate::operate::members;
use crate::rest::{get, start};
use crate::support::{ControlPlane, PATIENCE};

const FILE: &str = "definitions:
- service: echo
  owner: desk
  description: Says it again
  version: 1.0.0
  registration: warn
- service: trading-service
  owner: Equities desk
  description: Sends orders
  version: 1.4.0
  minInstances: 2
  maxInstances: 4
  failover:
    leaseMs: 500
  registration: enforce
  labels:
    desk: equities
";

/// Waits until the group is this instance's, in the registry as well.
async fn until_led(control: &ControlPlane, by: &str) {
    wait_until("the leader", PATIENCE, || async {
        let leaders = get(control, "/api/leaders").await.body;
        if leaders["items"][0]["instance"] == by { Ok(()) } else { Err(leaders.to_string()) }
    })
    .await;
}

/// A list of groups without its times: the lease store has the time of the claim, the log that of its record.
fn timeless(ran: Ran) -> (i32, Vec<String>) {
    let line = |line: String| match serde_json::from_str::<Value>(&line) {
        Ok(mut object) => {
            object.as_object_mut().unwrap().remove("since").unwrap();
            object.to_string()
        }
        Err(_text) => {
            let cells = line.split_whitespace().enumerate().filter(|(column, _)| *column != 4);
            cells.map(|(_, cell)| cell).collect::<Vec<_>>().join(" ")
        }
    };
    (ran.code, ran.lines.into_iter().map(line).collect())
}

#[tokio::test]
async fn groups_are_listed_and_moved_and_instances_are_drained() {
    let (nats, _folder, control) = start().await;
    let [first, second] = members(&nats).await;
    let running = tokio::spawn(second.run_until_signal());
    until_led(&control, "desk-1").await;
    for args in [&["leaders"][..], &["leaders", "desk", "--json"], &["leaders", "nobody"]] {
        let one = timeless(by_nats(&nats, args).await);
        assert_eq!(timeless(by_url(&control, args).await), one, "{args:?}");
    }
    let refused = ["stepdown", "desk", "ACC-1", "--to", "desk-9"];
    assert!(same(&nats, &control, &refused).await.has("MEMBER_NOT_FOUND: desk-9 cannot take ACC-1"));
    assert!(same(&nats, &control, &["stepdown", "desk", "ACC-9"]).await.has("NOT_ACTIVE"));
    assert!(same(&nats, &control, &["drain", "desk", "desk-9"]).await.has("INSTANCE_NOT_FOUND"));
    assert!(same(&nats, &control, &["forget", "desk", "desk-1"]).await.has("ILLEGAL_TRANSITION"));
    let moved =
        by_url(&control, &["stepdown", "desk", "ACC-1", "--to", "desk-2", "--reason", "rebalance"]).await;
    assert_eq!(moved, Ran { code: 0, lines: vec!["ACC-1 of desk is desk-2's, in term 2".to_owned()] });
    until_led(&control, "desk-2").await;
    let drained = by_url(&control, &["drain", "desk", "desk-2"]).await;
    assert_eq!(drained, Ran { code: 0, lines: vec!["desk-2 of desk drains".to_owned()] });
    tokio::time::timeout(PATIENCE, running).await.unwrap().unwrap().unwrap();
    let told = by_url(&control, &["forget", "desk", "desk-2", "--reason", "cleared"]).await;
    let line = "desk-2 of desk is forgotten; its history stays in the log";
    assert_eq!(told, Ran { code: 0, lines: vec![line.to_owned()] });
    let record = by_nats(&nats, &["events", "tail", "--from", "1", "--no-follow"]).await;
    assert!(record.lines.iter().any(|line| line.ends_with("rebalance  (user:admin)")), "{record:?}");
    first.stop("done").await.unwrap();
}

#[tokio::test]
async fn an_ended_instance_is_forgotten() {
    let (nats, _folder, control) = start().await;
    let connection = connection(&nats).await;
    let gone = Member::start(&connection, "echo-1").await;
    gone.stop();
    end(&connection, "echo-1").await;
    let told = by_url(&control, &["forget", "echo", "echo-1"]).await;
    assert!(told.code == 0 && told.has("echo-1 of echo is forgotten"), "{told:?}");
    assert!(same(&nats, &control, &["forget", "echo", "echo-1"]).await.has("INSTANCE_NOT_FOUND"));
}

#[tokio::test]
async fn definitions_are_applied_compared_listed_and_exported() {
    let (nats, folder, control) = start().await;
    let place = folder.path().join("definitions.yaml");
    std::fs::write(&place, FILE).unwrap();
    let file = place.to_str().unwrap();
    assert_eq!(same(&nats, &control, &["definitions", "diff", "-f", file]).await.code, 1);
    assert_eq!(
        same(&nats, &control, &["definitions", "apply", "-f", file]).await.code,
        1,
        "without --yes, and without a terminal to ask at, nothing is applied"
    );
    assert_eq!(same(&nats, &control, &["definitions", "apply", "-f", file, "--dry-run"]).await.code, 0);
    let applied = by_url(&control, &["definitions", "apply", "-f", file, "--yes", "--reason", "first"]).await;
    assert!(applied.code == 0 && applied.has("defined trading-service: revision 1"), "{applied:?}");
    assert_eq!(same(&nats, &control, &["definitions", "diff", "-f", file, "--prune"]).await.code, 0);
    assert!(same(&nats, &control, &["definitions", "apply", "-f", file]).await.has("nothing to do"));
    // One is changed and one retired; then it comes back with another owner, which takes two changes.
    let changed = FILE.split_once("- service: trading").unwrap().0.replace("1.0.0", "1.1.0");
    std::fs::write(&place, changed).unwrap();
    let applied = by_url(&control, &["definitions", "apply", "-f", file, "--prune", "--yes"]).await;
    assert!(applied.has("retired trading-service: revision 2") && applied.has("amended echo: revision 2"));
    same(&nats, &control, &["definitions", "list"]).await;
    std::fs::write(&place, FILE.replace("Equities desk", "Bonds")).unwrap();
    same(&nats, &control, &["definitions", "diff", "-f", file, "--format", "json"]).await;
    let applied = by_url(&control, &["definitions", "apply", "-f", file, "--yes", "--reason", "back"]).await;
    assert!(applied.has("reinstated trading-service: revision 4"), "{applied:?}");
    for args in [
        &["definitions", "list"][..],
        &["definitions", "list", "--all", "--format", "json"],
        &["definitions", "export"],
        &["definitions", "history", "trading-service"],
        &["definitions", "history", "echo", "--format", "json"],
        &["definitions", "history", "nobody"],
    ] {
        same(&nats, &control, args).await;
    }
    let history = by_url(&control, &["definitions", "history", "trading-service"]).await;
    assert!(history.lines[0].ends_with("user:admin  amended: back"), "{history:?}");
    std::fs::write(&place, FILE.replace("owner: desk", "owner: ''")).unwrap();
    same(&nats, &control, &["definitions", "apply", "-f", file, "--yes"]).await;
    std::fs::write(&place, "definitions: [{}]").unwrap();
    assert_eq!(same(&nats, &control, &["definitions", "diff", "-f", file]).await.code, 2);
}

#[tokio::test]
async fn dead_letters_are_listed_shown_and_decided_on() {
    let (nats, _folder, control) = start().await;
    for body in [&b"{\"id\":1}"[..], b"\xff\x1b[2J", b"third", b"fourth"] {
        put_aside(&nats, body).await;
    }
    for args in [
        &["deadletters", "list"][..],
        &["deadletters", "list", "--count", "2"],
        &["deadletters", "list", "--json", "--kind", "message"],
        &["deadletters", "list", "--kind", "none"],
        &["deadletters", "list", "--count", "0"],
        &["deadletters", "show", "1"],
        &["deadletters", "show", "2"],
        &["deadletters", "show", "1", "--json"],
        &["deadletters", "discard", "1", "--reason", " "],
    ] {
        same(&nats, &control, args).await;
    }
    let page = by_url(&control, &["deadletters", "list", "--count", "2"]).await;
    let before = page.lines.last().unwrap().rsplit(' ').next().unwrap().to_owned();
    assert!(before.starts_with("3@"), "{page:?}");
    let rest = same(&nats, &control, &["deadletters", "list", "--before", &before]).await;
    assert_eq!(rest.lines.len(), 3, "{rest:?}");
    let letter = rest.lines[1].split_whitespace().next().unwrap().to_owned();
    let done = by_url(&control, &["deadletters", "redrive", &letter, "--reason", "fixed"]).await;
    let line = "dead letter 2 went back to events.trade.booked";
    assert_eq!(done, Ran { code: 0, lines: vec![line.to_owned()] });
    let done = by_url(&control, &["deadletters", "discard", "1", "--reason", "a test"]).await;
    assert!(done.code == 0 && done.has("dead letter 1 of events.trade.booked was discarded"), "{done:?}");
    for args in [&["deadletters", "show", "1"][..], &["deadletters", "redrive", &letter, "--reason", "again"]]
    {
        let gone = by_url(&control, args).await;
        assert!(gone.code == 1 && gone.has("DEAD_LETTER_NOT_FOUND"), "{gone:?}");
        assert_eq!(by_nats(&nats, args).await.code, 1);
    }
    let other = "3@2001-01-01T00:00:00Z";
    for args in [
        &["deadletters", "show", other][..],
        &["deadletters", "discard", other, "--reason", "a test"],
        &["deadletters", "list", "--before", other],
    ] {
        let (one, refused) = (by_nats(&nats, args).await, by_url(&control, args).await);
        for refused in [one, refused] {
            assert!(refused.code == 1 && refused.has("HISTORY_REPLACED"), "{args:?}: {refused:?}");
        }
    }
}

#[tokio::test]
async fn of_a_large_letter_the_api_tells_the_beginning_and_says_so() {
    let (nats, _folder, control) = start().await;
    put_aside(&nats, "a".repeat(6_000).as_bytes()).await;
    let told = by_url(&control, &["deadletters", "show", "1"]).await;
    assert!(told.has("only the first 4096 bytes of 6000"), "{told:?}");
    assert_eq!(by_nats(&nats, &["deadletters", "show", "1"]).await.lines.last().unwrap().len(), 6_000);
}

#[tokio::test]
async fn the_registry_is_told_as_it_stood() {
    let (nats, _folder, control) = start().await;
    // The log of an installation that has a control plane may begin with what that records of itself.
    let connection = written(&nats).await;
    write_more(&connection).await;
    let head = by_nats(&nats, &["replay"]).await.lines[0].rsplit(' ').next().unwrap().to_owned();
    for at in ["0", "2", "4", &head] {
        same(&nats, &control, &["replay", "--at", at]).await;
    }
    same(&nats, &control, &["replay"]).await;
    same(&nats, &control, &["replay", "--at", "2001-01-01T00:00:00Z"]).await;
    // Of one service the log is read no further than that service comes in it.
    let args = ["replay", "--at", &head, "--service", "desk"];
    let (one, other) = (by_nats(&nats, &args).await, by_url(&control, &args).await);
    assert!(
        other.has("bonds") && other.has("desk-1") && one.lines[1..] == other.lines[1..],
        "{one:?} {other:?}"
    );
    let refused = by_url(&control, &["replay", "--format", "ndjson"]).await;
    assert!(refused.code == 1 && refused.has("folded from the log itself"), "{refused:?}");
    let ahead = by_url(&control, &["replay", "--at", "999999"]).await;
    assert!(ahead.code == 1 && ahead.has("INVALID_INPUT"), "{ahead:?}");
}

/// So many services that a list has several pages.
async fn write_more(connection: &aegis_sdk::Connection) {
    use aegis_domain::aggregate::Definition;
    use aegis_domain::aggregate::definition::{Command, Content};
    use aegis_domain::{Actor, AggregateId, Context, ServiceName, Version};
    use futures_util::StreamExt as _;

    let journal = aegis_sdk::Journal::new(connection);
    let define = async |n: u32| {
        let service = ServiceName::new(format!("service-{n}")).unwrap();
        let content = Content {
            owner: "desk".to_owned(),
            description: "d".to_owned(),
            version: Version::new("1.0.0").unwrap(),
            min_instances: None,
            max_instances: None,
            p99_limit_ms: None,
            error_limit_percent: None,
            failover: None,
            registration: Default::default(),
            labels: [].into(),
        };
        let id = AggregateId::Definition(service.clone());
        let command = Command::Define { service, content, reason: None };
        let context = Context::new(Actor::user("alice"), chrono::Utc::now());
        journal.execute::<Definition>(&id, command, &context).await.unwrap();
    };
    futures_util::stream::iter(0..210).for_each_concurrent(16, define).await;
}

#[tokio::test]
async fn what_was_written_a_moment_ago_is_in_every_list() {
    let (nats, folder, control) = start().await;
    let place = folder.path().join("definitions.yaml");
    for round in 0..5 {
        std::fs::write(&place, FILE.replace("1.4.0", &format!("1.4.{round}"))).unwrap();
        let file = place.to_str().unwrap();
        assert_eq!(by_nats(&nats, &["definitions", "apply", "-f", file, "--yes"]).await.code, 0);
        let listed = by_url(&control, &["definitions", "list"]).await;
        assert!(listed.has(&format!("1.4.{round}")), "{listed:?}");
    }
}

#[tokio::test]
async fn the_environment_is_enough() {
    let (nats, folder, control) = start().await;
    write(&connection(&nats).await).await;
    let token = folder.path().join("the-token");
    std::fs::write(&token, format!("{}\n", control.token)).unwrap();
    let token = token.to_str().unwrap();
    let nowhere = ("NATS_URL", "nats://127.0.0.1:1");
    let listed = by_url(&control, &["definitions", "list"]).await;
    assert!(listed.code == 0 && listed.has("bonds"), "{listed:?}");
    let args = ["definitions", "list"];
    let of_environment =
        run(&args, &[("AEGIS_URL", &control.url), ("AEGIS_TOKEN", &control.token), nowhere]).await;
    assert_eq!(of_environment, listed);
    let args = ["definitions", "list", "--token-file", token];
    let of_file = run(&args, &[("AEGIS_URL", &control.url), ("AEGIS_TOKEN", "another"), nowhere]).await;
    assert_eq!(of_file, listed, "a file that is named goes before the environment");
    let args = ["definitions", "list", "--nats-url", &nats.url()];
    let by_nats = run(&args, &[("AEGIS_URL", "http://127.0.0.1:1")]).await;
    assert_eq!(by_nats, listed, "what is on the command line goes before the environment");
}
