//! Streams: durable, ordered records that any number of readers go through at their own pace, each from its own
//! checkpoint.
//!
//! # What is promised
//!
//! Records of one key are in the order in which the stream took them, and so are those of one partition. A reader
//! gets them in that order, without gaps as far as the stream has them, and begins after its checkpoint when it
//! is opened again: each record at least once. Of several readers with one name and partition, the one that was
//! opened last is the valid one. The others cannot move the checkpoint any more; with [`Reader::epoch`] a sink can
//! refuse their writes, too.

mod checkpoint;
mod error;
mod produce;
mod read;
mod record;

use std::collections::HashMap;
use std::time::Duration;

use aegis_domain::StreamName;
use aegis_domain::wire::stream;
use async_nats::jetstream::stream::Config;

use crate::publish::{Outbox, OutboxLimits};
use aegis_nats::Connection;
use aegis_nats::provision::{ensure_bucket, ensure_stream};
use aegis_nats::restore::MakeStream;

pub use error::StreamError;
pub use produce::Append;
pub use read::{Item, Reader, ReaderOptions};
pub use record::Record;

/// Where a stream keeps how many partitions it has.
const PARTITIONS: &str = "aegis.partitions";

/// How a stream is made. One that is there already keeps what it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamOptions {
    /// Into how many parts its keys are divided, so that as many readers share the work. Fixed once it is made.
    /// Default 1, at least 1.
    pub partitions: u16,
    /// How long records are kept. Default 7 days; zero for ever.
    pub max_age: Duration,
    /// How many bytes are kept; the oldest go first. Default 1 GiB; -1 for any number.
    pub max_bytes: i64,
    /// How much waits in memory while JetStream is away.
    pub outbox: OutboxLimits,
}

impl Default for StreamOptions {
    fn default() -> Self {
        let week = Duration::from_secs(7 * 24 * 60 * 60);
        Self { partitions: 1, max_age: week, max_bytes: 1 << 30, outbox: OutboxLimits::default() }
    }
}

/// A stream. Cheap to clone; clones share one outbox.
///
/// # Examples
/// ```no_run
/// # async fn example(connection: aegis_sdk::Connection) -> Result<(), Box<dyn std::error::Error>> {
/// use aegis_sdk::streams::{ReaderOptions, Stream, StreamOptions};
/// use std::time::Duration;
///
/// let prices = Stream::open(&connection, "prices", StreamOptions::default()).await?;
/// prices.append("EURUSD", &1.0845).await?;
/// let mut reader = prices.reader("chart", ReaderOptions::default()).await?;
/// for record in reader.batch(100, Duration::from_secs(1)).await {
///     println!("{} {}", record.key, record.decode::<f64>()?);
/// }
/// reader.commit().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Stream {
    connection: Connection,
    name: StreamName,
    partitions: u16,
    outbox: Outbox,
}

impl Stream {
    /// Makes the stream, or finds it.
    ///
    /// # Errors
    /// [`StreamError::Partitions`] when it is there with another number of partitions; otherwise it cannot be made
    /// or read.
    ///
    /// # Cancel safety
    /// A dropped future may leave the stream made.
    pub async fn open(
        connection: &Connection,
        name: &str,
        options: StreamOptions,
    ) -> Result<Self, StreamError> {
        let name = StreamName::new(name)?;
        let partitions = options.partitions.max(1);
        let wanted = Config {
            name: stream::jetstream(connection.namespace(), &name),
            description: Some(format!("The stream {name} of an application")),
            subjects: vec![stream::all(connection.namespace(), &name)],
            max_age: options.max_age,
            max_bytes: options.max_bytes,
            allow_direct: true,
            metadata: HashMap::from([(PARTITIONS.to_owned(), partitions.to_string())]),
            ..Config::default()
        };
        ensure_stream(connection, wanted.clone()).await?;
        let make = MakeStream::by(move |connection| {
            let wanted = wanted.clone();
            Box::pin(async move { Ok(ensure_stream(&connection, wanted).await?) })
        });
        ensure_bucket(connection, connection.namespace().checkpoints_bucket()).await?;
        let found = connection.jetstream().get_stream(stream::jetstream(connection.namespace(), &name)).await;
        let found = found.map_err(StreamError::unavailable)?;
        let found = found.cached_info().config.metadata.get(PARTITIONS).and_then(|text| text.parse().ok());
        match found {
            Some(found) if found == partitions => {}
            found => return Err(StreamError::Partitions { name, wanted: partitions, found }),
        }
        let outbox = Outbox::new(connection, options.outbox, make);
        Ok(Self { connection: connection.clone(), name, partitions, outbox })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &StreamName {
        &self.name
    }

    /// How many partitions it has, counted from 0.
    #[must_use]
    pub fn partitions(&self) -> u16 {
        self.partitions
    }

    /// The partition that a key belongs to.
    #[must_use]
    pub fn partition_of(&self, key: &str) -> u16 {
        stream::partition_of(key, self.partitions)
    }

    /// Waits until the stream has everything that was taken in.
    ///
    /// # Errors
    /// How many records were left when the time was over. They are still on their way.
    ///
    /// # Cancel safety
    /// Cancel-safe.
    pub async fn flush(&self, within: Duration) -> Result<(), usize> {
        self.outbox.flush(within).await
    }
}
