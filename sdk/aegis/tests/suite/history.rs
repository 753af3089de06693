//! A stream whose history went back, or that somebody removed: no handler is skipped, and what is gone is made again.

use std::time::Duration;

use aegis_domain::aggregate::Definition;
use aegis_domain::{AggregateId, ServiceName};
use aegis_sdk::streams::{Item, Reader, ReaderOptions, Stream, StreamOptions};
use aegis_sdk::{
    CommandContext, Commands, EventContext, Fault, Journal, SendOptions, Service, ServiceConfig, Start,
    Subscribe,
};
use aegis_testkit::wait_until;

use crate::events::{PATIENCE, Seen, Stage, noting};
use crate::journal::{context, define, service};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_after_a_backup_was_put_back_is_handled_each() {
    let stage = Stage::start().await;
    let seen = Seen::default();
    let service = noting(stage.config("r-1"), Subscribe::to("test.>").from(Start::Beginning), &seen).await;
    stage.publish("one", 0..4).await;
    seen.wait(4).await;
    let backup = stage.server.backup().await;
    stage.publish("one", 4..60).await;
    seen.wait(60).await;
    stage.server.restore(&backup).await;
    // They get the sequences that the lost ones had.
    wait_until("the events after the restore", PATIENCE, || async {
        stage.events.publish("test", "one", &1_000_u64).await.map(|_| ()).map_err(|e| e.to_string())
    })
    .await;
    stage.publish("one", 1_001..1_030).await;
    wait_until("each is handled", PATIENCE, || async {
        let late =
            seen.by("r-1").into_iter().filter(|n| *n >= 1_000).collect::<std::collections::BTreeSet<_>>();
        if late.len() == 30 { Ok(()) } else { Err(format!("{} of 30", late.len())) }
    })
    .await;
    service.stop("the test ends").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_events_stream_that_somebody_removes_is_made_again_and_read_from_its_beginning() {
    let stage = Stage::start().await;
    let seen = Seen::default();
    let service = noting(stage.config("r-1"), Subscribe::to("test.>"), &seen).await;
    stage.publish("one", 0..50).await;
    seen.wait(50).await;
    stage.connection.jetstream().delete_stream("EVENTS").await.unwrap();
    // Nothing starts, and nobody helps: whoever publishes and whoever reads miss it.
    stage.publish("one", 50..60).await;
    wait_until("the events of the new stream", PATIENCE, || async {
        let late: Vec<_> = seen.by("r-1").into_iter().filter(|n| *n >= 50).collect();
        if late == (50..60).collect::<Vec<_>>() { Ok(()) } else { Err(format!("{late:?}")) }
    })
    .await;
    service.stop("the test ends").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_work_queue_is_created_again_by_the_next_sender() {
    let stage = Stage::start().await;
    let config = ServiceConfig { service: ServiceName::new("reports").unwrap(), ..stage.config("p-1") };
    let service = Service::builder(config)
        .command("double", |_: CommandContext, n: u64| std::future::ready(Ok::<_, Fault>(n * 2)))
        .start()
        .await
        .unwrap();
    let (commands, reports) = (Commands::new(&stage.connection), ServiceName::new("reports").unwrap());
    for round in 0..2 {
        for n in 0..5_u64 {
            let mut sent = commands.send(&reports, "double", &n, SendOptions::default()).await.unwrap();
            let result = tokio::time::timeout(PATIENCE, sent.result::<u64>()).await.unwrap().unwrap();
            assert_eq!(result, n * 2, "round {round}");
        }
        stage.connection.jetstream().delete_stream("COMMANDS").await.unwrap();
    }
    service.stop("the test ends").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_and_buckets_of_the_registry_come_back_under_a_running_instance() {
    let stage = Stage::start().await;
    let mut config = stage.config("r-1");
    config.heartbeat_ms = 200;
    let service = Service::builder(config)
        .on_event(Subscribe::to("test.none"), |_: EventContext, _: u64| {
            std::future::ready(Ok::<_, Fault>(()))
        })
        .start()
        .await
        .unwrap();
    // Somebody who listens to everything takes «no responders» away from whoever publishes.
    let _tap = stage.connection.client().subscribe(">").await.unwrap();
    let jetstream = stage.connection.jetstream();
    for removed in ["AEGIS_HEARTBEATS", "KV_aegis_instances"] {
        jetstream.delete_stream(removed).await.unwrap();
        wait_until(removed, Duration::from_secs(30), || async {
            let found = jetstream.get_stream(removed).await.map_err(|e| e.to_string())?;
            if found.cached_info().state.messages > 0 { Ok(()) } else { Err("nothing in it".to_owned()) }
        })
        .await;
    }
    service.stop("the test ends").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_stream_is_missed_also_while_somebody_listens_to_its_subjects() {
    let stage = Stage::start().await;
    let _tap = stage.connection.client().subscribe(">").await.unwrap();
    let jetstream = stage.connection.jetstream();
    // Nobody reads: whoever publishes or records is the only one to miss it.
    jetstream.delete_stream("EVENTS").await.unwrap();
    wait_until("the event", PATIENCE, || async {
        stage.events.publish("test", "one", &1_u64).await.map(drop).map_err(|e| e.to_string())
    })
    .await;
    jetstream.delete_stream(stage.connection.namespace().events_stream()).await.unwrap();
    let journal = Journal::new(&stage.connection);
    let id = AggregateId::Definition(service());
    wait_until("the record", 2 * PATIENCE, || async {
        journal.execute::<Definition>(&id, define(), &context()).await.map(drop).map_err(|e| e.to_string())
    })
    .await;
}

async fn prices(stage: &Stage) -> Stream {
    Stream::open(&stage.connection, "prices", StreamOptions::default()).await.unwrap()
}

async fn append(stream: &Stream, numbers: std::ops::Range<u64>) {
    for n in numbers {
        wait_until("the record", PATIENCE, || async {
            stream.append("EURUSD", &n).await.map(drop).map_err(|error| error.to_string())
        })
        .await;
    }
}

/// The records from the last replacement on, so many of them; and whether there was one.
async fn read(reader: &mut Reader, count: usize) -> (bool, Vec<u64>) {
    let (mut replaced, mut read) = (false, vec![]);
    while read.len() < count {
        match tokio::time::timeout(Duration::from_secs(60), reader.next()).await.unwrap() {
            Item::Replaced => (read, replaced) = (vec![], true),
            Item::Record(record) => read.push(record.decode::<u64>().unwrap()),
            Item::CaughtUp | Item::Blind | Item::Truncated { .. } => {}
        }
    }
    (replaced, read)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_notices_that_the_history_went_back_under_it() {
    let stage = Stage::start().await;
    let stream = prices(&stage).await;
    append(&stream, 0..3).await;
    let backup = stage.server.backup().await;
    append(&stream, 3..10).await;
    let mut reader = stream.reader("live", ReaderOptions::default()).await.unwrap();
    assert_eq!(read(&mut reader, 10).await, (false, (0..10).collect()));
    stage.server.restore(&backup).await;
    // The stream grows beyond where the reader was, under the sequences that the lost records had.
    append(&stream, 100..120).await;
    assert_eq!(read(&mut reader, 23).await, (true, (0..3).chain(100..120).collect()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_does_not_count_in_a_stream_that_was_made_anew() {
    let stage = Stage::start().await;
    let stream = prices(&stage).await;
    append(&stream, 0..10).await;
    let mut reader = stream.reader("r", ReaderOptions::default()).await.unwrap();
    assert_eq!(read(&mut reader, 10).await.1.len(), 10);
    reader.commit().await.unwrap();
    drop(reader);
    stage.connection.jetstream().delete_stream("STREAM_prices").await.unwrap();
    append(&prices(&stage).await, 100..120).await;
    let mut reader = stream.reader("r", ReaderOptions::default()).await.unwrap();
    assert_eq!(read(&mut reader, 20).await, (true, (100..120).collect()));
    reader.commit().await.unwrap();
    drop(reader);
    append(&stream, 120..123).await;
    let mut reader = stream.reader("r", ReaderOptions::default()).await.unwrap();
    assert_eq!(read(&mut reader, 3).await, (false, (120..123).collect()));
}
