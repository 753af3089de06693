//! What operators do: by the API, and on the command line without any control plane.

use std::os::unix::ffi::OsStrExt as _;
use std::sync::LazyLock;

use aegis_domain::aggregate::Leadership;
use aegis_domain::aggregate::leadership::LeadershipEvent;
use aegis_domain::{Aggregate as _, AggregateId, GroupName, InstanceName, ServiceName, SessionId, Term};
use aegis_sdk::leadership::kv::KvLeaseStore;
use aegis_sdk::leadership::store::{Holder, LeaseStore as _, OwnerRecord, SessionRecord};
use aegis_sdk::{ConnectOptions, Connection, Fault, Journal, Logs, Policy, Service, ServiceConfig, Target};
use aegis_testkit::{NatsServer, Proc, wait_until};
use serde_json::{Value, json};

use crate::support::{ControlPlane, PATIENCE, aegis};

const STEP_DOWN: &str = "mutation($input: StepDownInput!) { stepDown(input: $input) {
    __typename ... on HandedOver { service group instance term sequence } ... on Rejected { code message field } } }";
const DRAIN: &str = "mutation($input: DrainInput!) { drain(input: $input) {
    __typename ... on DrainAsked { service instance sequence } ... on Rejected { code message field } } }";

/// A process has one log.
static LOGS: LazyLock<Logs> = LazyLock::new(|| Logs::install("error").unwrap());

pub(crate) async fn member(nats: &NatsServer, name: &str) -> Service {
    let mut config = ServiceConfig::new("desk", "1.0.0").unwrap();
    config.instance = Some(InstanceName::new(name).unwrap());
    config.nats_url = nats.url();
    config.groups = vec!["ACC-1".parse().unwrap()];
    config.failover = Policy::AGGRESSIVE;
    let service = Service::builder(config)
        .logs(&LOGS)
        .exclusive("who", |call, (): ()| async move { Ok::<_, Fault>(call.tenancy.unwrap().1.get()) })
        .start()
        .await
        .unwrap();
    let leases = KvLeaseStore::new(&connection(nats).await, service.name().clone());
    wait_until("its session", PATIENCE, || async {
        let session = leases.session(service.instance()).await.map_err(|e| e.to_string())?;
        session.record.map(|_| ()).ok_or_else(|| "none".to_owned())
    })
    .await;
    service
}

/// Two members, the first of which owns the group.
pub(crate) async fn members(nats: &NatsServer) -> [Service; 2] {
    let first = member(nats, "desk-1").await;
    let client = first.client();
    client.call::<_, u64>(&Target::owner("desk", "ACC-1").unwrap(), "who", &(), PATIENCE).await.unwrap();
    [first, member(nats, "desk-2").await]
}

async fn connection(nats: &NatsServer) -> Connection {
    Connection::open(ConnectOptions::new(nats.url(), "test")).await.unwrap()
}

/// The leadership events of a group with their actors, once there are so many.
async fn history(connection: &Connection, group: &str, count: usize) -> Vec<(String, LeadershipEvent)> {
    let journal = Journal::new(connection);
    let service = ServiceName::new("desk").unwrap();
    let id = AggregateId::Leadership(service, GroupName::new(group).unwrap());
    wait_until("the history", PATIENCE, || async {
        let events = journal.events(&id).await.map_err(|e| e.to_string())?;
        let events: Vec<_> = events
            .iter()
            .filter_map(|it| {
                let event = Leadership::event(&it.envelope.event)?.clone();
                Some((it.envelope.context.actor.to_string(), event))
            })
            .collect();
        if events.len() == count { Ok(events) } else { Err(format!("{events:?}")) }
    })
    .await
}

pub(crate) fn command(nats: &NatsServer, args: &[&str]) -> Proc {
    aegis().args(args).env("NATS_URL", nats.url()).env("USER", "alice").spawn()
}

