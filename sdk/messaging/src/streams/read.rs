//! Readers of a stream: in order, from a checkpoint.

use std::collections::VecDeque;
use std::time::Duration;

use aegis_domain::StreamName;
use aegis_domain::wire::{Namespace, stream};

use super::checkpoint::{Checkpoint, Place, micros};
use super::{Record, Stream, StreamError};
use crate::Start;
use aegis_nats::follow::{Followed, Follower, From, Message, Wanted};

/// How a reader is opened. The default reads partition 0 from its checkpoint, or from the beginning when it has
/// none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReaderOptions {
    /// Which partition. Default 0.
    pub partition: u16,
    /// Where to begin without a checkpoint. Default [`Start::Beginning`].
    pub start: Start,
    /// Whether the checkpoint is given up, so that it begins at `start` in any case. Default no.
    pub rewind: bool,
}

impl Default for ReaderOptions {
    fn default() -> Self {
        Self { partition: 0, start: Start::Beginning, rewind: false }
    }
}

/// What a reader has to say.
#[derive(Debug)]
pub enum Item {
    /// The next record.
    Record(Record),
    /// Everything that the stream had has been said: what comes now is new. Said once at first, and again each
    /// time that the reader has caught up after it could not see.
    CaughtUp,
    /// The stream was made anew, or its history went back, as after a restored backup: the checkpoint counts no more, and
    /// what follows is the stream from its beginning.
    Replaced,
    /// The stream cannot be read now. The reader goes on where it was once it can be.
    Blind,
    /// The stream no longer has what stood here: the reader was away for longer than records are kept.
    Truncated {
        /// Behind this sequence,
        after: u64,
        /// and before this one.
        before: u64,
    },
}

/// A reader. Dropping it ends it; what was not committed comes again.
///
/// # Examples
/// ```no_run
/// # async fn example(mut reader: aegis_sdk::streams::Reader) -> Result<(), Box<dyn std::error::Error>> {
/// use aegis_sdk::streams::Item;
///
/// loop {
///     match reader.next().await {
///         Item::Record(record) => reader.commit_to(&record).await?,
///         Item::CaughtUp => break,
///         Item::Blind => println!("the stream cannot be read now"),
///         Item::Truncated { after, before } => println!("nothing is left between {after} and {before}"),
///         Item::Replaced => println!("the stream was replaced: this is its beginning"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Reader {
    namespace: Namespace,
    name: StreamName,
    follower: Follower,
    checkpoint: Checkpoint,
    handed_out: Option<Place>,
    caught_up: bool,
    said: VecDeque<Item>,
    pending: u64,
}

impl Stream {
    /// Opens a reader. An earlier holder of it is fenced from then on.
    ///
    /// # Errors
    /// See [`StreamError`].
    ///
    /// # Cancel safety
    /// A dropped future may leave the others fenced.
    pub async fn reader(&self, name: &str, options: ReaderOptions) -> Result<Reader, StreamError> {
        let name = StreamName::new(name)?;
        let ReaderOptions { partition, start, rewind } = options;
        if partition >= self.partitions {
            return Err(StreamError::NoPartition { name: self.name.clone(), partition });
        }
        let jetstream = stream::jetstream(self.connection.namespace(), &self.name);
        let found =
            self.connection.jetstream().get_stream(&jetstream).await.map_err(StreamError::unavailable)?;
        let state = found.cached_info().state.clone();
        let mut checkpoint =
            Checkpoint::claim(&self.connection, &self.name, &name, partition, rewind).await?;
        let mut said = VecDeque::new();
        if !checkpoint.is_of(&found).await? {
            tracing::warn!(stream = %self.name, reader = %name, "the history of the stream was replaced: it is read from its beginning");
            checkpoint.reset();
            said.push_back(Item::Replaced);
        }
        let from = match (checkpoint.after(), start) {
            (Some(after), _) => {
                if after + 1 < state.first_sequence {
                    said.push_back(Item::Truncated { after, before: state.first_sequence });
                }
                From::Sequence(after + 1)
            }
            // From its beginning, whatever was asked for: nothing of this history was handled.
            (None, _) if !said.is_empty() => From::Sequence(1),
            (None, Start::New) => {
                // Kept at once: what comes before the first commit is not to be skipped by a restart.
                let stored_us = micros(state.last_timestamp.unix_timestamp_nanos());
                checkpoint.commit(Place { sequence: state.last_sequence, stored_us }).await?;
                From::Sequence(state.last_sequence + 1)
            }
            (None, Start::Beginning) => From::Sequence(1),
            (None, Start::Sequence(sequence)) => From::Sequence(sequence),
            (None, Start::Time(time)) => From::Time(time),
        };
        let filters = vec![stream::partition(self.connection.namespace(), &self.name, partition)];
        let follower =
            Follower::filtered(&self.connection, jetstream, from, Wanted { filters, headers_only: false });
        let name = self.name.clone();
        let namespace = self.connection.namespace().clone();
        Ok(Reader {
            namespace,
            name,
            follower,
            checkpoint,
            handed_out: None,
            caught_up: false,
            said,
            pending: 0,
        })
    }
}

