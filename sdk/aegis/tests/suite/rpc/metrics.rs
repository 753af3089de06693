//! What heartbeats tell of single methods, on both sides of a call.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aegis_domain::wire::heartbeat::{Heartbeat, Measured, Role};
use aegis_sdk::{Call, Fault, Service};
use aegis_testkit::NatsServer;
use futures_util::StreamExt as _;

use super::{PATIENCE, any, config, start};

#[tokio::test]
async fn each_method_has_its_figures_where_it_is_served_and_where_it_is_called() {
    let server = NatsServer::start().await;
    // The shortest that the handler itself says that it took, in microseconds.
    let shortest = Arc::new(AtomicU64::new(u64::MAX));
    let noted = Arc::clone(&shortest);
    let back = Service::builder(config(&server, "back"))
        .rpc("work", move |call: Call, (): ()| {
            let noted = Arc::clone(&noted);
            async move {
                let begun = Instant::now();
                call.connection().client().flush().await?;
                noted.fetch_min(u64::try_from(begun.elapsed().as_micros())?, Ordering::SeqCst);
                Ok::<_, Fault>(())
            }
        })
        .rpc("refuse", |_, (): ()| async { Err::<(), _>(Fault::new("TOO_MUCH", "no")) })
        .rpc("idle", |_, (): ()| async { Ok::<_, Fault>(()) });
    let (_back, _, _) = start(&server, back).await;
    let front = Service::builder(config(&server, "front")).rpc("work", |call: Call, (): ()| async move {
        call.client().call::<_, ()>(&any("back"), "work", &(), PATIENCE).await?;
        let refused = call.client().call::<_, ()>(&any("back"), "refuse", &(), PATIENCE).await;
        assert!(refused.is_err());
        Ok::<_, Fault>(())
    });
    let (_front, client, connection) = start(&server, front).await;
    let mut beats = connection.client().subscribe("aegis.heartbeat.>").await.unwrap();
    connection.client().flush().await.unwrap();
    for _ in 0..5 {
        client.call::<_, ()>(&any("front"), "work", &(), PATIENCE).await.unwrap();
    }
    let mut latencies = 0;
    let (mut served, mut called, mut capabilities) = (None, None, vec![]);
    let full = |measured: &Option<Measured>| measured.as_ref().is_some_and(|it| it.count == 5);
    while !(full(&served) && full(&called) && latencies == 5) {
        let beat = tokio::time::timeout(PATIENCE, beats.next()).await.unwrap().unwrap();
        let beat: Heartbeat = serde_json::from_slice(&beat.payload).unwrap();
        let find = |role, name: &str| {
            beat.metrics.methods.iter().find(|it| it.role == role && it.name == name).cloned()
        };
        if beat.service.as_str() == "back" {
            assert_eq!(find(Role::Serve, "idle"), None, "what was never called is not told");
            let work = find(Role::Serve, "work");
            latencies +=
                work.as_ref().and_then(|it| it.latency.as_ref()).map_or(0, |latency| latency.count());
            // Two digits of a latency are kept.
            let least = Duration::from_micros(shortest.load(Ordering::SeqCst)).as_secs_f64() * 900.0;
            let told = work.as_ref().and_then(|it| it.latency.as_ref()?.quantile_ms(0.0));
            assert!(told.is_none_or(|ms| ms > least), "{told:?} is less than it took: {least} ms");
            served = work.or(served);
            capabilities = beat.capabilities;
        } else {
            let refused = find(Role::Call, "back.refuse");
            assert!(refused.is_none_or(|it| it.codes["TOO_MUCH"] == it.errors && it.errors == it.count));
            called = find(Role::Call, "back.work").or(called);
        }
    }
    let names: Vec<_> = capabilities.iter().map(|name| name.to_string()).collect();
    assert_eq!(names, ["work", "refuse", "idle"]);
}
