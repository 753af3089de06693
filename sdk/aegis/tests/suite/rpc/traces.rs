//! Trace context and request ids, from the first caller to the last service.

use std::sync::{Arc, Mutex};

use aegis_domain::wire::TraceParent;
use aegis_sdk::{Call, Fault, Service};
use aegis_testkit::NatsServer;
use async_nats::HeaderMap;

use super::{PATIENCE, any, config, start};

const SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
async fn a_trace_goes_on_through_the_calls_that_a_handler_makes() {
    let server = NatsServer::start().await;
    let back = Service::builder(config(&server, "back"))
        .rpc("trace", |call: Call, (): ()| async move { Ok::<_, Fault>(call.trace().to_string()) });
    let (_back, _, _) = start(&server, back).await;
    let front = Service::builder(config(&server, "front")).rpc("trace", |call: Call, (): ()| async move {
        let back = call.client().call::<_, String>(&any("back"), "trace", &(), PATIENCE).await?;
        Ok::<_, Fault>((call.trace().to_string(), call.request_id().to_owned(), back.body))
    });
    let (_front, client, connection) = start(&server, front).await;
    type Seen = (String, String, String);
    let read = |text: &str| TraceParent::parse(text).unwrap();
    let seen = client.call::<_, Seen>(&any("front"), "trace", &(), PATIENCE).await.unwrap().body;
    let again = client.call::<_, Seen>(&any("front"), "trace", &(), PATIENCE).await.unwrap().body;
    assert_eq!(read(&seen.0).trace_id(), read(&seen.2).trace_id(), "one trace");
    assert_ne!(seen.0, seen.2, "two steps of it");
    assert_ne!(read(&seen.0).trace_id(), read(&again.0).trace_id(), "each call begins its own");
    assert_ne!(seen.1, again.1, "and has its own id");
    // A trace that began elsewhere, and one that is none.
    for (sent, taken_up) in [(SAMPLED, true), ("00-00-00-00", false)] {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", sent);
        let reply =
            connection.client().request_with_headers("rpc.front.trace", headers, "".into()).await.unwrap();
        let seen: Seen = serde_json::from_slice(&reply.payload).unwrap();
        assert_eq!(seen.0 == sent, taken_up);
        assert_eq!(read(&seen.2).as_str().ends_with("-01"), taken_up, "whoever records goes on to");
    }
}

#[tokio::test]
async fn what_a_handler_logs_can_be_found_by_its_trace() {
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Lines {
        fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend(line);
            Ok(line.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
    let _installed = tracing::subscriber::set_default(subscriber);
    let server = NatsServer::start().await;
    let builder = Service::builder(config(&server, "desk")).rpc("log", |_, (): ()| async move {
        tracing::info!("first");
        tokio::task::yield_now().await;
        tracing::info!("second");
        Ok::<_, Fault>(())
    });
    let (_service, _, connection) = start(&server, builder).await;
    let mut headers = HeaderMap::new();
    headers.insert("traceparent", SAMPLED);
    connection.client().request_with_headers("rpc.desk.log", headers, "".into()).await.unwrap();
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let found = text.lines().filter(|line| line.contains("4bf92f3577b34da6a3ce929d0e0e4736"));
    let found: Vec<_> = found.filter(|line| line.contains("first") || line.contains("second")).collect();
    assert_eq!(found.len(), 2, "{text}");
}
