//! Snapshots of long aggregates, on a real server.

use aegis_domain::aggregate::Instance;
use aegis_domain::aggregate::instance::{Command, InstanceEvent, Registration};
use aegis_domain::wire::subject;
use aegis_domain::{Actor, Aggregate as _, AggregateId, Context, Event, InstanceName, ServiceName, Version};
use aegis_sdk::journal::Head;
use aegis_sdk::nats::bucket::Bucket;
use aegis_sdk::provision::provision;
use aegis_sdk::{ConnectOptions, Connection, Journal};
use aegis_testkit::NatsServer;
use chrono::Utc;

const KEY: &str = "registry.instance.echo.a";

struct Stage {
    _server: NatsServer,
    connection: Connection,
    journal: Journal,
}

impl Stage {
    async fn new() -> Self {
        let server = NatsServer::start().await;
        let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
        provision(&connection).await.unwrap();
        let journal = Journal::new(&connection);
        Self { _server: server, connection, journal }
    }

    fn bucket(&self) -> Bucket {
        Bucket::new(&self.connection, self.connection.namespace().snapshots_bucket())
    }

    async fn snapshot(&self) -> Option<serde_json::Value> {
        let slot = self.bucket().read(KEY).await.unwrap();
        slot.value.map(|value| serde_json::from_slice(&value).unwrap())
    }

    async fn replace(&self, value: &serde_json::Value) {
        let revision = self.bucket().read(KEY).await.unwrap().revision;
        self.bucket().put(KEY, value.to_string().into(), revision, None).await.unwrap();
    }

    /// Appends so many events: unhealthy, recovered, unhealthy, ...
    async fn append(&self, count: u64) {
        let head = self.journal.load_whole::<Instance>(&id()).await.unwrap().head;
        let event = |n: u64| {
            Event::from(if (head.version.get() + n).is_multiple_of(2) {
                InstanceEvent::Unhealthy { last_beat: None, missed: 3, reason: None }
            } else {
                InstanceEvent::Recovered {}
            })
        };
        self.journal.append(&id(), head, (0..count).map(event).collect(), &context()).await.unwrap();
    }
}

fn id() -> AggregateId {
    AggregateId::Instance(ServiceName::new("echo").unwrap(), InstanceName::new("a").unwrap())
}

fn context() -> Context {
    Context::new(Actor::system("test"), Utc::now())
}

#[tokio::test]
async fn a_long_aggregate_gets_a_snapshot_and_is_read_from_it() {
    let stage = Stage::new().await;
    let every = Instance::SNAPSHOTS.unwrap().every;
    stage.append(every - 1).await;
    stage.journal.load::<Instance>(&id()).await.unwrap();
    assert_eq!(stage.snapshot().await, None, "a short one needs none");
    stage.append(2).await;
    let loaded = stage.journal.load::<Instance>(&id()).await.unwrap();
    assert_eq!(stage.snapshot().await.unwrap()["version"], every + 1);
    // What stands in the snapshot is what counts: seen by one that says something else.
    let mut forged = stage.snapshot().await.unwrap();
    forged["state"]["drain_requested"] = true.into();
    stage.replace(&forged).await;
    let from_snapshot = stage.journal.load::<Instance>(&id()).await.unwrap();
    assert!(from_snapshot.state.drain_requested);
    assert_eq!(from_snapshot.head, loaded.head);
    stage.append(1).await;
    let next = stage.journal.load::<Instance>(&id()).await.unwrap();
    assert!(next.state.drain_requested && next.state.liveness != from_snapshot.state.liveness);
    assert_eq!(next.head.version.get(), every + 2);
    stage.append(every).await;
    stage.journal.load::<Instance>(&id()).await.unwrap();
    assert_eq!(stage.snapshot().await.unwrap()["version"], every * 2 + 2, "the next one is kept in time");
}

#[tokio::test]
async fn a_snapshot_that_is_of_no_use_only_makes_the_reading_longer() {
    let stage = Stage::new().await;
    stage.append(Instance::SNAPSHOTS.unwrap().every + 1).await;
    let expected = stage.journal.load_whole::<Instance>(&id()).await.unwrap();
    stage.journal.load::<Instance>(&id()).await.unwrap();
    let good = stage.snapshot().await.unwrap();
    let mut of_another_log = good.clone();
    of_another_log["sequence"] = 3.into();
    let mut of_another_shape = good.clone();
    of_another_shape["shape"] = 2.into();
    of_another_shape["state"] = "whatever".into();
    let mut without_state = good.clone();
    without_state["state"] = 7.into();
    for useless in [of_another_log, of_another_shape, without_state, "junk".into()] {
        stage.replace(&useless).await;
        let loaded = stage.journal.load::<Instance>(&id()).await.unwrap();
        assert_eq!((loaded.state, loaded.head), (expected.state.clone(), expected.head), "{useless}");
    }
    assert_eq!(stage.snapshot().await.unwrap()["version"], good["version"], "a useless one is replaced");
}

#[tokio::test]
async fn a_snapshot_of_another_log_cannot_keep_a_command_from_being_carried_out() {
    let stage = Stage::new().await;
    stage.append(Instance::SNAPSHOTS.unwrap().every + 1).await;
    stage.journal.load::<Instance>(&id()).await.unwrap();
    // As if the log had been made anew, with nothing after the snapshot's sequence to tell it by.
    let mut ahead = stage.snapshot().await.unwrap();
    ahead["sequence"] = 100_000.into();
    ahead["state"]["status"] = "STOPPED".into();
    stage.replace(&ahead).await;
    let registration = Registration {
        version: Version::new("1.0.0").unwrap(),
        groups: vec![],
        labels: [].into(),
        heartbeat_ms: 1000,
        record_ttl_ms: 15_000,
        legacy: false,
        life: None,
    };
    stage.journal.execute::<Instance>(&id(), Command::Register(registration), &context()).await.unwrap();
    let goodbye = Command::Deregister { reason: "done".into() };
    let executed = stage.journal.execute::<Instance>(&id(), goodbye, &context()).await.unwrap();
    assert_eq!(executed.recorded.len(), 1, "decided on the log, and not on a snapshot of another one");
}

#[tokio::test]
async fn without_the_bucket_everything_goes_on() {
    let stage = Stage::new().await;
    let bucket = stage.connection.namespace().snapshots_bucket();
    stage.connection.jetstream().delete_stream(subject::kv_stream(&bucket)).await.unwrap();
    stage.append(Instance::SNAPSHOTS.unwrap().every + 1).await;
    let loaded = stage.journal.load::<Instance>(&id()).await.unwrap();
    assert_ne!(loaded.head, Head::EMPTY);
}
