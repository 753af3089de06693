//! What strangers send stops nobody: control requests, errors of handlers, figures without bound.

use std::collections::BTreeMap;
use std::time::Duration;

use aegis_domain::{ErrorCode, GroupName, InstanceName};
use aegis_sdk::{
    Call, CallError, Client, ConfigError, ConnectOptions, Connection, Fault, Service, ServiceConfig,
    StartError, Target,
};
use aegis_testkit::{NatsServer, wait_until};

use crate::events::PATIENCE;

fn config(server: &NatsServer, instance: &str) -> ServiceConfig {
    let mut config = ServiceConfig::new("desk", "1.0.0").unwrap();
    config.instance = Some(instance.parse().unwrap());
    config.nats_url = server.url();
    config.heartbeat_ms = 200;
    config.groups = vec!["ACC-1".parse().unwrap()];
    config
}

async fn start(config: ServiceConfig) -> Service {
    Service::builder(config)
        .rpc("square", |_: Call, n: u64| async move { Ok::<_, Fault>(n * n) })
        .rpc("read", |_: Call, (): ()| async move {
            let secret = std::fs::read_to_string("/nowhere/secret-path")?;
            Ok::<_, Fault>(secret)
        })
        .rpc("tell", |_: Call, (): ()| async move {
            std::fs::read_to_string("/nowhere/told").map_err(Fault::tell)
        })
        .exclusive("who", |_: Call, (): ()| async move { Ok::<_, Fault>(1) })
        .start()
        .await
        .unwrap()
}

