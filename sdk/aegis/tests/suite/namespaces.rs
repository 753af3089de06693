//! Two installations on one NATS server: nothing of one reaches the other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aegis_domain::ServiceName;
use aegis_domain::wire::{Namespace, micro};
use aegis_sdk::streams::{Append, StreamOptions};
use aegis_sdk::{
    Call, CallError, Client, CommandContext, Commands, ConnectOptions, Connection, Events, Fault,
    SendOptions, Service, ServiceConfig, Target,
};
use aegis_testkit::{NatsServer, wait_until};
use futures_util::StreamExt as _;

use crate::events::{PATIENCE, tries};

/// How often each handler of an installation ran.
#[derive(Debug, Default)]
struct Ran {
    calls: AtomicUsize,
    exclusive: AtomicUsize,
    events: AtomicUsize,
    commands: AtomicUsize,
}

impl Ran {
    fn counts(&self) -> [usize; 4] {
        [&self.calls, &self.exclusive, &self.events, &self.commands].map(|it| it.load(Ordering::SeqCst))
    }
}

struct Installation {
    connection: Connection,
    service: Service,
    ran: Arc<Ran>,
}

fn count(what: &AtomicUsize) {
    what.fetch_add(1, Ordering::SeqCst);
}

impl Installation {
    async fn start(url: &str, namespace: &str) -> Self {
        let namespace = Namespace::new(namespace).unwrap();
        let options =
            ConnectOptions { namespace: namespace.clone(), ..ConnectOptions::new(url, namespace.as_str()) };
        let connection = Connection::open(options).await.unwrap();
        let mut config = ServiceConfig::new("desk", "1.0.0").unwrap();
        config.instance = Some("desk-1".parse().unwrap());
        config.nats_url = url.to_owned();
        config.namespace = namespace.as_str().to_owned();
        config.groups = vec!["ACC-1".parse().unwrap()];
        let ran = Arc::new(Ran::default());
        let (one, two, three, four) = (ran.clone(), ran.clone(), ran.clone(), ran.clone());
        let (here, there) = (namespace.as_str().to_owned(), namespace.as_str().to_owned());
        let service = Service::builder(config)
            .rpc("where", move |_: Call, (): ()| {
                count(&one.calls);
                std::future::ready(Ok::<_, Fault>(here.clone()))
            })
            .exclusive("own", move |_: Call, (): ()| {
                count(&two.exclusive);
                std::future::ready(Ok::<_, Fault>(there.clone()))
            })
            .on_event(
                aegis_sdk::Subscribe::to("test.>").retry(tries(2)),
                move |_: aegis_sdk::EventContext, _: u64| {
                    count(&three.events);
                    std::future::ready(Ok::<_, Fault>(()))
                },
            )
            .command("build", move |_: CommandContext, n: u64| {
                count(&four.commands);
                std::future::ready(Ok::<_, Fault>(n))
            })
            .start()
            .await
            .unwrap();
        Self { connection, service, ran }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_one_namespace_reaches_another() {
    let server = NatsServer::start().await;
    let [dev, prod, default] = [
        Installation::start(&server.url(), "dev").await,
        Installation::start(&server.url(), "prod").await,
        Installation::start(&server.url(), "aegis").await,
    ];
    let client = Client::new(&dev.connection);
    for _ in 0..20 {
        let target = Target::any("desk").unwrap();
        let reply = client.call::<_, String>(&target, "where", &(), PATIENCE).await.unwrap();
        assert_eq!(reply.body, "dev");
        let owner = Target::owner("desk", "ACC-1").unwrap();
        assert_eq!(client.call::<_, String>(&owner, "own", &(), PATIENCE).await.unwrap().body, "dev");
    }
    let (events, commands) = (Events::new(&dev.connection), Commands::new(&dev.connection));
    let mut live = Events::new(&prod.connection).live("test", "*").await.unwrap();
    let desk = ServiceName::new("desk").unwrap();
    for n in 0..20_u64 {
        events.publish("test", "one", &n).await.unwrap();
        let mut sent = commands.send(&desk, "build", &n, SendOptions::default()).await.unwrap();
        assert_eq!(tokio::time::timeout(PATIENCE, sent.result::<u64>()).await.unwrap().unwrap(), n);
    }
    wait_until("all events", PATIENCE, || async {
        match dev.ran.counts() {
            [20, 20, 20, 20] => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    // One instance by its name, which both namespaces have.
    let own = Target::Instance(desk.clone(), "desk-1".parse().unwrap());
    assert_eq!(client.call::<_, String>(&own, "where", &(), PATIENCE).await.unwrap().body, "dev");
    for (other, name) in [(&prod, "prod"), (&default, "aegis")] {
        assert_eq!(other.ran.counts(), [0; 4], "{name}");
        let stream = other.connection.namespace().app_events_stream();
        let stream = other.connection.jetstream().get_stream(stream).await.unwrap();
        assert_eq!(stream.cached_info().state.messages, 0, "{name}");
    }
    assert!(tokio::time::timeout(Duration::ZERO, live.next()).await.is_err(), "nothing was heard live");
    // A service that only the other installation has is nobody here.
    let nobody = Target::any("nobody").unwrap();
    let outcome = client.call::<_, String>(&nobody, "where", &(), Duration::from_millis(300)).await;
    assert!(matches!(outcome, Err(CallError::NoResponders { .. })), "{outcome:?}");
    for installation in [dev, prod, default] {
        installation.service.stop("the test ends").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_stream_and_bucket_of_a_namespace_bears_its_name_and_streams_keep_apart() {
    let server = NatsServer::start().await;
    let default = Installation::start(&server.url(), "aegis").await;
    let jetstream = async_nats::jetstream::new(server.client().await);
    let names = || async { jetstream.stream_names().map(|name| name.unwrap()).collect::<Vec<_>>().await };
    let before = names().await;
    let dev = Installation::start(&server.url(), "dev").await;
    for (installation, n) in [(&dev, 1_u64), (&default, 2)] {
        let stream =
            aegis_sdk::streams::Stream::open(&installation.connection, "prices", StreamOptions::default())
                .await
                .unwrap();
        stream.append_as("EURUSD", &n, Append { after: Some(0), ..Append::default() }).await.unwrap();
    }
    let added: Vec<_> = names().await.into_iter().filter(|name| !before.contains(name)).collect();
    assert!(added.len() >= 12, "{added:?}");
    for name in added.iter().filter(|name| *name != "STREAM_prices" && *name != "KV_aegis_checkpoints") {
        assert!(
            name.starts_with("DEV_") || name.starts_with("DEV-") || name.starts_with("KV_dev_"),
            "{name}"
        );
    }
    for (installation, n) in [(&dev, 1_u64), (&default, 2)] {
        let stream =
            aegis_sdk::streams::Stream::open(&installation.connection, "prices", StreamOptions::default())
                .await
                .unwrap();
        let mut reader = stream.reader("r", aegis_sdk::streams::ReaderOptions::default()).await.unwrap();
        let records = reader.batch(10, Duration::from_secs(2)).await;
        let read: Vec<u64> = records.iter().map(|record| record.decode().unwrap()).collect();
        assert_eq!(read, [n]);
    }
    dev.service.stop("the test ends").await.unwrap();
    default.service.stop("the test ends").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_services_api_tells_namespaces_apart_by_their_metadata() {
    let server = NatsServer::start().await;
    let [dev, default] =
        [Installation::start(&server.url(), "dev").await, Installation::start(&server.url(), "aegis").await];
    let client = server.client().await;
    let inbox = client.new_inbox();
    let mut answers = client.subscribe(inbox.clone()).await.unwrap();
    client.publish_with_reply("$SRV.INFO.desk", inbox, "".into()).await.unwrap();
    let mut found = BTreeMap::new();
    for _ in 0..2 {
        let answer = tokio::time::timeout(PATIENCE, answers.next()).await.unwrap().unwrap();
        let micro::Answer::Info { identity, endpoints, .. } =
            serde_json::from_slice(&answer.payload).unwrap()
        else {
            panic!("{answer:?}");
        };
        let subjects: Vec<_> = endpoints.into_iter().map(|endpoint| endpoint.subject).collect();
        found.insert(identity.metadata.get(micro::NAMESPACE).cloned(), subjects);
    }
    let subjects = |prefix: &str| vec![format!("{prefix}rpc.desk.*.own"), format!("{prefix}rpc.desk.where")];
    assert_eq!(found, BTreeMap::from([(None, subjects("")), (Some("dev".to_owned()), subjects("dev."))]));
    dev.service.stop("the test ends").await.unwrap();
    default.service.stop("the test ends").await.unwrap();
}