impl Reader {
    /// The next thing it has to say; never ends. What it has read ahead is bounded.
    ///
    /// # Cancel safety
    /// Cancel-safe: nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Item {
        loop {
            if let Some(item) = self.said.pop_front() {
                if let Item::Record(record) = &item {
                    self.handed_out = Some(Place::of(record));
                }
                return item;
            }
            let followed = self.follower.next().await;
            self.take(followed);
        }
    }

    /// Up to so many records, as many as there are within this time; none when none came. What is no record is
    /// left out.
    ///
    /// # Cancel safety
    /// Not cancel-safe: records that were taken are lost to this reader with the future, until it is opened again.
    pub async fn batch(&mut self, most: usize, within: Duration) -> Vec<Record> {
        let over = tokio::time::Instant::now() + within;
        let mut records = Vec::new();
        while records.len() < most {
            match tokio::time::timeout_at(over, self.next()).await {
                Ok(Item::Record(record)) => records.push(record),
                Ok(Item::CaughtUp) if !records.is_empty() => break,
                Ok(Item::CaughtUp | Item::Blind | Item::Truncated { .. } | Item::Replaced) => {}
                Err(_elapsed) => break,
            }
        }
        records
    }

    /// Everything that was handed out so far is done: the reader goes on behind it when it is opened again.
    ///
    /// # Errors
    /// [`StreamError::Fenced`] when the reader has been opened elsewhere since; otherwise the bucket does not
    /// answer, and it may be repeated.
    ///
    /// # Cancel safety
    /// Not cancel-safe: a dropped future leaves it open whether it was committed. Repeat it.
    pub async fn commit(&mut self) -> Result<(), StreamError> {
        match self.handed_out {
            Some(place) => self.checkpoint.commit(place).await,
            None => Ok(()),
        }
    }

    /// Everything up to this record is done, and nothing behind it.
    ///
    /// # Errors
    /// As with [`Reader::commit`].
    ///
    /// # Cancel safety
    /// As with [`Reader::commit`].
    pub async fn commit_to(&mut self, record: &Record) -> Result<(), StreamError> {
        self.checkpoint.commit(Place::of(record)).await
    }

    /// Everything up to this sequence is committed; none before the first commit.
    #[must_use]
    pub fn committed(&self) -> Option<u64> {
        self.checkpoint.after()
    }

    /// Grows by one whenever a reader of this name and partition is opened: the fencing token. What a reader
    /// writes to can refuse one that is lower than what it has seen.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.checkpoint.epoch()
    }

    /// How many records were still to come when the last one was delivered.
    #[must_use]
    pub fn lag(&self) -> u64 {
        self.pending
    }

    fn take(&mut self, followed: Followed) {
        match followed {
            Followed::Message(message) => {
                self.pending = message.pending;
                if let Some(record) = record(&self.namespace, &self.name, message) {
                    self.said.push_back(Item::Record(record));
                }
                if self.pending == 0 {
                    self.catch_up();
                }
            }
            Followed::Idle => self.catch_up(),
            Followed::Replaced => {
                (self.caught_up, self.handed_out) = (false, None);
                self.checkpoint.reset();
                self.said.push_back(Item::Replaced);
            }
            Followed::Blind => {
                self.caught_up = false;
                self.said.push_back(Item::Blind);
            }
        }
    }

    fn catch_up(&mut self) {
        if !self.caught_up {
            self.caught_up = true;
            self.said.push_back(Item::CaughtUp);
        }
    }
}

fn record(namespace: &Namespace, name: &StreamName, message: Message) -> Option<Record> {
    let (partition, key) = stream::parse_record(namespace, name, &message.subject)?;
    Some(Record {
        sequence: message.sequence,
        partition,
        key: key.to_owned(),
        published_at: message.recorded_at,
        headers: message.headers.unwrap_or_default(),
        body: message.body,
    })
}
