use std::path::Path;
use std::time::{Duration, Instant};

use aegis_domain::ErrorCode;
use aegis_sdk::{Client, Fault, Service, ServiceConfig, StartError};
use aegis_testkit::NatsServer;
use axum::http::StatusCode;
use futures_util::StreamExt as _;

use super::collector::Collector;
use super::{PATIENCE, any, config, until};

/// What the queue and the messages on their way hold at most.
const KEPT_MAX: usize = 8_192 + 2 * 512;

async fn echo(config: ServiceConfig) -> Service {
    let echo = Service::builder(config).rpc("say", |_, n: u32| async move { Ok::<_, Fault>(n) });
    echo.start().await.unwrap()
}

/// So many calls, 64 at a time; how long they took.
async fn calls(client: &Client, n: u32) -> Duration {
    let begun = Instant::now();
    let one = |n: u32| async move { client.call::<_, u32>(&any("echo"), "say", &n, PATIENCE).await.unwrap() };
    let sum = futures_util::stream::iter(0..n).map(one).buffer_unordered(64).count().await;
    assert_eq!(sum, usize::try_from(n).unwrap());
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_collector_in_trouble_cannot_take_is_kept_up_to_a_bound_and_the_rest_is_counted() {
    let (server, collector) = (NatsServer::start().await, Collector::start().await);
    collector.answer(StatusCode::SERVICE_UNAVAILABLE);
    let echo = echo(config(&server, "echo", &collector.url)).await;
    // Two spans each.
    calls(&echo.client(), 6_000).await;
    until("it was tried again and again", || collector.refused() >= 3).await;
    assert!(collector.spans().is_empty());
    collector.answer(StatusCode::OK);
    until("what was kept has come", || collector.spans().len() >= 8_192).await;
    calls(&echo.client(), 10).await;
    echo.stop("test").await.unwrap();
    let sent = collector.spans().len();
    let dropped = collector.value("echo-1", "aegis.otel.spans_dropped", &[]).unwrap();
    assert!(sent <= KEPT_MAX + 20, "{sent}");
    assert_eq!(sent as f64 + dropped, 12_020.0, "none is lost without being counted");
    let server = collector.histogram("echo-1", "rpc.server.call.duration", "echo/say").unwrap();
    assert_eq!(server.count, 6_010, "figures are true all the same");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_away_or_silent_delays_neither_calls_nor_the_stop() {
    let server = NatsServer::start().await;
    // One port that nobody listens on, and one where connections stand and nobody answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent_url = format!("http://{}", silent.local_addr().unwrap());
    let away = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let away_url = format!("http://{}", away.local_addr().unwrap());
    drop(away);
    for (url, bound) in [(away_url, Duration::from_secs(2)), (silent_url, Duration::from_secs(5))] {
        let echo = echo(config(&server, "echo", &url)).await;
        let client = echo.client();
        let empty = calls(&client, 1_000).await;
        // The queue is long full by then.
        calls(&client, 6_000).await;
        let full = calls(&client, 1_000).await;
        assert!(full < empty * 5 + Duration::from_millis(500), "{full:?} after {empty:?}");
        let begun = Instant::now();
        echo.stop("test").await.unwrap();
        assert!(begun.elapsed() < bound, "the stop took {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_collector_is_believed_only_with_a_certificate_of_the_authority_that_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (right, wrong) = (folder.path().join("right.pem"), folder.path().join("wrong.pem"));
    let (server, collector) = (NatsServer::start().await, Collector::start_tls(&right).await);
    let _other = Collector::start_tls(&wrong).await;
    let with = |ca_file: &Path| {
        let mut config = config(&server, "echo", &collector.url);
        config.otel.as_mut().unwrap().ca_file = Some(ca_file.to_owned());
        config
    };
    for (ca_file, spans) in [(&wrong, 0), (&right, 2)] {
        let echo = echo(with(ca_file)).await;
        calls(&echo.client(), 1).await;
        echo.stop("test").await.unwrap();
        assert_eq!(collector.spans().len(), spans, "{}", ca_file.display());
    }
    let missing = Service::builder(with(&folder.path().join("missing.pem"))).start().await.unwrap_err();
    assert!(matches!(missing, StartError::OtelCa(_)), "{missing:?}");
}

#[tokio::test]
async fn an_export_to_nowhere_is_refused_before_anything_starts() {
    let server = NatsServer::start().await;
    let error = Service::builder(config(&server, "echo", "collector:4318")).start().await.unwrap_err();
    let StartError::Config(error) = error else { panic!("{error}") };
    assert_eq!(error.code(), ErrorCode::InvalidInput);
    assert!(error.to_string().contains("otel.endpoint"), "{error}");
}
