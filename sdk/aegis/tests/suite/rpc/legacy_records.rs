//! Services of the Python SDK that nobody has to be told of: their records in `service_registry` say what they are.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aegis_legacy::{RpcRequest, RpcResponse};
use aegis_sdk::discovery::{Directory, DiscoveryError, Freshness, Router, Strategy};
use aegis_sdk::{CallError, CallOptions, Client, Codec, ConnectOptions, Connection, Fault, Service};
use aegis_testkit::{NatsServer, wait_until};
use async_nats::jetstream::kv;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{PATIENCE, config};

const FRESHNESS: [Freshness; 3] =
    [Freshness::Cached(Duration::ZERO), Freshness::Cached(Duration::from_millis(100)), Freshness::Watched];

/// One process with the Python SDK: it reads strictly, knows no headers, and answers in the codec of the request.
struct Python {
    name: String,
    bucket: kv::Store,
    heard: Arc<Mutex<Vec<Codec>>>,
    serving: JoinHandle<()>,
}

impl Python {
    async fn start(server: &NatsServer, name: &str) -> Self {
        let nats = server.client().await;
        let config = kv::Config { bucket: "service_registry".to_owned(), ..kv::Config::default() };
        let bucket =
            async_nats::jetstream::new(nats.clone()).create_or_update_key_value(config).await.unwrap();
        let mut calls = nats.queue_subscribe("rpc.pricing.*", "rpc.pricing".to_owned()).await.unwrap();
        nats.flush().await.unwrap();
        let heard = Arc::<Mutex<Vec<Codec>>>::default();
        let (hears, me) = (Arc::clone(&heard), name.to_owned());
        let serving = tokio::spawn(async move {
            while let Some(call) = calls.next().await {
                let codec = Codec::of_first_byte(&call.payload);
                hears.lock().unwrap().push(codec);
                let request = codec.decode::<RpcRequest<Value>>(&call.payload);
                // To a body that it does not know it has no answer.
                let (None, Ok(request)) = (call.headers, request) else { continue };
                assert_eq!(request.params, json!({"symbol": "EURUSD"}));
                let head = request.head().answer("r-1".to_owned(), request.timestamp);
                let response = RpcResponse::new(head, true, json!(me), None);
                nats.publish(call.reply.unwrap(), codec.encode(&response).unwrap()).await.unwrap();
            }
        });
        let python = Self { name: name.to_owned(), bucket, heard, serving };
        python.say("ACTIVE").await;
        python
    }

    async fn say(&self, status: &str) {
        let record = json!({
            "serviceName": "pricing", "instanceId": self.name, "version": "1.2.3", "status": status,
            "lastHeartbeat": "2025-10-09T08:53:20+00:00", "stickyActiveGroup": null,
            "stickyActiveStatus": null, "metadata": { "region": "eu" },
        });
        self.bucket.put(self.key(), record.to_string().into()).await.unwrap();
    }

    fn key(&self) -> String {
        format!("service-instances__pricing__{}", self.name)
    }

    /// In which codecs it was called since the last question.
    fn heard(&self) -> Vec<Codec> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }

    async fn kill(&self) {
        self.serving.abort();
        wait_until("its end", PATIENCE, || {
            std::future::ready(if self.serving.is_finished() { Ok(()) } else { Err("alive".to_owned()) })
        })
        .await;
    }
}

async fn native(server: &NatsServer) -> Service {
    let quote = |call: aegis_sdk::Call, asked: Value| async move {
        assert_eq!(asked, json!({"symbol": "EURUSD"}));
        Ok::<_, Fault>(call.instance().to_string())
    };
    Service::builder(config(server, "pricing")).rpc("quote", quote).start().await.unwrap()
}

/// A router over what stands in the registry, and its directory.
async fn routed(server: &NatsServer, freshness: Freshness) -> (Router, Directory) {
    let connection = Connection::open(ConnectOptions::new(server.url(), "caller")).await.unwrap();
    let directory = Directory::open(&connection, "pricing".parse().unwrap(), freshness).await.unwrap();
    (Router::new(&Client::new(&connection), &directory, Strategy::RoundRobin), directory)
}

async fn quote(router: &Router, options: impl Into<CallOptions> + Send) -> Result<String, CallError> {
    let reply = router.call::<_, String>("quote", &json!({"symbol": "EURUSD"}), options).await;
    reply.map(|reply| reply.body)
}

