//! The control plane without the wire of the Python SDK: the real binary on a real server. Empty where the feature
//! `legacy` is on.
#![cfg(not(feature = "legacy"))]
#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test")]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aegis_domain::aggregate::Instance;
use aegis_domain::aggregate::instance::{Command, Liveness, Registration};
use aegis_domain::{Actor, AggregateId, Context, Version};
use aegis_sdk::{ConnectOptions, Connection, Journal};
use aegis_testkit::{NatsServer, Proc, wait_until};
use async_nats::jetstream::{self, kv};
use chrono::Utc;
use futures_util::StreamExt as _;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(20);
const REGISTRY: &str = "service_registry";

/// The text of a page of the control plane whose process wrote this file.
async fn page(env_file: &Path, path: &str) -> Result<String, String> {
    let text = std::fs::read_to_string(env_file).map_err(|error| error.to_string())?;
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
    let (Some(url), Some(token)) = (value("AEGIS_URL"), value("AEGIS_TOKEN")) else {
        return Err("it is still starting".to_owned());
    };
    let asked = reqwest::Client::new().get(format!("{url}{path}")).bearer_auth(token).send().await;
    asked.map_err(|error| error.to_string())?.text().await.map_err(|error| error.to_string())
}

/// Each subscription of a client of the server, now.
async fn subscribed(nats: &NatsServer) -> Vec<String> {
    let url = format!("{}/connz?subs=1", nats.monitor_url());
    let found: Value = serde_json::from_str(&aegis_testkit::get(&url).await.unwrap().body).unwrap();
    let each = found["connections"].as_array().unwrap().iter();
    let lists = each.filter_map(|one| one["subscriptions_list"].as_array());
    lists.flatten().filter_map(|subject| subject.as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn nothing_of_the_python_wire_is_read_and_who_was_adopted_before_expires() {
    let (nats, folder) = (NatsServer::start().await, tempfile::tempdir().unwrap());
    let connection = Connection::open(ConnectOptions::new(nats.url(), "test")).await.unwrap();
    aegis_sdk::provision::provision(&connection).await.unwrap();
    // The log of a control plane that had the feature.
    let id = AggregateId::Instance("orders".parse().unwrap(), "orders-py".parse().unwrap());
    let registration = Registration {
        version: Version::new("1.2.3").unwrap(),
        groups: vec![],
        labels: [].into(),
        heartbeat_ms: 200,
        record_ttl_ms: 1_000,
        legacy: true,
        life: None,
    };
    let (journal, context) = (Journal::new(&connection), Context::new(Actor::system("legacy"), Utc::now()));
    journal.execute::<Instance>(&id, Command::Adopt(registration), &context).await.unwrap();
    // An instance of the Python SDK, in its registry.
    let python = nats.client().await;
    let config = kv::Config { bucket: REGISTRY.to_owned(), ..kv::Config::default() };
    let registry = jetstream::new(python.clone()).create_key_value(config).await.unwrap();
    let record = json!({"serviceName": "orders", "instanceId": "orders-2", "version": "1.2.3",
        "status": "ACTIVE", "lastHeartbeat": null, "metadata": {}});
    registry.put("service-instances__orders__orders-2", record.to_string().into()).await.unwrap();
    let mut tap = python.subscribe(">").await.unwrap();
    python.flush().await.unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&heard);
    let listening = tokio::spawn(async move {
        while let Some(message) = tap.next().await {
            notes.lock().unwrap().push(message.subject.into_string());
        }
    });

    let env_file = folder.path().join("env");
    let _process = Proc::builder(env!("CARGO_BIN_EXE_aegis"))
        .name("aegis")
        .env("AEGIS_URL", "")
        .env("AEGIS_TOKEN", "")
        .args(["up", "--port", "0", "--nats-url", &nats.url()])
        .args([Path::new("--data-dir"), folder.path(), Path::new("--env-file"), &env_file])
        .spawn();
    // All tasks have run, those too that wait for the registry.
    let metrics = wait_until("the tasks", PATIENCE, || async {
        let text = page(&env_file, "/metrics").await?;
        let ran = |task: &str| {
            let prefix = format!("aegis_task_runs_total{{task=\"{task}\"}} ");
            text.lines().any(|line| line.strip_prefix(&prefix).is_some_and(|runs| runs != "0"))
        };
        if ["liveness", "plans", "terms"].into_iter().all(ran) { Ok(text) } else { Err(text) }
    })
    .await;
    assert!(!metrics.contains("legacy"), "a task or a metric of that wire: {metrics}");
    python.publish("internal.heartbeat.orders", r#"{"instance_id": "orders-2"}"#.into()).await.unwrap();
    wait_until("the end of who was adopted before", PATIENCE, || async {
        let loaded = journal.load::<Instance>(&id).await.map_err(|error| error.to_string())?;
        match loaded.state.liveness {
            Liveness::Expired => Ok(()),
            other @ (Liveness::Alive | Liveness::Unhealthy) => Err(format!("{other:?}")),
        }
    })
    .await;
    let other = AggregateId::Instance("orders".parse().unwrap(), "orders-2".parse().unwrap());
    assert_eq!(
        journal.events(&other).await.unwrap().len(),
        0,
        "no instance of the Python SDK is entered in the registry"
    );

    let subscribed = subscribed(&nats).await;
    assert!(subscribed.iter().any(|subject| subject.starts_with("aegis.")), "{subscribed:?}");
    assert!(!subscribed.iter().any(|subject| subject.contains("internal.")), "{subscribed:?}");
    let heard = heard.lock().unwrap().clone();
    assert!(heard.iter().any(|subject| subject.starts_with("$JS.API.")), "{heard:?}");
    assert!(!heard.iter().any(|subject| subject.contains(REGISTRY)), "{heard:?}");
    listening.abort();
}
