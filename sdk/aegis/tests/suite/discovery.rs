//! Finding instances on a real server, also when the registry is away, empty, or behind.

use std::time::{Duration, Instant};

use aegis_sdk::discovery::{Directory, DiscoveryError, Freshness, Strategy};
use aegis_sdk::{ConnectOptions, Connection, Fault, Service, ServiceConfig};
use aegis_testkit::{NatsServer, wait_until};

const PATIENCE: Duration = Duration::from_secs(10);

async fn instance(server: &NatsServer, name: &str, groups: &[&str]) -> Service {
    let mut config = ServiceConfig::new("pricing", "1.0.0").unwrap();
    config.instance = Some(name.parse().unwrap());
    config.nats_url = server.url();
    config.groups = groups.iter().map(|group| group.parse().unwrap()).collect();
    config.record_ttl_ms = 3_000;
    let me = name.to_owned();
    let who = move |_call, (): ()| {
        let me = me.clone();
        async move { Ok::<_, Fault>(me) }
    };
    Service::builder(config).rpc("who", who).start().await.unwrap()
}

async fn connection(server: &NatsServer) -> Connection {
    let options = ConnectOptions {
        request_timeout: Duration::from_secs(1),
        ..ConnectOptions::new(server.url(), "caller")
    };
    Connection::open(options).await.unwrap()
}

async fn open(connection: &Connection, freshness: Freshness) -> Directory {
    Directory::open(connection, "pricing".parse().unwrap(), freshness).await.unwrap()
}

async fn names(directory: &Directory) -> Vec<String> {
    let snapshot = directory.snapshot().await.unwrap();
    snapshot.candidates.iter().map(|one| one.instance.to_string()).collect()
}

