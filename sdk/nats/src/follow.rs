//! Following a stream for ever: ordered, supervised, bounded.

use std::time::Duration;

use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::pull::OrderedConfig;
use async_nats::jetstream::stream::LastRawMessageErrorKind;
use bytes::Bytes;
use chrono::{DateTime, SubsecRound as _, Utc};
use futures_util::StreamExt as _;
use time::OffsetDateTime;
use tokio::sync::mpsc;

use super::backoff::backoff;
use super::connection::Connection;
use super::imported::Imported;
use super::provision::is_absent;
use crate::supervise::supervised;

/// How many messages wait between the reader and whoever takes them.
const QUEUE: usize = 4096;
/// After so long without a message the follower asks the server whether there are any.
const WATCHDOG: Duration = Duration::from_secs(5);

/// Where to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// At this stream sequence.
    Sequence(u64),
    /// With the first message that the server recorded at or after this time.
    Time(DateTime<Utc>),
    /// With the last message of each subject.
    LastPerSubject,
}

/// What of a stream is followed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only messages whose subject one of these matches; none means all. They must not overlap.
    pub filters: Vec<String>,
    /// Only headers: the server sends no bodies.
    pub headers_only: bool,
}

/// One message of a stream.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its position.
    pub sequence: u64,
    /// Its subject.
    pub subject: String,
    /// Its headers.
    pub headers: Option<async_nats::HeaderMap>,
    /// Its body.
    pub body: Bytes,
    /// When the server recorded it, to the microsecond. Times of one stream never go back as long as the
    /// server's clock does not. A message of a log that was [imported](super::imported) tells when it was recorded
    /// first; what any other message says of its time is not believed.
    pub recorded_at: DateTime<Utc>,
    /// How many messages of the stream were still to come when it was delivered.
    pub pending: u64,
    /// Which of the follower's consumers delivered it, counted from 1. With another one the stream may have another
    /// history: it was out of sight for a moment.
    pub consumer: u64,
}

/// What the follower has to say.
#[derive(Debug, Clone)]
pub enum Followed {
    /// The next message.
    Message(Message),
    /// Nothing is pending, by what the server says: at the beginning, or after nothing came for a while. The
    /// follower can see.
    Idle,
    /// The stream cannot be read now; the follower keeps trying.
    Blind,
    /// The stream was made anew, or its history went back: what was said of it is no more. What follows is its
    /// beginning.
    Replaced,
}

/// A follower. Dropping it ends the reading.
#[derive(Debug)]
pub struct Follower {
    queue: mpsc::Receiver<Followed>,
    task: tokio::task::JoinHandle<()>,
}

impl Follower {
    /// Follows the stream from there on, in order and without gaps, until dropped. Losing the
    /// connection, the server or the consumer never ends it.
    #[must_use]
    pub fn start(connection: &Connection, stream: String, from: From) -> Self {
        Self::filtered(connection, stream, from, Wanted::default())
    }

    /// Like [`Self::start`], but only what is wanted.
    #[must_use]
    pub fn filtered(connection: &Connection, stream: String, from: From, wanted: Wanted) -> Self {
        let (sender, queue) = mpsc::channel(QUEUE);
        let imported = Imported::of(connection, &stream);
        let (consumer, connection) = (0, connection.clone());
        let begin = if from == From::LastPerSubject { from } else { From::Sequence(1) };
        let (created, last) = (None, None);
        let mut reader =
            Reader { connection, stream, begin, from, created, last, wanted, sender, imported, consumer };
        let run = supervised("the reader of a stream", async move || reader.run().await);
        Self { queue, task: tokio::spawn(run) }
    }

    /// The next thing it has to say; never ends.
    ///
    /// # Cancel safety
    /// Cancel-safe: a message is taken whole or stays in the queue.
    pub async fn next(&mut self) -> Followed {
        match self.queue.recv().await {
            Some(followed) => followed,
            // The reader ends only when this handle is dropped, or with its runtime.
            None => std::future::pending().await,
        }
    }

