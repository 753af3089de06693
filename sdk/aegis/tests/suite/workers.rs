//! What a worker does about the consumers of its queue.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aegis_domain::ServiceName;
use aegis_domain::wire::heartbeat::Heartbeat;
use aegis_sdk::{CommandContext, Commands, Fault, SendOptions, Service, ServiceConfig};
use aegis_testkit::wait_until;
use tokio::sync::Semaphore;

use crate::events::{PATIENCE, Stage};

fn reports() -> ServiceName {
    ServiceName::new("reports").unwrap()
}

#[tokio::test]
async fn a_consumer_of_the_queue_that_somebody_removes_is_made_again() {
    let stage = Stage::start().await;
    let service = Service::builder(ServiceConfig { service: reports(), ..stage.config("r-1") })
        .command("double", |_context: CommandContext, number: u64| async move { Ok::<_, Fault>(number * 2) })
        .start()
        .await
        .unwrap();
    let commands = Commands::new(&stage.connection);
    let jetstream = stage.connection.jetstream();
    for round in 0..2_u64 {
        let mut sent = commands.send(&reports(), "double", &round, SendOptions::default()).await.unwrap();
        let id = format!("plain-{round}");
        let mut headers = async_nats::HeaderMap::new();
        headers.insert("Nats-Msg-Id", id.as_str());
        let ack =
            jetstream.publish_with_headers("commands.reports.double", headers, round.to_string().into());
        ack.await.unwrap().await.unwrap();
        let mut plain = commands.attach(&reports(), &id).await.unwrap();
        for handle in [&mut sent, &mut plain] {
            let done =
                tokio::time::timeout(PATIENCE, handle.result::<u64>()).await.expect("a result in time");
            assert_eq!(done.unwrap(), round * 2);
        }
        let stream = jetstream.get_stream("COMMANDS").await.unwrap();
        stream.delete_consumer("reports-normal").await.unwrap();
        stream.delete_consumer("reports-plain").await.unwrap();
    }
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn heartbeats_tell_what_waits_in_the_lanes_while_workers_are_full() {
    let stage = Stage::start().await;
    let (begun, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (signal, open) = (Arc::clone(&begun), Arc::clone(&gate));
    let service = Service::builder(ServiceConfig { service: reports(), ..stage.config("r-1") })
        .command_concurrency(1)
        .command("wait", move |_context: CommandContext, (): ()| {
            signal.add_permits(1);
            let open = Arc::clone(&open);
            async move {
                open.acquire().await.unwrap().forget();
                Ok::<_, Fault>(())
            }
        })
        .start()
        .await
        .unwrap();
    let commands = Commands::new(&stage.connection);
    commands.send(&reports(), "wait", &(), SendOptions::default()).await.unwrap();
    begun.acquire().await.unwrap().forget();
    for _ in 0..5 {
        commands.send(&reports(), "wait", &(), SendOptions::default()).await.unwrap();
    }
    let records = stage.connection.jetstream().get_key_value("aegis_instances").await.unwrap();
    let lag = |pending: u64| {
        let records = records.clone();
        wait_until("the lag", PATIENCE, move || {
            let records = records.clone();
            async move {
                let record =
                    records.get("reports.r-1").await.map_err(|e| e.to_string())?.ok_or("no record")?;
                let beat: Heartbeat = serde_json::from_slice(&record).map_err(|e| e.to_string())?;
                let lag = beat.metrics.lag;
                let told = |name, pending| lag.iter().any(|it| it.consumer == name && it.pending == pending);
                let all = told("reports-normal", pending) && told("reports-plain", 0);
                if all { Ok(()) } else { Err(format!("{lag:?}")) }
            }
        })
    };
    lag(5).await;
    gate.add_permits(6);
    lag(0).await;
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn the_commands_of_an_instance_that_is_gone_are_taken_over_as_soon_as_the_service_says() {
    let stage = Stage::start().await;
    let begun = Arc::new(Semaphore::new(0));
    let worker = |name: &'static str, works: bool| {
        let begun = Arc::clone(&begun);
        Service::builder(ServiceConfig { service: reports(), ..stage.config(name) })
            .command("build", move |_: CommandContext, (): ()| {
                begun.add_permits(1);
                async move {
                    if !works {
                        std::future::pending::<()>().await;
                    }
                    Ok::<_, Fault>(name)
                }
            })
            .command_take_over(Duration::from_secs(1))
            .start()
    };
    let first = worker("r-1", false).await.unwrap();
    let commands = Commands::new(&stage.connection);
    let mut sent = commands.send(&reports(), "build", &(), SendOptions::default()).await.unwrap();
    begun.acquire().await.unwrap().forget();
    let _second = worker("r-2", true).await.unwrap();
    drop(first);
    let killed = Instant::now();
    let done = tokio::time::timeout(PATIENCE, sent.result::<String>()).await.expect("a result in time");
    assert_eq!(done.unwrap(), "r-2");
    assert!(killed.elapsed() < Duration::from_secs(8), "{:?}", killed.elapsed());
}
