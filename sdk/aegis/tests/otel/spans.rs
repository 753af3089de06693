use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use aegis_sdk::nats::security::Secret;
use aegis_sdk::{Call, Fault, Service, Target};
use aegis_testkit::NatsServer;
use async_nats::HeaderMap;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;

use super::collector::{Collector, has};
use super::{PATIENCE, any, config};

const SERVER: i32 = SpanKind::Server as i32;
const CLIENT: i32 = SpanKind::Client as i32;
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_call_is_one_trace_from_its_caller_through_both_services() {
    let (server, collector) = (NatsServer::start().await, Collector::start().await);
    let mut back = config(&server, "back", &collector.url);
    back.groups = vec!["ACC-1".parse().unwrap()];
    let worked = Arc::new(AtomicU64::new(0));
    let noted = Arc::clone(&worked);
    let back = Service::builder(back)
        .rpc("work", move |call: Call, (): ()| {
            let noted = Arc::clone(&noted);
            async move {
                let begun = Instant::now();
                call.connection().client().flush().await?;
                noted.store(u64::try_from(begun.elapsed().as_nanos())?, Ordering::SeqCst);
                Ok::<_, Fault>(())
            }
        })
        .rpc("refuse", |_, (): ()| async { Err::<(), _>(Fault::new("TOO_MUCH", "no")) })
        .exclusive("sell", |_, (): ()| async { Ok::<_, Fault>(()) });
    let _back = back.start().await.unwrap();
    let mut front = config(&server, "front", &collector.url);
    front.otel.as_mut().unwrap().headers.insert("x-key".to_owned(), Secret::new("s3cret"));
    let front = Service::builder(front).rpc("relay", |call: Call, (): ()| async move {
        let client = call.client();
        client.call::<_, ()>(&any("back"), "work", &(), PATIENCE).await?;
        client.call::<_, ()>(&any("back"), "refuse", &(), PATIENCE).await.unwrap_err();
        let owner = Target::owner("back", "ACC-1").unwrap();
        client.call::<_, ()>(&owner, "sell", &(), PATIENCE).await?;
        Ok::<_, Fault>(call.request_id().to_owned())
    });
    let front = front.start().await.unwrap();

    let mut headers = HeaderMap::new();
    headers.insert("traceparent", format!("00-{TRACE}-{CALLER}-00").as_str());
    let client = front.connection().client();
    let reply = client.request_with_headers("rpc.front.relay", headers, "".into()).await.unwrap();
    let request_id: String = serde_json::from_slice(&reply.payload).unwrap();
    assert_eq!(request_id, format!("{TRACE}-{CALLER}"), "the caller's, though the span has an id of its own");

    let relay = collector.span("front-1", "front/relay", SERVER).await;
    assert_eq!((hex(&relay.trace_id), hex(&relay.parent_span_id)), (TRACE.to_owned(), CALLER.to_owned()));
    for method in ["work", "refuse", "sell"] {
        let name = format!("back/{method}");
        let made = collector.span("front-1", &name, CLIENT).await;
        let served = collector.span("back-1", &name, SERVER).await;
        assert_eq!((&made.trace_id, &made.parent_span_id), (&relay.trace_id, &relay.span_id), "{method}");
        assert_eq!((&served.trace_id, &served.parent_span_id), (&relay.trace_id, &made.span_id), "{method}");
        assert_ne!(made.span_id, served.span_id);
        // Each begins within the one before, on one machine to a millisecond or so.
        let took = |span: &opentelemetry_proto::tonic::trace::v1::Span| {
            span.end_time_unix_nano - span.start_time_unix_nano
        };
        assert!(took(&relay) >= took(&made) && took(&made) >= took(&served), "{method}");
        let failed = method == "refuse";
        for span in [&made, &served] {
            assert_eq!(has(&span.attributes, "aegis.group", "ACC-1"), method == "sell");
            assert_eq!(has(&span.attributes, "error.type", "TOO_MUCH"), failed);
            assert_eq!(span.status.as_ref().is_some_and(|s| s.code == StatusCode::Error as i32), failed);
            assert!(has(&span.attributes, "rpc.method", &name));
        }
        assert!(method != "work" || took(&served) >= worked.load(Ordering::SeqCst), "{served:?}");
    }
    let resource = [
        ("service.name", "front"),
        ("service.instance.id", "front-1"),
        ("service.version", "1.2.3"),
        ("service.namespace", "aegis"),
    ];
    let resource = resource.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert!(collector.resources().iter().any(|it| it[..] == resource), "{:?}", collector.resources());
    assert!(
        collector.headers().iter().any(|headers| headers.get("x-key").is_some_and(|key| key == "s3cret"))
    );
}

#[tokio::test]
async fn of_a_share_of_nothing_only_what_the_caller_records_is_sent() {
    let (server, collector) = (NatsServer::start().await, Collector::start().await);
    let mut desk = config(&server, "desk", &collector.url);
    desk.otel.as_mut().unwrap().sample = 0.0;
    let desk = Service::builder(desk)
        .rpc("work", |call: Call, (): ()| async move { Ok::<_, Fault>(call.trace().to_string()) });
    let desk = desk.start().await.unwrap();
    let client = desk.connection().client();
    let mut seen = vec![];
    for flags in ["00", "01"] {
        let mut headers = HeaderMap::new();
        let sent = format!("00-{TRACE}-{CALLER}-{flags}");
        headers.insert("traceparent", sent.as_str());
        let reply = client.request_with_headers("rpc.desk.work", headers, "".into()).await.unwrap();
        seen.push((sent, serde_json::from_slice::<String>(&reply.payload).unwrap()));
    }
    assert_eq!(seen[0].0, seen[0].1, "what is not recorded is passed on as it came");
    desk.stop("test").await.unwrap();
    let spans = collector.spans();
    assert_eq!(spans.len(), 1, "{spans:?}");
    assert!(seen[1].1.contains(&hex(&spans[0].1.span_id)) && seen[1].1.ends_with("-01"), "{seen:?}");
}
