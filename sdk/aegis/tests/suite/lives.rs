//! Two processes that were given one name: what one says touches nothing of the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aegis_domain::aggregate::Instance;
use aegis_domain::aggregate::instance::{InstanceEvent, Status};
use aegis_domain::wire::heartbeat::Heartbeat;
use aegis_domain::{Aggregate as _, AggregateId};
use aegis_sdk::{Call, Client, ConnectOptions, Connection, Fault, Journal, Service, ServiceConfig, Target};
use aegis_testkit::{FaultProxy, NatsServer, wait_until};

const PATIENCE: Duration = Duration::from_secs(30);

async fn start(server: &NatsServer) -> Service {
    started(&server.url(), Arc::default()).await
}

/// Counts the calls that it handles.
async fn started(url: &str, handled: Arc<AtomicU64>) -> Service {
    let mut config = ServiceConfig::new("desk", "1.0.0").unwrap();
    config.instance = Some("d-1".parse().unwrap());
    config.nats_url = url.to_owned();
    config.heartbeat_ms = 200;
    config.record_ttl_ms = 3_000;
    Service::builder(config)
        .rpc("echo", move |_: Call, n: u64| {
            handled.fetch_add(1, Ordering::SeqCst);
            async move { Ok::<_, Fault>(n) }
        })
        .start()
        .await
        .unwrap()
}

fn id() -> AggregateId {
    AggregateId::Instance("desk".parse().unwrap(), "d-1".parse().unwrap())
}

async fn events(journal: &Journal) -> Result<Vec<InstanceEvent>, String> {
    let events = journal.events(&id()).await.map_err(|error| error.to_string())?;
    Ok(events.iter().filter_map(|it| Instance::event(&it.envelope.event).cloned()).collect())
}

