//! The SDK without the wire of the Python SDK, on a real server: nothing of that wire is asked for, subscribed to or
//! published, and its messages are messages like any other. Empty where the feature `legacy` is on.
#![cfg(not(feature = "legacy"))]
#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aegis_domain::wire::header;
use aegis_domain::{ErrorCode, ServiceName};
use aegis_sdk::dead_letters::{DeadLetters, Newest};
use aegis_sdk::discovery::{Directory, Freshness, Router, Strategy};
use aegis_sdk::{
    Call, Client, CommandContext, Commands, ConnectOptions, Connection, Events, Fault, SendOptions, Service,
    ServiceConfig, Subscribe, Target,
};
use aegis_testkit::{NatsServer, wait_until};
use async_nats::HeaderMap;
use async_nats::jetstream::{self, kv};
use futures_util::StreamExt as _;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(20);
/// What the subjects of the Python wire hold, whoever uses them: those of its registry, of the API of JetStream about it,
/// and those on which it tells of commands.
const MARKS: [&str; 4] = ["service_registry", "internal.", "commands.progress.", "commands.callback."];

struct Stage {
    server: NatsServer,
    connection: Connection,
    service: Service,
}

impl Stage {
    /// A service with a method, a command, a command of any parameters, and a subscription to events.
    async fn start() -> Self {
        let server = NatsServer::start().await;
        let mut config = ServiceConfig::new("orders", "1.0.0").unwrap();
        config.instance = Some("orders-1".parse().unwrap());
        config.nats_url = server.url();
        config.heartbeat_ms = 200;
        config.drain_ms = 1_000;
        let service = Service::builder(config)
            .rpc("double", |_: Call, number: u64| async move { Ok::<_, Fault>(number * 2) })
            .command("double", |context: CommandContext, number: u64| async move {
                context.progress(50.0, "half of it").await;
                Ok::<_, Fault>(number * 2)
            })
            .command("keep", |_: CommandContext, anything: Value| async move { Ok::<_, Fault>(anything) })
            .on_event(Subscribe::to("test.*"), |_, _: u64| async { Ok::<_, Fault>(()) })
            .start()
            .await
            .unwrap();
        let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
        Self { server, connection, service }
    }

    async fn letters(&self, count: u64) {
        let letters = DeadLetters::new(&self.connection);
        wait_until("the dead letters", PATIENCE, || async {
            let found = letters.count().await.map_err(|error| error.to_string())?;
            if found == count { Ok(()) } else { Err(format!("{found} of {count}")) }
        })
        .await;
    }
}

/// A command as the Python SDK sends it.
fn command(name: &str) -> String {
    let body = json!({
        "message_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "trace_id": "t", "correlation_id": null,
        "timestamp": "2026-01-01T00:00:00Z", "source": "py", "target": "orders", "command": name,
        "payload": {"n": 1}, "priority": "high", "max_retries": 3, "timeout": 5.0,
    });
    body.to_string()
}