async fn shows(directory: &Directory, wanted: &[&str]) {
    wait_until(&format!("the directory to show {wanted:?}"), PATIENCE, || async {
        let found = names(directory).await;
        if found == wanted { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
}

#[tokio::test]
async fn a_watched_directory_follows_who_comes_and_who_goes() {
    let server = NatsServer::start().await;
    let (a, b) = (instance(&server, "p-1", &["ACC-1"]).await, instance(&server, "p-2", &[]).await);
    let directory = open(&connection(&server).await, Freshness::Watched).await;
    assert_eq!(names(&directory).await, ["p-1", "p-2"], "known when it opens");
    let c = instance(&server, "p-3", &[]).await;
    shows(&directory, &["p-1", "p-2", "p-3"]).await;
    b.stop("done").await.unwrap();
    shows(&directory, &["p-1", "p-3"]).await;
    let sticky = Strategy::StickyPreferred(Some("ACC-1".parse().unwrap()));
    wait_until("the owner to be known", PATIENCE, || async {
        let chosen = directory.select(&sticky).await.unwrap().instance.to_string();
        if chosen == "p-1" { Ok(()) } else { Err(chosen) }
    })
    .await;
    drop(c);
    // Dropped, and not stopped.
    shows(&directory, &["p-1"]).await;
    a.stop("done").await.unwrap();
    shows(&directory, &[]).await;
    let none = directory.select(&Strategy::RoundRobin).await.unwrap_err();
    assert!(matches!(none, DiscoveryError::NoInstances { .. }) && none.to_string().contains("pricing"));
}

#[tokio::test]
async fn a_basic_directory_reads_each_time_and_a_cached_one_when_it_is_old() {
    let server = NatsServer::start().await;
    let _a = instance(&server, "p-1", &[]).await;
    let connection = connection(&server).await;
    let basic = open(&connection, Freshness::Cached(Duration::ZERO)).await;
    let age = Duration::from_secs(2);
    let cached = open(&connection, Freshness::Cached(age)).await;
    let begun = Instant::now();
    assert_eq!((names(&basic).await, names(&cached).await), (vec!["p-1".into()], vec!["p-1".into()]));
    let _b = instance(&server, "p-2", &[]).await;
    assert_eq!(names(&basic).await, ["p-1", "p-2"]);
    assert_eq!(names(&cached).await.len() == 1, begun.elapsed() < age, "old news for two seconds");
    shows(&cached, &["p-1", "p-2"]).await;
    assert!(begun.elapsed() >= age);
}

#[tokio::test]
async fn what_was_known_stands_while_the_registry_is_away() {
    let server = NatsServer::start().await;
    let _a = instance(&server, "p-1", &[]).await;
    let connection = connection(&server).await;
    let basic = open(&connection, Freshness::Cached(Duration::ZERO)).await;
    let watched = open(&connection, Freshness::Watched).await;
    assert_eq!(names(&basic).await, ["p-1"]);
    server.stop().await;
    let snapshot = basic.snapshot().await.unwrap();
    assert!(snapshot.stale, "it says that it is old");
    assert_eq!(basic.select(&Strategy::Random).await.unwrap().instance.as_str(), "p-1");
    let cached = Directory::open(&connection, "pricing".parse().unwrap(), Freshness::Cached(PATIENCE * 100));
    let cached = cached.await.unwrap();
    cached.evict(&"p-1".parse().unwrap());
    let unread = cached.snapshot().await;
    assert!(matches!(unread, Err(DiscoveryError::Unavailable(_))), "to evict is not to read: {unread:?}");
    assert_eq!(watched.select(&Strategy::Random).await.unwrap().instance.as_str(), "p-1");
    let never = Directory::open(&connection, "pricing".parse().unwrap(), Freshness::Watched).await;
    assert!(matches!(never, Err(DiscoveryError::Unavailable(_))));
    server.restart().await;
    wait_until("fresh news", PATIENCE * 2, || async {
        let snapshot = basic.snapshot().await.unwrap();
        if snapshot.stale { Err("stale".to_owned()) } else { Ok(()) }
    })
    .await;
    assert_eq!(names(&basic).await, ["p-1"]);
}

#[tokio::test]
async fn a_registry_that_is_emptied_removes_no_instance() {
    let server = NatsServer::start().await;
    let _services = (instance(&server, "p-1", &[]).await, instance(&server, "p-2", &[]).await);
    let connection = connection(&server).await;
    let basic = open(&connection, Freshness::Cached(Duration::ZERO)).await;
    assert_eq!(names(&basic).await, ["p-1", "p-2"]);
    let bucket = connection.namespace().instances_bucket();
    let stream = connection.jetstream().get_stream(format!("KV_{bucket}")).await.unwrap();
    stream.purge().await.unwrap();
    let snapshot = basic.snapshot().await.unwrap();
    assert_eq!(snapshot.candidates.len(), 2, "the last that were known");
    // They write their records again by themselves, and are beyond doubt then.
    wait_until("the instances to be back", PATIENCE, || async {
        let snapshot = basic.snapshot().await.unwrap();
        let doubted = snapshot.candidates.iter().filter(|one| one.suspect).count();
        if snapshot.candidates.len() == 2 && doubted == 0 { Ok(()) } else { Err(format!("{snapshot:?}")) }
    })
    .await;
}

#[tokio::test]
async fn an_instance_of_a_newer_version_is_found_by_what_can_be_read_of_it() {
    let server = NatsServer::start().await;
    let first = instance(&server, "p-1", &[]).await;
    let connection = connection(&server).await;
    let newer = |name: &str| {
        serde_json::json!({
            "service": "pricing", "instance": name, "version": "9.0.0", "status": "HIBERNATING", "groups": 7,
            "capabilities": [{ "kind": "unheard of" }], "started_at": "soon", "metrics": { "calls": "many" },
        })
        .to_string()
    };
    let bucket = connection.jetstream().get_key_value("aegis_instances").await.unwrap();
    bucket.put("pricing.p-8", newer("p-8").into()).await.unwrap();
    let watched = open(&connection, Freshness::Watched).await;
    assert_eq!(names(&watched).await, ["p-1", "p-8"], "as it opens");
    bucket.put("pricing.p-9", newer("p-9").into()).await.unwrap();
    shows(&watched, &["p-1", "p-8", "p-9"]).await;
    first.stop("the test ends").await.unwrap();
}