async fn client(server: &NatsServer) -> Client {
    Client::new(&Connection::open(ConnectOptions::new(server.url(), "caller")).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_control_request_with_a_line_break_is_answered_and_stops_no_pulse() {
    let server = NatsServer::start().await;
    let service = start(config(&server, "d-1")).await;
    let stranger = server.client().await;
    let mut beats = stranger.subscribe("aegis.heartbeat.desk.d-1").await.unwrap();
    for subject in ["aegis.control.desk.d-1", "rpc.desk.square", "service.desk.d-1.square"] {
        for body in [&br#"{"request":"a\nb"}"#[..], b"\"\r\nX: y\r\n\"", b"\xff\x00\n", b"", &[b'['; 200_000]]
        {
            let answered = stranger.request(subject, bytes::Bytes::copy_from_slice(body)).await.unwrap();
            let headers = answered.headers.expect("an error");
            let text = headers.get("Nats-Service-Error").unwrap().as_str();
            assert!(text.len() <= 1_024 && !text.contains(char::is_control), "{subject}: {text:?}");
        }
    }
    for _ in 0..3 {
        tokio::time::timeout(PATIENCE, futures_util::StreamExt::next(&mut beats)).await.unwrap().unwrap();
    }
    let owner = Target::owner("desk", "ACC-1").unwrap();
    assert_eq!(client(&server).await.call::<_, u32>(&owner, "who", &(), PATIENCE).await.unwrap().body, 1);
    service.stop("the test ends").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_that_cannot_be_read_are_refused_in_few_words_and_nothing_is_said_to_have_happened() {
    let server = NatsServer::start().await;
    let service = start(config(&server, "d-1")).await;
    let target = Target::any("desk").unwrap();
    let large = "x".repeat(900_000);
    let failed = client(&server).await.call::<_, u64>(&target, "square", &large, PATIENCE).await.unwrap_err();
    assert_eq!(failed.code(), ErrorCode::InvalidInput.as_str(), "{failed}");
    assert!(failed.to_string().len() < 1_000, "{} bytes", failed.to_string().len());
    assert!(!failed.to_string().contains("has happened"), "{failed}");
    service.stop("the test ends").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_text_of_an_inner_error_stays_in_the_log_unless_the_handler_tells_it() {
    let server = NatsServer::start().await;
    let service = start(config(&server, "d-1")).await;
    let (client, target) = (client(&server).await, Target::any("desk").unwrap());
    let Err(CallError::Failed { code, message, .. }) =
        client.call::<_, String>(&target, "read", &(), PATIENCE).await
    else {
        panic!("the file is not there");
    };
    assert_eq!(code, ErrorCode::HandlerFailed.as_str());
    assert!(!message.contains("No such file") && message.contains("under "), "{message}");
    let told = client.call::<_, String>(&target, "tell", &(), PATIENCE).await.unwrap_err();
    assert!(told.to_string().contains("No such file"), "{told}");
    service.stop("the test ends").await.unwrap();
}

#[tokio::test]
async fn labels_without_bound_are_refused_at_the_start() {
    let server = NatsServer::start().await;
    let many: BTreeMap<_, _> = (0..10_000).map(|n| (format!("l{n}"), String::new())).collect();
    let large = BTreeMap::from([("l".to_owned(), "x".repeat(100_000))]);
    for labels in [many, large] {
        let mut config = config(&server, "d-1");
        config.labels = labels;
        let failed = Service::builder(config).start().await.unwrap_err();
        assert!(matches!(failed, StartError::Config(ConfigError::Labels)), "{failed}");
    }
}

/// A runtime whose threads all stand still, as in a write to a full pipe.
#[test]
fn an_instance_whose_runtime_stands_still_gives_its_groups_up_and_begins_no_call_that_is_over() {
    let watching =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let serving = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let server = watching.block_on(NatsServer::start());
    let runs = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let noted = std::sync::Arc::clone(&runs);
    let first = serving.block_on(async {
        Service::builder(config(&server, "d-1"))
            .exclusive("who", |_: Call, (): ()| async move { Ok::<_, Fault>("d-1") })
            .rpc("count", move |_: Call, (): ()| {
                noted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                async move { Ok::<_, Fault>(()) }
            })
            .start()
            .await
            .unwrap()
    });
    watching.block_on(async {
        let group = GroupName::new("ACC-1").unwrap();
        wait_until("the first owns it", PATIENCE, || async {
            first.guard().admit(&group).map(drop).ok_or_else(|| "nobody".to_owned())
        })
        .await;
        let second = Service::builder(config(&server, "d-2"))
            .exclusive("who", |_: Call, (): ()| async move { Ok::<_, Fault>("d-2") })
            .start()
            .await
            .unwrap();
        let gate = std::sync::Arc::new(std::sync::Barrier::new(3));
        for _ in 0..2 {
            let gate = std::sync::Arc::clone(&gate);
            serving.spawn(async move { gate.wait() });
        }
        let client = client(&server).await;
        let balanced = Target::Instance("desk".parse().unwrap(), "d-1".parse().unwrap());
        let late = client.call::<_, ()>(&balanced, "count", &(), Duration::from_millis(500)).await;
        assert!(late.is_err(), "nobody reads it");
        let owner = Target::owner("desk", "ACC-1").unwrap();
        let options = aegis_sdk::CallOptions::within(PATIENCE).idempotent();
        let who = client.call::<_, String>(&owner, "who", &(), options).await.unwrap();
        assert_eq!(who.body, "d-2");
        let before = runs.load(std::sync::atomic::Ordering::SeqCst);
        gate.wait();
        wait_until("the first serves again", PATIENCE, || async {
            client
                .call::<_, ()>(&balanced, "count", &(), Duration::from_secs(2))
                .await
                .map(drop)
                .map_err(|e| e.to_string())
        })
        .await;
        let after = runs.load(std::sync::atomic::Ordering::SeqCst);
        assert_eq!((before, after), (0, 1), "the call that lay in the socket was not begun");
        second.stop("the test ends").await.unwrap();
    });
    serving.block_on(first.stop("the test ends")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_owner_key_hides_no_other_and_is_replaced_by_a_claim() {
    let server = NatsServer::start().await;
    let service = start(ServiceConfig { groups: vec![], ..config(&server, "d-0") }).await;
    let jetstream = async_nats::jetstream::new(server.client().await);
    let leases = jetstream.get_key_value("aegis_leases").await.unwrap();
    for (group, record) in [
        ("ACC-1", "{"),
        (
            "ACC-2",
            r#"{"term":18446744073709551615,"holder":null,"since":"2026-01-01T00:00:00Z","reason":"first"}"#,
        ),
        (
            "ACC-3",
            r#"{"term":9223372036854775807,"holder":null,"since":"2026-01-01T00:00:00Z","reason":"first"}"#,
        ),
        ("ACC-5", r#"{"term":0,"holder":null,"since":"2026-01-01T00:00:00Z","reason":"first"}"#),
        ("ACC-4", r#"{"term":3,"holder":null,"since":"x","reason":"moon","more":{}}"#),
        ("ACC-9", "\"nobody stands for it\""),
    ] {
        leases.put(format!("owner.desk.{group}"), record.to_owned().into()).await.unwrap();
    }
    leases.put("session.desk.stranger", "[]".into()).await.unwrap();
    // None of them is a member, and one bears the name of an instance to come.
    let session = uuid::Uuid::new_v4();
    for (name, lease) in [("ghost", u64::MAX), ("zero", 0), ("d-1", 60_001)] {
        let record = format!(r#"{{"session":"{session}","lease_ms":{lease},"standing":true}}"#);
        leases.put(format!("session.desk.{name}"), record.into()).await.unwrap();
    }
    let mut config = config(&server, "d-1");
    config.groups = (1..=5).map(|n| format!("ACC-{n}").parse().unwrap()).collect();
    let member = start(config).await;
    let client = client(&server).await;
    for (group, term) in [("ACC-1", 1), ("ACC-2", 1), ("ACC-3", 1), ("ACC-4", 4), ("ACC-5", 1)] {
        let owner = Target::owner("desk", group).unwrap();
        let reply = client.call::<_, u32>(&owner, "who", &(), PATIENCE).await.unwrap();
        assert_eq!(reply.term.map(|term| term.get()), Some(term), "{group}");
    }
    let connection = Connection::open(ConnectOptions::new(server.url(), "operator")).await.unwrap();
    let operator = aegis_sdk::Operator::new(&connection, aegis_domain::Actor::user("alice"));
    let found = operator.leaders(None).await.unwrap();
    assert_eq!(found.leaders.len(), 5);
    let strange = ["owner.desk.ACC-9", "session.desk.ghost", "session.desk.stranger", "session.desk.zero"];
    assert_eq!(found.unreadable, strange);
    let ghost = InstanceName::new("ghost").unwrap();
    for to in [None, Some(&ghost)] {
        let refused = member.step_down(&GroupName::new("ACC-1").unwrap(), to, "no other member runs").await;
        assert_eq!(refused.unwrap_err().code(), ErrorCode::MemberNotFound.as_str());
    }
    member.stop("the test ends").await.unwrap();
    service.stop("the test ends").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_the_choice_of_groups_or_in_a_hook_ends_nothing_but_itself() {
    let server = NatsServer::start().await;
    let mut config = config(&server, "d-1");
    config.groups = vec![];
    let service = Service::builder(config)
        .exclusive("who", |_: Call, (): ()| async move { Ok::<_, Fault>(1) })
        .on_demand(|group| {
            assert!(group.as_str() != "BAD", "as it is meant");
            true
        })
        .on(aegis_sdk::service::Stage::Draining, |_| -> std::future::Ready<Result<(), Fault>> {
            panic!("as it is meant")
        })
        .start()
        .await
        .unwrap();
    let client = client(&server).await;
    let good = Target::owner("desk", "GOOD").unwrap();
    client.call::<_, u32>(&good, "who", &(), PATIENCE).await.unwrap();
    let before = service.guard().serving();
    let refused = client
        .call::<_, u32>(&Target::owner("desk", "BAD").unwrap(), "who", &(), PATIENCE)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), ErrorCode::GroupNotServed.as_str(), "{refused}");
    assert_eq!(service.guard().serving(), before, "the pulse goes on");
    service.stop("the test ends").await.unwrap();
    let connection = Connection::open(ConnectOptions::new(server.url(), "reader")).await.unwrap();
    let found = aegis_sdk::Journal::new(&connection)
        .load::<aegis_domain::aggregate::Instance>(&aegis_domain::AggregateId::Instance(
            "desk".parse().unwrap(),
            "d-1".parse().unwrap(),
        ))
        .await
        .unwrap();
    assert_eq!(found.state.status.as_str(), "STOPPED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_for_a_reason_of_a_megabyte_is_recorded_and_the_instance_leaves() {
    let server = NatsServer::start().await;
    let service = start(config(&server, "d-1")).await;
    let running = tokio::spawn(service.run_until_signal());
    let request = serde_json::json!({ "request": "drain", "reason": "a\n".repeat(349_500) }).to_string();
    let stranger = server.client().await;
    stranger.request("aegis.control.desk.d-1", request.into()).await.unwrap();
    tokio::time::timeout(PATIENCE, running).await.unwrap().unwrap().expect("the end is recorded");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_goes_to_a_subject_of_the_installation() {
    let server = NatsServer::start().await;
    let service = start(config(&server, "d-1")).await;
    let stranger = server.client().await;
    let reserved =
        ["aegis.event.instance.desk.d-9", "$KV.aegis_leases.session.desk.d-9", "aegis.control.desk.d-1"];
    let mut heard = stranger.subscribe("aegis.event.instance.desk.d-9").await.unwrap();
    let mut leases = stranger.subscribe("$KV.aegis_leases.session.desk.d-9").await.unwrap();
    for reply in reserved {
        for subject in ["rpc.desk.square", "service.desk.d-1.square", "aegis.control.desk.d-1", "$SRV.PING"] {
            stranger.publish_with_reply(subject, reply, "7".into()).await.unwrap();
        }
        let mut headers = async_nats::HeaderMap::new();
        headers.insert("Aegis-Stream", reply);
        headers.insert("Aegis-Stream-Credit", "9");
        let asked = stranger.request_with_headers("rpc.desk.square", headers, "7".into()).await.unwrap();
        assert!(asked.headers.is_some(), "a refusal");
    }
    // All of that has been answered, if it is, before this.
    for subject in
        ["rpc.desk.square", "service.desk.d-1.square", "aegis.control.desk.d-1", "$SRV.PING.desk.d-1"]
    {
        stranger.request(subject, "7".into()).await.unwrap();
    }
    stranger.flush().await.unwrap();
    use futures_util::{FutureExt as _, StreamExt as _};
    assert!(heard.next().now_or_never().is_none() && leases.next().now_or_never().is_none());
    service.stop("the test ends").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_whose_id_names_no_key_is_handled_and_holds_nothing_up() {
    let server = NatsServer::start().await;
    let (told, mut handled) = tokio::sync::mpsc::unbounded_channel();
    let service = Service::builder(ServiceConfig { groups: vec![], ..config(&server, "d-1") })
        .command_concurrency(1)
        .command("note", move |_: aegis_sdk::CommandContext, n: u64| {
            told.send(n).unwrap();
            std::future::ready(Ok::<_, aegis_sdk::Fault>(()))
        })
        .start()
        .await
        .unwrap();
    let stranger = server.client().await;
    let ids = ["a b", "a..b", "*", "a.>", "\u{e9}", &"x".repeat(5_000), "o-1"];
    for (n, id) in ids.iter().enumerate() {
        let mut headers = async_nats::HeaderMap::new();
        headers.insert("Aegis-Request-Id", *id);
        let body = n.to_string().into();
        stranger.publish_with_headers("commands.desk.note", headers, body).await.unwrap();
    }
    let mut all = vec![];
    while all.len() < ids.len() {
        let one = tokio::time::timeout(PATIENCE, handled.recv()).await;
        all.push(one.unwrap_or_else(|_| panic!("only {all:?} were handled")).unwrap());
    }
    all.sort_unstable();
    assert_eq!(all, (0..7).collect::<Vec<u64>>());
    service.stop("the test ends").await.unwrap();
}