#[tokio::test]
async fn an_operator_moves_a_group_and_drains_an_instance_by_the_api() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    let [first, second] = members(&nats).await;
    let step_down = async |group: &str, to: Value| {
        let input = json!({ "service": "desk", "group": group, "to": to, "reason": "rebalance" });
        control.query(STEP_DOWN, json!({ "input": input })).await["stepDown"].clone()
    };
    let moved = step_down("ACC-1", json!("desk-2")).await;
    let expected = json!({ "__typename": "HandedOver", "service": "desk", "group": "ACC-1", "instance": "desk-2", "term": 2,
        "sequence": moved["sequence"] });
    assert_eq!(moved, expected);
    assert!(moved["sequence"].as_u64() > Some(0), "{moved}");
    for (group, to, code) in [
        ("ACC-1", json!("desk-2"), "INVALID_INPUT"),
        ("ACC-1", json!("desk-9"), "MEMBER_NOT_FOUND"),
        ("ACC-9", Value::Null, "NOT_ACTIVE"),
        ("A B", Value::Null, "INVALID_INPUT"),
    ] {
        assert_eq!(step_down(group, to).await["code"], code, "{group}");
    }
    let events = history(&connection(&nats).await, "ACC-1", 4).await;
    let asked = events.iter().find(|(_, event)| matches!(event, LeadershipEvent::StepDownRequested { .. }));
    assert!(asked.unwrap().0.starts_with("user:"), "{events:?}");
    let running = tokio::spawn(second.run_until_signal());
    let drain = async |instance: &str| {
        let input = json!({ "service": "desk", "instance": instance, "reason": "maintenance" });
        control.query(DRAIN, json!({ "input": input })).await["drain"].clone()
    };
    let asked = drain("desk-2").await;
    assert_eq!(asked["__typename"], "DrainAsked");
    assert!(asked["sequence"].as_u64() > moved["sequence"].as_u64(), "{asked}");
    tokio::time::timeout(PATIENCE, running).await.unwrap().unwrap().unwrap();
    assert_eq!(drain("desk-2").await["code"], "INSTANCE_NOT_FOUND");
    first.stop("done").await.unwrap();
}

#[tokio::test]
async fn the_command_line_lists_leaders_moves_a_group_and_drains_without_a_control_plane() {
    let nats = NatsServer::start().await;
    let [first, second] = members(&nats).await;
    let running = tokio::spawn(second.run_until_signal());
    let listed = command(&nats, &["leaders"]);
    listed
        .wait_for_line(
            |line| {
                line.split_whitespace().take(4).eq(["desk", "ACC-1", "desk-1", "1"])
                    && line.ends_with("owned")
            },
            PATIENCE,
        )
        .await;
    let moved = command(&nats, &["stepdown", "desk", "ACC-1", "--to", "desk-2", "--reason", "rebalance"]);
    moved.wait_for_line(|line| line == "ACC-1 of desk is desk-2's, in term 2", PATIENCE).await;
    assert!(moved.wait_exit(PATIENCE).await.success());
    let refused = command(&nats, &["stepdown", "desk", "ACC-1", "--to", "desk-9"]);
    refused.wait_for_line(|line| line.contains("MEMBER_NOT_FOUND: desk-9 cannot take ACC-1"), PATIENCE).await;
    assert!(!refused.wait_exit(PATIENCE).await.success());
    let drained = command(&nats, &["drain", "desk", "desk-2"]);
    drained.wait_for_line(|line| line == "desk-2 of desk drains", PATIENCE).await;
    tokio::time::timeout(PATIENCE, running).await.unwrap().unwrap().unwrap();
    let listed = command(&nats, &["leaders", "desk", "--json"]);
    let line = listed.wait_for_line(|line| line.starts_with('{'), PATIENCE).await;
    let leader: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&leader["owner"], &leader["term"], &leader["state"]),
        (&json!("desk-1"), &json!(3), &json!("owned"))
    );
    let events = history(&connection(&nats).await, "ACC-1", 6).await;
    let asked = events.iter().find(|(_, event)| matches!(event, LeadershipEvent::StepDownRequested { .. }));
    assert_eq!(asked.unwrap().0, "user:alice");
    first.stop("done").await.unwrap();
}

