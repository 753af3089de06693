//! What a waiting call does when its group gets another owner.

use std::time::{Duration, Instant};

use aegis_domain::wire::Namespace;
use aegis_sdk::{
    CallError, CallOptions, Client, ConnectOptions, Connection, Fault, Service, ServiceConfig, Target,
};
use aegis_testkit::{FaultProxy, NatsServer};
use futures_util::StreamExt as _;

const PATIENCE: Duration = Duration::from_secs(30);

async fn member(url: &str, name: &str) -> Service {
    let mut config = ServiceConfig::new("desk", "1.0.0").unwrap();
    config.instance = Some(name.parse().unwrap());
    config.nats_url = url.to_owned();
    config.groups = vec!["ACC-1".parse().unwrap()];
    config.drain_ms = 1_000;
    let me = name.to_owned();
    Service::builder(config)
        .exclusive("who", move |_call, (): ()| {
            let me = me.clone();
            async move { Ok::<_, Fault>(me) }
        })
        .start()
        .await
        .unwrap()
}

/// An owner behind a proxy, another member, and somebody who calls.
struct Floor {
    server: NatsServer,
    proxy: FaultProxy,
    owner: Service,
    other: Service,
    client: Client,
}

impl Floor {
    async fn open() -> Self {
        let server = NatsServer::start().await;
        let proxy = FaultProxy::start(&server.url()).await;
        let connection = Connection::open(ConnectOptions::new(server.url(), "caller")).await.unwrap();
        let client = Client::new(&connection);
        let owner = member(&proxy.url(), "d-1").await;
        assert_eq!(who(&client, CallOptions::within(PATIENCE)).await.unwrap(), "d-1");
        let other = member(&server.url(), "d-2").await;
        Self { server, proxy, owner, other, client }
    }

    async fn close(self) {
        self.proxy.pass();
        Box::pin(self.other.stop("the test ends")).await.unwrap();
        Box::pin(self.owner.stop("the test ends")).await.unwrap();
    }
}

async fn who(client: &Client, options: CallOptions) -> Result<String, CallError> {
    let target = Target::owner("desk", "ACC-1").unwrap();
    client.call::<_, String>(&target, "who", &(), options).await.map(|reply| reply.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotent_call_is_answered_by_the_new_owner_at_once() {
    let floor = Floor::open().await;
    let watching = floor.server.client().await;
    let key = format!("$KV.{}.owner.desk.ACC-1", Namespace::default().leases_bucket());
    let mut writes = watching.subscribe(key).await.unwrap();
    watching.flush().await.unwrap();
    floor.proxy.cut();
    let call = tokio::spawn({
        let client = floor.client.clone();
        async move { (who(&client, CallOptions::within(PATIENCE).idempotent()).await, Instant::now()) }
    });
    tokio::time::timeout(PATIENCE, writes.next()).await.unwrap().unwrap();
    let changed = Instant::now();
    let (answer, answered) = call.await.unwrap();
    assert_eq!(answer.unwrap(), "d-2");
    let late = answered.saturating_duration_since(changed);
    // By then pauses between two sends have grown to 400 ms and more.
    assert!(late < Duration::from_millis(150), "{late:?} after the change of owner");
    floor.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_may_happen_once_is_told_when_its_owner_is_lost() {
    let floor = Floor::open().await;
    floor.proxy.cut();
    let begun = Instant::now();
    let outcome = who(&floor.client, CallOptions::within(PATIENCE)).await;
    assert!(matches!(outcome, Err(CallError::OutcomeUnknown { .. })), "{outcome:?}");
    assert!(begun.elapsed() < PATIENCE / 3, "{:?}", begun.elapsed());
    assert_eq!(who(&floor.client, CallOptions::within(PATIENCE)).await.unwrap(), "d-2");
    floor.close().await;
}
