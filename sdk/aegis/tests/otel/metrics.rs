use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aegis_sdk::{Call, Fault, Service};
use aegis_testkit::NatsServer;

use super::collector::Collector;
use super::{PATIENCE, any, config, until};

#[tokio::test]
async fn figures_come_with_the_true_count_and_latency() {
    let (server, collector) = (NatsServer::start().await, Collector::start().await);
    // Neither is due before the stop: what arrives then is what the drain has sent.
    let quiet = |service: &str| {
        let mut config = config(&server, service, &collector.url);
        config.otel.as_mut().unwrap().interval_ms = 3_600_000;
        config
    };
    // What the handler itself says that it took, each time.
    let took = Arc::new(Mutex::new(Vec::<Duration>::new()));
    let noted = Arc::clone(&took);
    let back = Service::builder(quiet("back"))
        .rpc("work", move |call: Call, (): ()| {
            let noted = Arc::clone(&noted);
            async move {
                let begun = Instant::now();
                call.connection().client().flush().await?;
                noted.lock().unwrap().push(begun.elapsed());
                Ok::<_, Fault>(())
            }
        })
        .rpc("refuse", |_, (): ()| async { Err::<(), _>(Fault::new("TOO_MUCH", "no")) });
    let back = back.start().await.unwrap();
    let front = Service::builder(quiet("front")).rpc("relay", |call: Call, (): ()| async move {
        call.client().call::<_, ()>(&any("back"), "work", &(), PATIENCE).await?;
        call.client().call::<_, ()>(&any("back"), "refuse", &(), PATIENCE).await.unwrap_err();
        Ok::<_, Fault>(())
    });
    let front = front.start().await.unwrap();
    let begun = Instant::now();
    for _ in 0..7 {
        front.client().call::<_, ()>(&any("front"), "relay", &(), PATIENCE).await.unwrap();
    }
    let longest = begun.elapsed().as_secs_f64();
    front.events().publish("orders", "placed", &1).await.unwrap();
    front.stop("test").await.unwrap();
    back.stop("test").await.unwrap();

    let took: Vec<_> = took.lock().unwrap().iter().map(Duration::as_secs_f64).collect();
    let (total, shortest) = (took.iter().sum::<f64>(), took.iter().copied().fold(f64::INFINITY, f64::min));
    for (instance, name, method) in [
        ("back-1", "rpc.server.call.duration", "back/work"),
        ("front-1", "rpc.client.call.duration", "back/work"),
        ("front-1", "rpc.server.call.duration", "front/relay"),
    ] {
        let histogram = collector.histogram(instance, name, method).unwrap();
        assert_eq!(histogram.count, 7, "{name} {method}");
        assert_eq!(histogram.bucket_counts.iter().sum::<u64>(), 7);
        assert_eq!(histogram.bucket_counts.len(), histogram.explicit_bounds.len() + 1);
        let below = histogram.explicit_bounds.iter().zip(&histogram.bucket_counts);
        // Two digits of a latency are kept.
        let below = below.filter(|(bound, _)| **bound < shortest * 0.9).map(|(_, count)| count).sum::<u64>();
        assert_eq!(below, 0, "none took less than {shortest} s: {histogram:?}");
        assert!((total * 0.99..longest).contains(&histogram.sum.unwrap()), "{total}: {histogram:?}");
    }
    let failed = [("rpc.method", "back/refuse"), ("error.type", "TOO_MUCH")];
    assert_eq!(collector.value("back-1", "aegis.server.failed", &failed), Some(7.0));
    assert_eq!(collector.value("front-1", "aegis.client.failed", &failed), Some(7.0));
    let published = [("aegis.kind", "event"), ("aegis.outcome", "published")];
    assert_eq!(collector.value("front-1", "aegis.messages", &published), Some(1.0));
    let placed = [("messaging.destination.name", "events.orders.placed")];
    assert_eq!(collector.value("front-1", "aegis.publish.in_flight", &placed), Some(0.0));
    let relay = [("rpc.method", "front/relay")];
    assert_eq!(collector.value("front-1", "aegis.server.in_flight", &relay), Some(0.0));
    assert_eq!(collector.value("front-1", "aegis.service.queue_depth", &[]), Some(0.0));
    assert!(collector.value("front-1", "process.memory.usage", &[]).unwrap() > 1e6);
    assert!(collector.value("front-1", "process.cpu.time", &[]).is_some());
    assert_eq!(collector.value("front-1", "aegis.otel.spans_dropped", &[]), Some(0.0));
    // 7 relays, and the two calls that each of them makes: on both sides.
    assert_eq!(collector.spans().len(), 7 * 3 * 2);
}

#[tokio::test]
async fn figures_come_again_and_again_while_the_service_runs() {
    let (server, collector) = (NatsServer::start().await, Collector::start().await);
    let slow = Service::builder(config(&server, "slow", &collector.url)).rpc(
        "wait",
        |call: Call, (): ()| async move {
            call.cancelled().await;
            Ok::<_, Fault>(())
        },
    );
    let slow = slow.start().await.unwrap();
    let client = slow.client();
    let call = tokio::spawn(async move { client.call::<_, ()>(&any("slow"), "wait", &(), PATIENCE).await });
    let in_flight = [("rpc.method", "slow/wait")];
    until("the call is seen in flight", || {
        collector.value("slow-1", "aegis.server.in_flight", &in_flight) == Some(1.0)
    })
    .await;
    call.abort();
    until("and that it is over", || {
        collector.value("slow-1", "aegis.server.in_flight", &in_flight) == Some(0.0)
    })
    .await;
    until("and how it ended", || {
        collector.value("slow-1", "aegis.client.failed", &[("error.type", "CANCELLED")]) == Some(1.0)
    })
    .await;
}
