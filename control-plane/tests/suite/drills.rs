//! What `docs/operations.md` tells operators to do, done as it says.

use std::time::Duration;

use aegis_domain::aggregate::Leadership;
use aegis_domain::aggregate::leadership::LeadershipEvent;
use aegis_domain::{Aggregate as _, AggregateId, GroupName, ServiceName};
use aegis_sdk::provision::provision;
use aegis_sdk::{Client, ConnectOptions, Connection, Journal, Target};
use aegis_testkit::{NatsCluster, NatsServer, wait_until};
use async_nats::jetstream::stream;
use futures_util::TryStreamExt as _;

use crate::audit::{lines, path, run};
use crate::operate::member;
use crate::support::{ControlPlane, PATIENCE};

/// Streams that have a new leader and new copies take their time on a machine with much to do.
const CLUSTER: Duration = Duration::from_secs(60);

async fn open(urls: String) -> Connection {
    Connection::open(ConnectOptions::new(urls, "test")).await.unwrap()
}

/// The term in which the owner answers.
async fn ask_owner(client: &Client) -> u64 {
    let owner = Target::owner("desk", "ACC-1").unwrap();
    client.call::<_, u64>(&owner, "who", &(), PATIENCE).await.unwrap().body
}

/// The newest term in the log, once it is at least this.
async fn recorded(connection: &Connection, term: u64) {
    let id = AggregateId::Leadership(ServiceName::new("desk").unwrap(), GroupName::new("ACC-1").unwrap());
    wait_until("the term in the log", CLUSTER, || async {
        let events = Journal::new(connection).events(&id).await.map_err(|e| e.to_string())?;
        let events: Vec<_> = events.iter().filter_map(|it| Leadership::event(&it.envelope.event)).collect();
        let found = events.iter().any(
            |event| matches!(event, LeadershipEvent::LeaderElected { term: elected, .. } if elected.get() == term),
        );
        if found { Ok(()) } else { Err(format!("{events:?}")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_server_is_followed_by_a_cluster_that_has_its_log() {
    let (single, folder) = (NatsServer::start().await, tempfile::tempdir().unwrap());
    let control = ControlPlane::start(&single, folder.path()).await;
    let before = open(single.url()).await;
    provision(&before).await.unwrap();
    let service = member(&single, "desk-1").await;
    let term = ask_owner(&service.client()).await;
    recorded(&before, term).await;
    service.stop("the move").await.unwrap();
    let [log, heads] = ["log.ndjson", "heads.json"].map(|name| path(folder.path(), name));
    // Heads are taken of a log without findings: the control plane has to have written what it still had to write.
    wait_until("the heads", PATIENCE, || async {
        let (success, told) = run(&single, &["verify", "--export-heads", &heads]).await;
        if success { Ok(()) } else { Err(told.join("\n")) }
    })
    .await;
    drop(control);
    lines(&single, &["events", "export", "-o", &log]).await;
    single.stop().await;

    let cluster = NatsCluster::start(3).await;
    let told = run(cluster.node(0), &["events", "import", &log, "--verify"]).await.1;
    assert!(told.iter().any(|line| line.starts_with("imported ")), "{told:#?}");
    let (_, told) = run(cluster.node(0), &["verify", "--heads", &heads, "--json"]).await;
    assert!(!told.iter().any(|line| line.contains("\"head\"")), "{told:#?}");
    let service = member(cluster.node(1), "desk-1").await;
    let later = ask_owner(&service.client()).await;
    assert!(later > term, "term {later} after {term}");
    let after = open(cluster.urls()).await;
    recorded(&after, later).await;
    let log = after.jetstream().get_stream("AEGIS_EVENTS").await.unwrap();
    assert_eq!(log.cached_info().config.num_replicas, 3);
    service.stop("done").await.unwrap();
}

/// All streams and buckets get so many copies.
async fn copies(connection: &Connection, wanted: usize) {
    let jetstream = connection.jetstream();
    let streams: Vec<stream::Info> = jetstream.streams().try_collect().await.unwrap();
    let names: Vec<_> = streams.iter().map(|found| found.config.name.clone()).collect();
    for found in streams {
        jetstream.update_stream(stream::Config { num_replicas: wanted, ..found.config }).await.unwrap();
    }
    for name in names {
        wait_until(&format!("the copies of {name}"), CLUSTER, || async {
            let info = jetstream.get_stream(&name).await.map_err(|e| e.to_string())?;
            let cluster = info.cached_info().cluster.clone().ok_or("no cluster")?;
            let current = cluster.replicas.iter().filter(|it| it.current && !it.offline).count();
            let settled = cluster.leader.is_some() && current + 1 == wanted;
            if settled { Ok(()) } else { Err(format!("{cluster:?}")) }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_of_streams_are_raised_while_everything_runs() {
    let cluster = NatsCluster::start(3).await;
    let connection = open(cluster.urls()).await;
    provision(&connection).await.unwrap();
    let service = member(cluster.node(0), "desk-1").await;
    let client = service.client();
    let term = ask_owner(&client).await;
    recorded(&connection, term).await;
    for wanted in [1, 3] {
        copies(&connection, wanted).await;
        assert_eq!(ask_owner(&client).await, term, "nobody lost the group at {wanted} copies");
    }
    service.stop("done").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_rotated_node_by_node_without_a_call_that_fails() {
    let user = |password: &str| {
        format!("authorization {{ users: [{{ user: \"desk\", password: \"{password}\" }}] }}")
    };
    let cluster = NatsCluster::start_with(3, &user("old")).await;
    let urls = |password: &str| {
        let hosts = cluster.nodes().iter().map(|node| node.url().replace("nats://", ""));
        hosts.map(|host| format!("nats://desk:{password}@{host}")).collect::<Vec<_>>().join(",")
    };
    let (old, new) = (urls("old"), urls("new"));
    provision(&open(old.clone()).await).await.unwrap();
    cluster.node(0).reload(user("new")).await;
    // Each finds a node that has its password, wherever the list begins.
    for urls in [&old, &new] {
        for _ in 0..10 {
            open(urls.clone()).await;
        }
    }
    cluster.node(1).reload(user("new")).await;
    open(old.clone()).await;
    cluster.node(2).reload(user("new")).await;
    let refused = Connection::open(ConnectOptions::new(old, "test")).await.unwrap_err();
    assert!(refused.to_string().contains("refuses the connection"), "{refused}");
    open(new).await;
}