    /// What is already there, without waiting.
    pub fn try_next(&mut self) -> Option<Followed> {
        self.queue.try_recv().ok()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Reader {
    connection: Connection,
    stream: String,
    /// Where it begins when the history was replaced.
    begin: From,
    from: From,
    /// When the stream was made.
    created: Option<OffsetDateTime>,
    /// The last message that was read: its sequence, and when the server stored it.
    last: Option<(u64, OffsetDateTime)>,
    wanted: Wanted,
    sender: mpsc::Sender<Followed>,
    imported: Imported,
    /// How many consumers there were.
    consumer: u64,
}

struct Gone;

impl Reader {
    async fn run(&mut self) {
        let mut attempt = 0;
        loop {
            let before = self.from;
            match self.read().await {
                Ok(()) => {}
                Err(Gone) => return,
            }
            attempt = if self.from == before { attempt + 1 } else { 1 };
            if self.sender.send(Followed::Blind).await.is_err() {
                return;
            }
            tokio::time::sleep(backoff(attempt)).await;
        }
    }

    /// Looks whether the stream still is the one that was read, and goes back to its beginning if not. Says whether it can
    /// be read.
    async fn look(&mut self) -> Result<bool, Gone> {
        let stream = match self.connection.jetstream().get_stream(&self.stream).await {
            Ok(stream) => stream,
            Err(error) => {
                if is_absent(&error.kind()) {
                    self.connection.restore_installation();
                }
                tracing::warn!(stream = self.stream, %error, "a stream cannot be followed now");
                return Ok(false);
            }
        };
        let created = stream.cached_info().created;
        let is_other = match (self.created, self.last) {
            (Some(before), _) if before != created => true,
            (_, Some((sequence, _))) if stream.cached_info().state.last_sequence < sequence => true,
            (_, Some((sequence, stored))) => match stream.get_raw_message(sequence).await {
                Ok(found) => found.time != stored,
                // It has aged out.
                Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => false,
                Err(error) => {
                    tracing::warn!(stream = self.stream, %error, "a stream cannot be followed now");
                    return Ok(false);
                }
            },
            (_, None) => false,
        };
        self.created = Some(created);
        if is_other {
            tracing::warn!(
                stream = self.stream,
                "the history of a stream was replaced: it is read from its beginning"
            );
            (self.from, self.last) = (self.begin, None);
            self.imported.forget();
            self.sender.send(Followed::Replaced).await.map_err(|_closed| Gone)?;
        }
        Ok(true)
    }

    /// Reads until something is wrong.
    async fn read(&mut self) -> Result<(), Gone> {
        if !self.look().await? {
            return Ok(());
        }
        let deliver_policy = match self.from {
            From::Sequence(start_sequence) => {
                DeliverPolicy::ByStartSequence { start_sequence: start_sequence.max(1) }
            }
            From::Time(time) => DeliverPolicy::ByStartTime { start_time: start_time(time) },
            From::LastPerSubject => DeliverPolicy::LastPerSubject,
        };
        // The server asks for a filter when it is to deliver the last message of each subject.
        let (filter_subject, filter_subjects) = match self.wanted.filters.as_slice() {
            [] => (">".to_owned(), vec![]),
            [only] => (only.clone(), vec![]),
            several => (String::new(), several.to_vec()),
        };
        let headers_only = self.wanted.headers_only;
        let config = OrderedConfig {
            deliver_policy,
            filter_subject,
            filter_subjects,
            headers_only,
            ..OrderedConfig::default()
        };
        let jetstream = self.connection.jetstream();
        let consumer = match jetstream.create_consumer_on_stream(config, &self.stream).await {
            Ok(consumer) => consumer,
            Err(error) => {
                tracing::warn!(stream = self.stream, %error, "a stream cannot be followed now");
                return Ok(());
            }
        };
        let caught_up = consumer.cached_info().num_pending == 0;
        let mut messages = match consumer.messages().await {
            Ok(messages) => messages,
            Err(error) => {
                tracing::warn!(stream = self.stream, %error, "a stream cannot be followed now");
                return Ok(());
            }
        };
        if caught_up {
            self.sender.send(Followed::Idle).await.map_err(|_closed| Gone)?;
        }
        let mut name = String::new();
        loop {
            match tokio::time::timeout(WATCHDOG, messages.next()).await {
                Ok(Some(Ok(message))) => {
                    let Ok(info) = message.info() else {
                        tracing::warn!(stream = self.stream, "a message without stream metadata");
                        return Ok(());
                    };
                    let (sequence, pending) = (info.stream_sequence, info.pending);
                    let published = info.published;
                    let stored = stored_at(published.unix_timestamp_nanos());
                    // The client library makes a lost consumer anew by itself, and tells nobody.
                    if info.consumer != name {
                        // It goes on by the sequence alone, whatever has become of the stream meanwhile.
                        if !name.is_empty() {
                            return Ok(());
                        }
                        info.consumer.clone_into(&mut name);
                        self.consumer += 1;
                        self.imported.forget();
                    }
                    let (message, _ack) = message.split();
                    let Ok(recorded_at) =
                        self.imported.recorded_at(sequence, message.headers.as_ref(), stored).await
                    else {
                        tracing::warn!(stream = self.stream, "whether a stream was imported cannot be read");
                        return Ok(());
                    };
                    let message = Message {
                        sequence,
                        subject: message.subject.into_string(),
                        headers: message.headers,
                        body: message.payload,
                        recorded_at,
                        pending,
                        consumer: self.consumer,
                    };
                    self.sender.send(Followed::Message(message)).await.map_err(|_closed| Gone)?;
                    (self.from, self.last) = (From::Sequence(sequence + 1), Some((sequence, published)));
                }
                Ok(Some(Err(error))) => {
                    tracing::warn!(stream = self.stream, %error, "the reading of a stream broke");
                    return Ok(());
                }
                Ok(None) => return Ok(()),
                Err(_silent) => {
                    if self.has_missed_something().await {
                        tracing::warn!(stream = self.stream, "messages are pending and none arrives");
                        return Ok(());
                    }
                    self.sender.send(Followed::Idle).await.map_err(|_closed| Gone)?;
                }
            }
        }
    }

    /// Whether the stream holds something that has not come, or does not answer.
    async fn has_missed_something(&self) -> bool {
        let From::Sequence(next) = self.from else { return false };
        let Ok(stream) = self.connection.jetstream().get_stream(&self.stream).await else { return true };
        let last = stream.cached_info().state.last_sequence;
        if self.created != Some(stream.cached_info().created) || last + 1 < next {
            return true;
        }
        if self.wanted.filters.is_empty() || last < next {
            return last >= next;
        }
        for filter in &self.wanted.filters {
            match stream.get_last_raw_message_by_subject(filter).await {
                Ok(message) if message.sequence >= next => return true,
                Ok(_) => {}
                Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => {}
                Err(_unreachable) => return true,
            }
        }
        false
    }
}

/// The server counts nanoseconds since 1970 in 64 bits, which ends in 2262: a later time would be an early one.
pub fn start_time(time: DateTime<Utc>) -> time::OffsetDateTime {
    let micros = time.timestamp_micros().clamp(0, i64::MAX / 1000);
    time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000)
        .unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
}

/// When the server stored a message.
fn stored_at(nanos: i128) -> DateTime<Utc> {
    let time = i64::try_from(nanos.div_euclid(1000)).ok().and_then(DateTime::from_timestamp_micros);
    // Only a server at the end of the calendar would say so.
    time.unwrap_or(DateTime::<Utc>::MAX_UTC).trunc_subsecs(6)
}