async fn shows(directory: &Directory, wanted: &[(&str, bool)]) {
    wait_until(&format!("the directory to show {wanted:?}"), PATIENCE, || async {
        let snapshot = directory.snapshot().await.unwrap();
        let found: Vec<_> =
            snapshot.candidates.iter().map(|one| (one.instance.as_str(), one.legacy)).collect();
        if found == wanted { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
}

#[tokio::test]
async fn a_python_service_is_called_in_its_envelope_because_its_record_says_so() {
    let server = NatsServer::start().await;
    let python = Python::start(&server, "pricing-1f2e3d4c").await;
    for freshness in FRESHNESS {
        let (router, directory) = routed(&server, freshness).await;
        assert_eq!(quote(&router, PATIENCE).await.as_deref(), Ok("pricing-1f2e3d4c"), "{freshness:?}");
        assert_eq!(python.heard(), [Codec::MessagePack], "as that SDK writes");
        let json = CallOptions::within(PATIENCE).codec(Codec::Json);
        assert_eq!(quote(&router, json).await.as_deref(), Ok("pricing-1f2e3d4c"));
        assert_eq!(python.heard(), [Codec::Json], "the caller's word on the codec counts");
        let snapshot = directory.snapshot().await.unwrap();
        assert!(snapshot.legacy && !snapshot.stale);
        assert_eq!(snapshot.candidates[0].version.as_str(), "1.2.3");
        assert_eq!(snapshot.candidates[0].labels["region"], "eu");
    }
}

#[tokio::test]
async fn a_service_of_both_kinds_answers_every_call_and_each_kind_its_share() {
    let server = NatsServer::start().await;
    let (rust, python) = (native(&server).await, Python::start(&server, "pricing-py").await);
    for freshness in FRESHNESS {
        let (router, directory) = routed(&server, freshness).await;
        shows(&directory, &[("pricing-1", false), ("pricing-py", true)]).await;
        let mut answered = HashSet::new();
        for _ in 0..60 {
            answered.insert(quote(&router, PATIENCE).await.unwrap());
        }
        assert_eq!(answered.len(), 2, "{freshness:?}: {answered:?}");
        let heard = python.heard();
        assert!(heard.len() <= 30 && heard.iter().all(|codec| *codec == Codec::MessagePack), "{heard:?}");
    }
    rust.stop("done").await.unwrap();
}

#[tokio::test]
async fn python_instances_are_followed_as_they_come_call_themselves_ill_and_go() {
    let server = NatsServer::start().await;
    let rust = native(&server).await;
    let (router, directory) = routed(&server, Freshness::Watched).await;
    shows(&directory, &[("pricing-1", false)]).await;
    assert!(!directory.snapshot().await.unwrap().legacy);
    let python = Python::start(&server, "pricing-py").await;
    shows(&directory, &[("pricing-1", false), ("pricing-py", true)]).await;
    python.say("UNHEALTHY").await;
    shows(&directory, &[("pricing-1", false)]).await;
    assert!(directory.snapshot().await.unwrap().legacy, "it may still be given a call by NATS");
    python.say("STANDBY").await;
    shows(&directory, &[("pricing-1", false), ("pricing-py", true)]).await;
    python.bucket.put("service-instances__pricing__junk", "junk".into()).await.unwrap();
    python.say("SHUTDOWN").await;
    shows(&directory, &[("pricing-1", false)]).await;
    // As a record that runs out there: nothing is left of it.
    python.kill().await;
    python.bucket.purge(python.key()).await.unwrap();
    wait_until("the end of the migration to be noticed", PATIENCE, || async {
        if directory.snapshot().await.unwrap().legacy { Err("still legacy".to_owned()) } else { Ok(()) }
    })
    .await;
    python.heard();
    for _ in 0..10 {
        assert_eq!(quote(&router, PATIENCE).await.as_deref(), Ok("pricing-1"));
    }
    rust.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_call_that_waits_for_a_python_service_waits_in_its_envelope() {
    let server = NatsServer::start().await;
    let python = Python::start(&server, "pricing-py").await;
    let (router, directory) = routed(&server, Freshness::Cached(PATIENCE * 10)).await;
    assert_eq!(quote(&router, PATIENCE).await.as_deref(), Ok("pricing-py"));
    python.kill().await;
    let told = quote(&router, Duration::from_secs(1)).await;
    assert!(matches!(told, Err(CallError::NoResponders { .. })), "{told:?}");
    let none = directory.select(&Strategy::RoundRobin).await;
    assert!(matches!(none, Err(DiscoveryError::NoInstances { .. })), "evicted by the first call: {none:?}");
    let (answer, _again) = tokio::join!(quote(&router, PATIENCE), Python::start(&server, "pricing-new"));
    assert_eq!(answer.as_deref(), Ok("pricing-new"));
}
