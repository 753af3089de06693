//! The webhook: a real server, which refuses at first, is told what needs somebody and what no longer does, each once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use aegis_sdk::{Service, ServiceConfig};
use aegis_testkit::{NatsServer, wait_until};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::serve::Serve;
use crate::support::PATIENCE;

/// One is in the address of the webhook, one in its header. No log, answer or metric may show them.
const SECRETS: [&str; 2] = ["hush-in-the-address", "hush-in-the-header"];

/// Who is told.
#[derive(Clone, Default)]
struct Receiver {
    accepts: Arc<AtomicBool>,
    /// What came, and whether it was taken.
    came: Arc<Mutex<Vec<(Value, bool)>>>,
}

impl Receiver {
    async fn listen(&self) -> String {
        let path = format!("/in/{}", SECRETS[0]);
        let app = axum::Router::new().route(&path, post(take)).with_state(self.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}{path}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        url
    }

    fn came(&self, taken: bool) -> Vec<Value> {
        let came = self.came.lock().unwrap();
        came.iter().filter(|(_, was)| *was == taken).map(|(body, _)| body.clone()).collect()
    }

    async fn until_taken(&self, many: usize) -> Vec<Value> {
        wait_until("messages to be taken", 2 * PATIENCE, || async {
            let taken = self.came(true);
            if taken.len() >= many { Ok(taken) } else { Err(format!("{taken:?}")) }
        })
        .await
    }
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, Json(body): Json<Value>) -> StatusCode {
    let known = headers.get("authorization").is_some_and(|value| value == &format!("Bearer {}", SECRETS[1]));
    assert!(known, "{headers:?}");
    let accepts = receiver.accepts.load(Ordering::Relaxed);
    receiver.came.lock().unwrap().push((body, accepts));
    if accepts { StatusCode::NO_CONTENT } else { StatusCode::INTERNAL_SERVER_ERROR }
}

async fn webhook(serve: &Serve) -> Value {
    let (_, answer) = serve.answer("{ system { tasks { name status lastError } } }").await;
    let tasks = answer["data"]["system"]["tasks"].as_array().unwrap();
    tasks.iter().find(|task| task["name"] == "webhook").unwrap().clone()
}

#[tokio::test]
async fn what_needs_somebody_is_posted_until_it_is_taken_by_one_replica_and_without_its_secrets() {
    let nats = NatsServer::start().await;
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let receiver = Receiver::default();
    let url = receiver.listen().await;
    let file = folders[0].path().join("authorization");
    std::fs::write(&file, format!("Bearer {}\n", SECRETS[1])).unwrap();
    let table = format!("[webhook]\nurl = {url:?}\nauthorization_file = {file:?}");
    let first = Serve::start_with(&nats.url(), folders[0].path(), &table).await;
    first.ready().await;
    let second = Serve::start_with(&nats.url(), folders[1].path(), &table).await;
    second.ready().await;

    let define = "mutation { define(input: { service: \"echo\", owner: \"Desk\", description: \"Echoes\", \
        version: \"1.0.0\", minInstances: 1 }) { __typename } }";
    let (_, defined) = first.answer(define).await;
    assert_eq!(defined["data"]["define"]["__typename"], "DefinitionChanged", "{defined}");
    wait_until("a refusal to be told", 2 * PATIENCE, || async {
        let task = webhook(&first).await;
        let refused = task["lastError"].as_str().is_some_and(|why| why == "127.0.0.1 answered 500; 1 wait");
        if refused { Ok(()) } else { Err(task.to_string()) }
    })
    .await;
    receiver.accepts.store(true, Ordering::Relaxed);
    let bad = receiver.until_taken(1).await.remove(0);
    let (refused, id) = (receiver.came(false), bad["id"].as_str().unwrap());
    assert!(!refused.is_empty() && refused.iter().all(|each| each["id"] == id), "{refused:?}");
    let told = ["state", "key", "subject", "text", "namespace"].map(|field| bad[field].clone());
    assert_eq!(told, ["bad", "service echo", "echo", "echo: 0 of at least 1 run", "aegis"].map(Value::from));

    let mut config = ServiceConfig::new("echo", "1.0.0").unwrap();
    config.nats_url = nats.url();
    let running = Service::builder(config).start().await.unwrap();
    let all = receiver.until_taken(2).await;
    let well = ["state", "key", "since"].map(|field| all[1][field].clone());
    assert_eq!(well, [json!("well"), json!("service echo"), bad["since"].clone()], "{all:?}");
    wait_until("the status", PATIENCE, || async {
        let status = webhook(&first).await["status"].clone();
        if status == "2 messages were taken by 127.0.0.1" { Ok(()) } else { Err(status.to_string()) }
    })
    .await;
    assert_eq!(webhook(&second).await["status"], "0 messages were taken by 127.0.0.1");
    assert_eq!(receiver.came(true).len(), 2, "{:?}", receiver.came(true));
    for serve in [&first, &second] {
        let log = serve.process.lines().join("\n");
        let metrics = serve.http.get(format!("http://{}/metrics", serve.address)).bearer_auth(&serve.token);
        let metrics = metrics.send().await.unwrap().text().await.unwrap();
        assert!(metrics.contains("task=\"webhook\""), "{metrics}");
        for secret in SECRETS {
            assert!(!log.contains(secret) && !metrics.contains(secret), "{secret}: {log}");
        }
    }
    running.stop("done").await.unwrap();
}

#[tokio::test]
async fn an_address_that_cannot_be_one_ends_the_start_without_being_repeated() {
    let table = format!("[webhook]\nurl = \"ftp://hooks.example/{}\"", SECRETS[0]);
    let log = crate::serve::refused_start(&table).await;
    assert!(log.contains("webhook.url") && !log.contains(SECRETS[0]), "{log}");
}