/// The life that the record in the registry tells.
async fn recorded(connection: &Connection) -> Result<Heartbeat, String> {
    let bucket = connection.jetstream().get_key_value("aegis_instances").await.map_err(|e| e.to_string())?;
    let value = bucket.get("desk.d-1").await.map_err(|e| e.to_string())?.ok_or("there is no record")?;
    serde_json::from_slice(&value).map_err(|e| e.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stop_of_one_process_leaves_the_other_of_its_name_registered() {
    let server = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
    let journal = Journal::new(&connection);
    let (first, second) = (start(&server).await, start(&server).await);
    let conflicts = async || {
        let events = events(&journal).await?;
        Ok::<_, String>(events.iter().filter(|it| matches!(it, InstanceEvent::Conflicted { .. })).count())
    };
    wait_until("the conflict is told", PATIENCE, || async {
        if conflicts().await? == 1 { Ok(()) } else { Err("not yet".to_owned()) }
    })
    .await;
    let state = journal.load::<Instance>(&id()).await.unwrap().state;
    assert!(state.is_alive() && state.conflict.is_some());
    // The older one stops: the record and the life of the younger stay.
    first.stop("the first ends").await.unwrap();
    let state = journal.load::<Instance>(&id()).await.unwrap().state;
    assert_eq!((state.status, state.conflict), (Status::Running, None));
    assert_eq!(recorded(&connection).await.unwrap().life, state.life());
    assert_eq!(conflicts().await.unwrap(), 1, "told once");
    second.stop("the second ends").await.unwrap();
    let state = journal.load::<Instance>(&id()).await.unwrap().state;
    assert_eq!(state.status, Status::Stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_process_that_goes_on_when_the_younger_stops_registers_again() {
    let server = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
    let journal = Journal::new(&connection);
    let first = start(&server).await;
    let life = journal.load::<Instance>(&id()).await.unwrap().state.life();
    let second = start(&server).await;
    assert_ne!(journal.load::<Instance>(&id()).await.unwrap().state.life(), life);
    wait_until("the older leaves the record to the younger", PATIENCE, || async {
        let state = journal.load::<Instance>(&id()).await.map_err(|e| e.to_string())?.state;
        if state.conflict == life { Ok(()) } else { Err(format!("{:?}", state.conflict)) }
    })
    .await;
    second.stop("the second ends").await.unwrap();
    wait_until("the older is the instance again", PATIENCE, || async {
        let state = journal.load::<Instance>(&id()).await.map_err(|e| e.to_string())?.state;
        let record = recorded(&connection).await?;
        if state.is_alive() && state.life() == life && record.life == life {
            return Ok(());
        }
        Err(format!("{:?}, {:?}", state.status, record.life))
    })
    .await;
    first.stop("the test ends").await.unwrap();
}

async fn conflict_is(journal: &Journal, wanted: bool) {
    wait_until("the conflict begins or ends", PATIENCE, || async {
        let state = journal.load::<Instance>(&id()).await.map_err(|e| e.to_string())?.state;
        let is_so = state.is_alive() && state.conflict.is_some() == wanted;
        if is_so { Ok(()) } else { Err(format!("{:?} {:?}", state.status, state.conflict)) }
    })
    .await;
}

/// A service whose connections can be cut as a kill cuts them: it sends no deregistration and no further heartbeat.
struct Mortal {
    way: FaultProxy,
    _service: Service,
}

impl Mortal {
    async fn start(server: &NatsServer) -> Self {
        let way = FaultProxy::start(&server.url()).await;
        let _service = started(&way.url(), Arc::default()).await;
        Self { way, _service }
    }

    fn kill(&self) {
        self.way.cut();
        self.way.drop_connections();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_is_over_when_either_of_the_two_processes_is_killed() {
    let server = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
    let journal = Journal::new(&connection);
    let first = Mortal::start(&server).await;
    let second = start(&server).await;
    conflict_is(&journal, true).await;
    let life = journal.load::<Instance>(&id()).await.unwrap().state.life();
    first.kill();
    conflict_is(&journal, false).await;
    assert_eq!(journal.load::<Instance>(&id()).await.unwrap().state.life(), life);
    let third = Mortal::start(&server).await;
    conflict_is(&journal, true).await;
    third.kill();
    wait_until("the older is the instance again", PATIENCE, || async {
        let state = journal.load::<Instance>(&id()).await.map_err(|e| e.to_string())?.state;
        let record = recorded(&connection).await?;
        let is_so = state.is_alive() && (state.life(), record.life, state.conflict) == (life, life, None);
        if is_so { Ok(()) } else { Err(format!("{:?} {:?} {:?}", state.life(), record.life, state.conflict)) }
    })
    .await;
    second.stop("the test ends").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_to_an_instance_is_handled_by_one_process_of_its_name() {
    let server = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
    let handled = [(); 2].map(|()| Arc::new(AtomicU64::new(0)));
    let first = started(&server.url(), Arc::clone(&handled[0])).await;
    let second = started(&server.url(), Arc::clone(&handled[1])).await;
    let (client, target) =
        (Client::new(&connection), Target::Instance("desk".parse().unwrap(), "d-1".parse().unwrap()));
    wait_until("the older leaves calls to the younger", PATIENCE, || async {
        let connz = aegis_testkit::get(&format!("{}/connz?subs=1", server.monitor_url())).await;
        let connz = connz.map_err(|error| error.to_string())?.body;
        match connz.matches("\"service.desk.d-1.*\"").count() {
            1 => Ok(()),
            subscribed => Err(format!("{subscribed} are subscribed to them")),
        }
    })
    .await;
    for n in 0..50 {
        assert_eq!(client.call::<_, u64>(&target, "echo", &n, PATIENCE).await.unwrap().body, n);
    }
    assert_eq!(handled.map(|it| it.load(Ordering::SeqCst)), [0, 50]);
    second.stop("the second ends").await.unwrap();
    wait_until("the older takes them again", PATIENCE, || async {
        let called = client.call::<_, u64>(&target, "echo", &1, Duration::from_secs(1)).await;
        called.map(drop).map_err(|error| error.to_string())
    })
    .await;
    first.stop("the test ends").await.unwrap();
}
