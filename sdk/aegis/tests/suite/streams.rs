//! Streams on a real server.

use std::time::Duration;

use aegis_domain::ErrorCode;
use aegis_sdk::Start;
use aegis_sdk::streams::{Append, Item, Reader, ReaderOptions, Stream, StreamError, StreamOptions};

use crate::events::{PATIENCE, Stage};

async fn open(stage: &Stage, partitions: u16) -> Stream {
    let options = StreamOptions { partitions, ..StreamOptions::default() };
    Stream::open(&stage.connection, "prices", options).await.unwrap()
}

async fn next(reader: &mut Reader) -> u64 {
    loop {
        match tokio::time::timeout(PATIENCE, reader.next()).await.unwrap() {
            Item::Record(record) => return record.decode().unwrap(),
            Item::CaughtUp | Item::Blind | Item::Truncated { .. } | Item::Replaced => {}
        }
    }
}

#[tokio::test]
async fn a_reader_goes_on_behind_its_checkpoint() {
    let stage = Stage::start().await;
    let stream = open(&stage, 1).await;
    for number in 1..=10_u64 {
        assert_eq!(stream.append("EURUSD", &number).await.unwrap().sequence, number);
    }
    let mut reader = stream.reader("chart", ReaderOptions::default()).await.unwrap();
    for number in 1..=4 {
        assert_eq!(next(&mut reader).await, number);
    }
    reader.commit().await.unwrap();
    assert_eq!((next(&mut reader).await, reader.committed()), (5, Some(4)));
    drop(reader);
    let mut reader = stream.reader("chart", ReaderOptions::default()).await.unwrap();
    let batch = reader.batch(3, PATIENCE).await;
    assert_eq!(batch.iter().map(|it| it.decode::<u64>().unwrap()).collect::<Vec<_>>(), [5, 6, 7]);
    assert_eq!((batch[0].key.as_str(), batch[0].partition, batch[0].sequence), ("EURUSD", 0, 5));
    reader.commit_to(&batch[1]).await.unwrap();
    let mut reader = stream.reader("chart", ReaderOptions::default()).await.unwrap();
    assert_eq!(reader.batch(100, Duration::from_secs(1)).await.len(), 4);
    // Another name has a checkpoint of its own; and each may begin anywhere.
    let at = |start| ReaderOptions { start, ..ReaderOptions::default() };
    let mut other = stream.reader("alarm", at(Start::Sequence(9))).await.unwrap();
    assert_eq!(next(&mut other).await, 9);
    let mut new = stream.reader("tape", at(Start::New)).await.unwrap();
    stream.append("EURUSD", &11_u64).await.unwrap();
    assert_eq!(next(&mut new).await, 11);
    let again =
        ReaderOptions { start: Start::Time(batch[1].published_at), rewind: true, ..ReaderOptions::default() };
    let mut reader = stream.reader("chart", again).await.unwrap();
    assert_eq!(next(&mut reader).await, 6);
}

#[tokio::test]
async fn the_last_opened_reader_is_the_valid_one() {
    let stage = Stage::start().await;
    let stream = open(&stage, 1).await;
    for number in 1..=3_u64 {
        stream.append("k", &number).await.unwrap();
    }
    let mut first = stream.reader("chart", ReaderOptions::default()).await.unwrap();
    next(&mut first).await;
    first.commit().await.unwrap();
    next(&mut first).await;
    let mut second = stream.reader("chart", ReaderOptions::default()).await.unwrap();
    let error = first.commit().await.unwrap_err();
    assert!(matches!(error, StreamError::Fenced { .. }), "{error}");
    assert_eq!(error.code(), ErrorCode::StaleTerm);
    assert_eq!((first.epoch(), second.epoch()), (1, 2));
    assert_eq!(next(&mut second).await, 2, "what the first had not committed comes again");
    second.commit().await.unwrap();
}

#[tokio::test]
async fn a_record_may_expect_what_came_before_it_and_its_id_counts_once() {
    let stage = Stage::start().await;
    let stream = open(&stage, 1).await;
    let append = |id: &str, after| Append { id: Some(id.to_owned()), after: Some(after) };
    let first = stream.append_as("k", &1, append("a", 0)).await.unwrap();
    stream.append("other", &1).await.unwrap();
    let conflict = stream.append_as("k", &2, append("b", 0)).await.unwrap_err();
    assert_eq!(conflict.code(), ErrorCode::SequenceConflict);
    // The answer to the first was lost, say: it is the same record, not a conflict.
    let again = stream.append_as("k", &1, append("a", 0)).await.unwrap();
    assert_eq!((again.sequence, again.duplicate), (first.sequence, true));
    assert_eq!(stream.append_as("k", &2, append("c", first.sequence)).await.unwrap().sequence, 3);
    assert_eq!(stream.append("a.b", &1).await.unwrap_err().code(), ErrorCode::InvalidInput);
}

#[tokio::test]
async fn keys_keep_their_partition_and_each_partition_its_reader() {
    let stage = Stage::start().await;
    let stream = open(&stage, 4).await;
    for number in 0..40_u64 {
        drop(stream.append_later(&format!("key-{}", number % 8), &number, Append::default()).await.unwrap());
    }
    stream.flush(PATIENCE).await.unwrap();
    let mut total = 0;
    for partition in 0..4 {
        let options = ReaderOptions { partition, ..ReaderOptions::default() };
        let mut reader = stream.reader("sums", options).await.unwrap();
        let records = reader.batch(100, Duration::from_secs(1)).await;
        assert!(
            records.iter().all(|it| stream.partition_of(&it.key) == partition && it.partition == partition)
        );
        assert!(records.is_sorted_by_key(|it| it.sequence));
        total += records.len();
        reader.commit().await.unwrap();
    }
    assert_eq!(total, 40);
    let beyond = ReaderOptions { partition: 4, ..ReaderOptions::default() };
    assert!(matches!(stream.reader("sums", beyond).await, Err(StreamError::NoPartition { .. })));
    let other = StreamOptions { partitions: 5, ..StreamOptions::default() };
    let error = Stream::open(&stage.connection, "prices", other).await.unwrap_err();
    assert!(matches!(error, StreamError::Partitions { found: Some(4), .. }), "{error}");
}

#[tokio::test]
async fn a_reader_outlives_a_restart_of_the_server_and_says_what_was_cut_away() {
    let stage = Stage::start().await;
    let stream = open(&stage, 1).await;
    let mut reader = stream.reader("chart", ReaderOptions::default()).await.unwrap();
    stream.append("k", &1_u64).await.unwrap();
    assert_eq!(next(&mut reader).await, 1);
    reader.commit().await.unwrap();
    stage.server.restart().await;
    for number in 2..=5_u64 {
        stream.append("k", &number).await.unwrap();
    }
    for number in 2..=5 {
        assert_eq!(next(&mut reader).await, number);
    }
    let jetstream = stage.connection.jetstream().get_stream("STREAM_prices").await.unwrap();
    jetstream.purge().sequence(4).await.unwrap();
    let mut reader = stream.reader("chart", ReaderOptions::default()).await.unwrap();
    assert!(matches!(reader.next().await, Item::Truncated { after: 1, before: 4 }));
    assert_eq!(next(&mut reader).await, 4);
}