/// An instance that ended between its claims and their appends, and that nobody has succeeded.
#[tokio::test]
async fn terms_that_the_log_lacks_are_completed_from_the_lease_store_each_once() {
    let nats = NatsServer::start().await;
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let _replicas = [
        ControlPlane::start(&nats, folders[0].path()).await,
        ControlPlane::start(&nats, folders[1].path()).await,
    ];
    let connection = connection(&nats).await;
    let leases = KvLeaseStore::new(&connection, ServiceName::new("desk").unwrap());
    let holder = |name: &str| Holder {
        instance: InstanceName::new(name).unwrap(),
        session: SessionId::from_uuid(uuid::Uuid::new_v4()),
    };
    // Each change of a term is a write, so a bucket that has given term 3 out has come so far.
    let filler = SessionRecord { session: holder("x").session, lease_ms: 1000, eligible: true };
    for n in 0..3 {
        let filler_name = InstanceName::new(format!("filler-{n}")).unwrap();
        leases.put_session(&filler_name, &filler, 0).await.unwrap();
    }
    let now = chrono::Utc::now();
    let second = OwnerRecord::claimed(None, Term(0), holder("a"), now).handed_over(holder("b"), "drain", now);
    let lost = OwnerRecord::claimed(Some(&second), Term(0), holder("c"), now);
    leases.put_owner(&"ACC-1".parse().unwrap(), &lost, 0).await.unwrap();
    let resigned = OwnerRecord::claimed(None, Term(0), holder("a"), now).vacated("drain");
    leases.put_owner(&"ACC-2".parse().unwrap(), &resigned, 0).await.unwrap();
    let kinds = |events: Vec<(String, LeadershipEvent)>| -> Vec<_> {
        let kind = |(actor, event): (String, LeadershipEvent)| {
            assert_eq!(actor, "system:terms");
            match event {
                LeadershipEvent::LeaderElected { term, instance, .. } => format!("{instance} elected {term}"),
                LeadershipEvent::LeaderResigned { term, reason, .. } => format!("resigned {term} {reason}"),
                LeadershipEvent::LeaderLost { term, .. } => format!("lost {term}"),
                LeadershipEvent::StepDownRequested { .. } => "asked".to_owned(),
            }
        };
        events.into_iter().map(kind).collect()
    };
    let expected = ["a elected 1", "resigned 1 drain", "b elected 2", "lost 2", "c elected 3", "lost 3"];
    assert_eq!(kinds(history(&connection, "ACC-1", 6).await), expected);
    assert_eq!(kinds(history(&connection, "ACC-2", 2).await), ["a elected 1", "resigned 1 drain"]);
}

/// What the command says, with this variable in its environment.
fn said(variable: &str, value: &[u8], args: &[&str]) -> (bool, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_aegis"));
    let output = command.env(variable, std::ffi::OsStr::from_bytes(value)).args(args).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn a_variable_that_is_not_utf8_is_an_error_and_not_as_if_it_were_not_there() {
    for variable in ["AEGIS_NAMESPACE", "NATS_URL", "AEGIS_URL"] {
        let (success, told) = said(variable, b"dev\xff", &["leaders"]);
        assert!(!success && told.contains(&format!("{variable} is not UTF-8")), "{told}");
    }
}

#[test]
fn the_help_tells_no_password_of_the_environment() {
    for args in [&["serve", "--help"][..], &["up", "--help"]] {
        let (success, told) = said("NATS_URL", b"nats://u:hunter2@127.0.0.1:1", args);
        assert!(success && told.contains("NATS_URL") && !told.contains("hunter2"), "{told}");
    }
}
