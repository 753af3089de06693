//! Health, readiness and metrics of a service over HTTP.

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test")]

use std::net::SocketAddr;
use std::time::Duration;

use aegis_sdk::{
    Call, CallOptions, Client, ConnectOptions, Connection, Fault, Service, ServiceConfig, StartError, Target,
};
use aegis_testkit::{NatsServer, free_port, wait_until};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(20);

async fn desk(server: &NatsServer, address: SocketAddr) -> Result<Service, StartError> {
    let mut config = ServiceConfig::new("desk", "1.0.0")?;
    config.nats_url = server.url();
    config.http = Some(address);
    Service::builder(config)
        .state(async |connection: Connection| {
            let metrics = connection.metrics();
            let placed =
                metrics.counter("orders_placed", "Orders that were placed", [("side", "buy \"x\"")])?;
            metrics.gauge("orders_open", "Orders that are open", [])?.set(2.5);
            let sizes = metrics.histogram("order_size", "Sizes of orders", [], &[10.0, 100.0])?;
            Ok::<_, Fault>((placed, sizes))
        })
        .rpc("place", place)
        .start()
        .await
}

type Desk = (aegis_sdk::metrics::Counter, aegis_sdk::metrics::Histogram);

async fn place((placed, sizes): &Desk, _: Call, size: f64) -> Result<(), Fault> {
    placed.add(1);
    sizes.record(size);
    if size > 1_000.0 { Err(Fault::new("TOO_LARGE", "at most a thousand")) } else { Ok(()) }
}

fn address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], free_port()))
}

async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let response = aegis_testkit::get(&format!("http://{address}{path}")).await.unwrap();
    (response.status, response.body)
}

#[tokio::test]
async fn probes_and_prometheus_are_answered() {
    let (server, address) = (NatsServer::start().await, address());
    let service = desk(&server, address).await.unwrap();
    assert_eq!(get(address, "/healthz").await, (200, "ok\n".to_owned()));
    assert_eq!(get(address, "/readyz").await, (200, "ok\n".to_owned()));
    let connection = Connection::open(ConnectOptions::new(server.url(), "caller")).await.unwrap();
    let (client, desk) = (Client::new(&connection), Target::any("desk").unwrap());
    for size in [5.0, 50.0, 5_000.0] {
        let called = client.call::<_, ()>(&desk, "place", &size, CallOptions::within(PATIENCE)).await;
        assert_eq!(called.is_ok(), size < 1_000.0);
    }
    // Durations are told once their window has ended, which a heartbeat does.
    let counted = "aegis_server_duration_seconds_count{method=\"place\"} 3";
    let metrics = wait_until("the durations", PATIENCE, async || match get(address, "/metrics").await {
        (200, metrics) if metrics.lines().any(|line| line == counted) => Ok(metrics),
        (status, metrics) => Err(format!("{status}: {metrics}")),
    })
    .await;
    for line in [
        "# HELP orders_placed Orders that were placed",
        "orders_placed_total{side=\"buy \\\"x\\\"\"} 3",
        "orders_open 2.5",
        "order_size_bucket{le=\"10.0\"} 1",
        "order_size_bucket{le=\"+Inf\"} 3",
        "order_size_sum 5055.0",
        "aegis_server_failed_total{method=\"place\",code=\"TOO_LARGE\"} 1",
        "aegis_service_ready 1.0",
        "aegis_lost_events_total 0",
        "# EOF",
    ] {
        assert!(metrics.lines().any(|told| told == line), "{line} is not in\n{metrics}");
    }
    // In heartbeats, too.
    let subject = connection.namespace().heartbeat_subject(service.name(), service.instance());
    let mut beats = connection.client().subscribe(subject).await.unwrap();
    let beat = futures_util::StreamExt::next(&mut beats).await.unwrap();
    let beat: serde_json::Value = serde_json::from_slice(&beat.payload).unwrap();
    let own = beat["metrics"]["own"].as_array().unwrap();
    assert!(own.contains(&serde_json::json!({ "name": "orders_open", "value": 2.5 })), "{own:?}");
    assert!(own.contains(&serde_json::json!({ "name": "order_size_count", "value": 3.0 })), "{own:?}");
    service.health().unhealthy("the database is away");
    let (status, reason) = get(address, "/readyz").await;
    assert_eq!((status, reason.as_str()), (503, "unhealthy: the database is away\n"));
    assert_eq!(get(address, "/healthz").await.0, 200, "it lives");
    service.health().healthy();
    assert_eq!(get(address, "/readyz").await.0, 200);
    server.kill();
    wait_until("no readiness without NATS", PATIENCE, async || match get(address, "/readyz").await {
        (503, reason) if reason.contains("no connection to NATS") => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    drop(service);
}

#[tokio::test]
async fn an_address_that_is_taken_ends_the_start_and_hostile_clients_end_nothing() {
    let (server, address) = (NatsServer::start().await, address());
    let service = desk(&server, address).await.unwrap();
    let taken = desk(&server, address).await.unwrap_err().to_string();
    assert!(taken.contains(&address.to_string()) && taken.contains("http"), "{taken}");
    // Whoever says nothing, or nonsense, or too much, holds nobody up.
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let mut nonsense = TcpStream::connect(address).await.unwrap();
    nonsense.write_all(b"\x16\x03\x01 what is this\r\n\r\n").await.unwrap();
    let mut long = TcpStream::connect(address).await.unwrap();
    long.write_all(format!("GET /{} HTTP/1.1\r\n", "x".repeat(100_000)).as_bytes()).await.unwrap();
    for stream in [&mut nonsense, &mut long] {
        let mut answer = Vec::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap();
        assert!(read.is_err() || !answer.starts_with(b"HTTP/1.1 200"), "{answer:?}");
    }
    assert_eq!(get(address, "/healthz").await.0, 200);
    assert_eq!(get(address, "/etc/passwd").await.0, 404);
    let mut post = TcpStream::connect(address).await.unwrap();
    post.write_all(b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    post.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 405") && answer.contains("GET, HEAD"), "{answer}");
    Box::pin(service.stop("the test ends")).await.unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "it is closed with the service");
}