/// Subjects that clients of the server have subscribed to now.
async fn subscribed(server: &NatsServer) -> Vec<String> {
    let url = format!("{}/connz?subs=1", server.monitor_url());
    let found: Value = serde_json::from_str(&aegis_testkit::get(&url).await.unwrap().body).unwrap();
    let each = found["connections"].as_array().unwrap().iter();
    let lists = each.filter_map(|one| one["subscriptions_list"].as_array());
    lists.flatten().filter_map(|subject| subject.as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn nothing_of_the_python_wire_is_asked_subscribed_or_published() {
    let stage = Stage::start().await;
    let python = stage.server.client().await;
    let config = kv::Config { bucket: "service_registry".to_owned(), ..kv::Config::default() };
    let registry = jetstream::new(python.clone()).create_key_value(config).await.unwrap();
    let record = json!({"serviceName": "orders", "instanceId": "orders-py", "version": "1.2.3",
        "status": "ACTIVE", "lastHeartbeat": null, "metadata": {}});
    registry.put("service-instances__orders__orders-py", record.to_string().into()).await.unwrap();

    // From here on, everything that anybody publishes is heard.
    let heard = Arc::new(Mutex::new(Vec::new()));
    let mut tap = python.subscribe(">").await.unwrap();
    python.flush().await.unwrap();
    let notes = Arc::clone(&heard);
    let listening = tokio::spawn(async move {
        while let Some(message) = tap.next().await {
            notes.lock().unwrap().push(message.subject.into_string());
        }
    });
    let (client, service) = (Client::new(&stage.connection), ServiceName::new("orders").unwrap());
    for freshness in [Freshness::Cached(Duration::ZERO), Freshness::Cached(PATIENCE), Freshness::Watched] {
        let directory = Directory::open(&stage.connection, service.clone(), freshness).await.unwrap();
        let snapshot = directory.snapshot().await.unwrap();
        let names: Vec<_> =
            snapshot.candidates.iter().map(|one| (one.instance.as_str(), one.legacy)).collect();
        assert_eq!((names, snapshot.legacy), (vec![("orders-1", false)], false), "{freshness:?}");
        let router = Router::new(&client, &directory, Strategy::RoundRobin);
        assert_eq!(router.call::<_, u64>("double", &21, PATIENCE).await.unwrap().body, 42);
    }
    let commands = Commands::new(&stage.connection);
    let mut sent = commands.send(&service, "double", &21, SendOptions::default()).await.unwrap();
    assert_eq!(sent.result::<u64>().await.unwrap(), 42);
    Events::new(&stage.connection).publish("test", "one", &1).await.unwrap();

    let all = wait_until("the tap to hear of all that", PATIENCE, || async {
        let all = heard.lock().unwrap().clone();
        let holds = |mark: &str| all.iter().any(|subject| subject.contains(mark));
        let expected = [
            "$JS.API.",
            "aegis_instances",
            "aegis.command.progress.",
            "aegis.command.result.",
            "events.test.one",
        ];
        match expected.iter().find(|mark| !holds(mark)) {
            None => Ok(all),
            Some(missing) => Err(format!("nothing with {missing} in {all:?}")),
        }
    })
    .await;
    let subscribed = subscribed(&stage.server).await;
    assert!(subscribed.iter().any(|subject| subject.starts_with("rpc.orders.")), "{subscribed:?}");
    for subject in all.iter().chain(&subscribed) {
        assert!(!MARKS.iter().any(|mark| subject.contains(mark)), "{subject}");
    }
    listening.abort();
    stage.service.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_command_in_its_envelope_is_put_aside_and_never_run() {
    let stage = Stage::start().await;
    let jetstream = stage.connection.jetstream();
    jetstream.publish("commands.orders.double", command("double").into()).await.unwrap().await.unwrap();
    stage.letters(1).await;
    // One that a worker of a build with that wire has put in its lane, whatever parameters the handler takes.
    let mut headers = HeaderMap::new();
    headers.insert(header::LEGACY, "application/json");
    headers.insert(header::REQUEST_ID, "3f2504e0-4f89-41d3-9a0c-0305e82c3301");
    let sent = jetstream.publish_with_headers("commands.orders.keep.high", headers, command("keep").into());
    sent.await.unwrap().await.unwrap();
    stage.letters(2).await;
    let page = DeadLetters::new(&stage.connection).list(Newest::most(10)).await.unwrap();
    let reasons: Vec<_> = page.letters.iter().map(|letter| letter.reason.as_deref().unwrap()).collect();
    assert!(reasons[0].contains("whose wire this build does not have"), "{reasons:?}");
    assert!(reasons[1].contains("the parameters do not fit"), "{reasons:?}");
    stage.service.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_call_in_its_envelope_is_refused_as_one_with_wrong_parameters() {
    let stage = Stage::start().await;
    let body = json!({"message_id": "m-1", "trace_id": "t", "method": "double", "params": {"n": 1},
        "timestamp": "2026-01-01T00:00:00Z", "timeout": 5.0});
    let client = stage.server.client().await;
    let reply = client.request("rpc.orders.double", body.to_string().into()).await.unwrap();
    let headers = reply.headers.unwrap();
    assert_eq!(headers.get(header::ERROR_CODE).unwrap().as_str(), ErrorCode::InvalidInput.as_str());
    assert!(reply.payload.is_empty());
    let native = Client::new(&stage.connection);
    let doubled =
        native.call::<_, u64>(&Target::any("orders").unwrap(), "double", &4, PATIENCE).await.unwrap();
    assert_eq!(doubled.body, 8);
    stage.service.stop("done").await.unwrap();
}
