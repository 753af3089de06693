//! Following a stream for ever: ordered, supervised, bounded.

use std::time::Duration;

use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::pull::OrderedConfig;
use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::sync::mpsc;

use super::connection::{Connection, backoff};

/// How many messages wait between the reader and whoever takes them.
const QUEUE: usize = 4096;
/// After so long without a message the follower asks the server whether there are any.
const WATCHDOG: Duration = Duration::from_secs(5);

/// Where to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// At this stream sequence.
    Sequence(u64),
    /// With the last message of each subject.
    LastPerSubject,
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
    /// How many messages of the stream were still to come when it was delivered.
    pub pending: u64,
}

/// What the follower has to say.
#[derive(Debug, Clone)]
pub enum Followed {
    /// The next message.
    Message(Message),
    /// Nothing came for a while, and the server says that nothing is pending: the follower can see.
    Idle,
    /// The stream cannot be read now; the follower keeps trying.
    Blind,
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
        let (sender, queue) = mpsc::channel(QUEUE);
        let reader = Reader { connection: connection.clone(), stream, from, sender };
        Self { queue, task: tokio::spawn(reader.run()) }
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
    from: From,
    sender: mpsc::Sender<Followed>,
}

struct Gone;

impl Reader {
    async fn run(mut self) {
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

    /// Reads until something is wrong.
    async fn read(&mut self) -> Result<(), Gone> {
        let deliver_policy = match self.from {
            From::Sequence(start_sequence) => {
                DeliverPolicy::ByStartSequence { start_sequence: start_sequence.max(1) }
            }
            From::LastPerSubject => DeliverPolicy::LastPerSubject,
        };
        // The server asks for a filter when it is to deliver the last message of each subject.
        let config =
            OrderedConfig { deliver_policy, filter_subject: ">".to_owned(), ..OrderedConfig::default() };
        let jetstream = self.connection.jetstream();
        let consumer = match jetstream.create_consumer_on_stream(config, &self.stream).await {
            Ok(consumer) => consumer,
            Err(error) => {
                tracing::warn!(stream = self.stream, %error, "a stream cannot be followed now");
                return Ok(());
            }
        };
        let mut messages = match consumer.messages().await {
            Ok(messages) => messages,
            Err(error) => {
                tracing::warn!(stream = self.stream, %error, "a stream cannot be followed now");
                return Ok(());
            }
        };
        loop {
            match tokio::time::timeout(WATCHDOG, messages.next()).await {
                Ok(Some(Ok(message))) => {
                    let Ok(info) = message.info() else {
                        tracing::warn!(stream = self.stream, "a message without stream metadata");
                        return Ok(());
                    };
                    let (sequence, pending) = (info.stream_sequence, info.pending);
                    let (message, _ack) = message.split();
                    let message = Message {
                        sequence,
                        subject: message.subject.into_string(),
                        headers: message.headers,
                        body: message.payload,
                        pending,
                    };
                    self.sender.send(Followed::Message(message)).await.map_err(|_closed| Gone)?;
                    self.from = From::Sequence(sequence + 1);
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
        match self.connection.jetstream().get_stream(&self.stream).await {
            Ok(stream) => stream.cached_info().state.last_sequence >= next,
            Err(_unreachable) => true,
        }
    }
}
