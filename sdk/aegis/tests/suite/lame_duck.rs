//! A node that announces its end (`nats-server --signal ldm`) is left before it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use aegis_sdk::{Call, Client, ConnectOptions, Connection, Fault, Service, ServiceConfig, Target};
use aegis_testkit::{NatsCluster, wait_until};

use crate::events::PATIENCE;

/// The longest time that a caller may go without an answer.
const GAP: Duration = Duration::from_millis(250);

async fn member(url: &str, name: &str) -> Service {
    let mut config = ServiceConfig::new("desk", "1.0.0").unwrap();
    config.instance = Some(name.parse().unwrap());
    config.nats_url = url.to_owned();
    config.groups = vec!["ACC-1".parse().unwrap()];
    Service::builder(config)
        .rpc("echo", |_: Call, n: u64| async move { Ok::<_, Fault>(n) })
        .exclusive("own", |_: Call, n: u64| async move { Ok::<_, Fault>(n) })
        .start()
        .await
        .unwrap()
}

/// Calls until told to stop; answers how many calls there were, and the longest time without an answer.
async fn call(
    client: Client,
    target: Target,
    method: &'static str,
    stop: Arc<AtomicBool>,
) -> (u64, Duration) {
    let (mut calls, mut longest, mut last) = (0, Duration::ZERO, Instant::now());
    while !stop.load(Ordering::Relaxed) {
        // None may happen twice, so a lost one would have an unknown outcome.
        let reply = client.call::<_, u64>(&target, method, &calls, PATIENCE).await.unwrap();
        assert_eq!(reply.body, calls);
        (calls, longest) = (calls + 1, longest.max(last.elapsed()));
        last = Instant::now();
    }
    (calls, longest)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_announces_its_end_costs_no_call_and_no_lease() {
    let cluster = NatsCluster::start(3).await;
    let url = cluster.node(0).url();
    let owner = member(&url, "d-1").await;
    let connection = Connection::open(ConnectOptions::new(&url, "caller")).await.unwrap();
    let client = Client::new(&connection);
    let (any, group) = (Target::any("desk").unwrap(), Target::owner("desk", "ACC-1").unwrap());
    let instance = Target::Instance("desk".parse().unwrap(), "d-1".parse().unwrap());
    client.call::<_, u64>(&group, "own", &1, PATIENCE).await.unwrap();
    let term = owner.guard().serving();
    let other = member(&url, "d-2").await;
    let stop = Arc::new(AtomicBool::new(false));
    // On the node that ends, and on the others.
    let mut clients = vec![client];
    for node in [1, 2] {
        let connection =
            Connection::open(ConnectOptions::new(cluster.node(node).url(), "caller")).await.unwrap();
        clients.push(Client::new(&connection));
    }
    let loops = [(&any, "echo", 0), (&any, "echo", 1), (&any, "echo", 2), (&any, "echo", 2)];
    let loops = loops.into_iter().chain([(&group, "own", 0), (&instance, "echo", 0)]);
    let callers: Vec<_> = loops
        .map(|(target, method, from)| {
            tokio::spawn(call(clients[from].clone(), target.clone(), method, Arc::clone(&stop)))
        })
        .collect();
    cluster.node(0).lame_duck();
    // The client, and two connections of each member with their sockets for calls.
    wait_until("everybody has gone", PATIENCE, || async {
        let connections = cluster.node(0).connections().await.map_err(|error| error.to_string())?;
        if connections == 0 { Ok(()) } else { Err(format!("{connections} are still there")) }
    })
    .await;
    cluster.kill(0);
    let settled = Instant::now() + Duration::from_secs(2);
    wait_until("calls go on", PATIENCE, || async {
        if Instant::now() >= settled { Ok(()) } else { Err("not long enough".to_owned()) }
    })
    .await;
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        let (calls, longest) = caller.await.expect("no call fails");
        assert!(calls > 100 && longest < GAP, "{calls} calls, {longest:?} without an answer");
    }
    assert_eq!(owner.guard().serving(), term, "the lease was kept");
    owner.stop("the test ends").await.unwrap();
    other.stop("the test ends").await.unwrap();
}
