//! Publishing to JetStream through an outbox: many messages in flight at once, in order, sent again
//! with the same id until the stream has them, and kept in bounded memory while JetStream is away.
//!
//! # What is promised
//!
//! Messages of one outbox reach their streams in the order in which they were put in, each once: a message
//! that may have been lost is sent again with its id, and the stream drops the copy as long as its window of
//! duplicates (two minutes, unless the stream says otherwise) is not over. Two things do not hold for the messages
//! that were under way when the connection broke or a stream changed its leader, [`WINDOW`] at most: they may
//! change their order among each other, because the client sends what it had queued before what was lost; and when
//! JetStream returns only after the window of duplicates, they may be stored twice. A publisher that waits for one
//! acknowledgement before the next message keeps the order in any case.

mod ack;
mod entry;
mod error;
mod pump;
mod queue;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub(crate) use ack::Receipt;
pub use ack::{Pending, Published};
pub(crate) use entry::{ACTOR, Message, TRACEPARENT};
pub use error::PublishError;
use pump::Pump;
use queue::Queue;

use aegis_nats::Connection;
use aegis_nats::restore::MakeStream;
use aegis_nats::supervise::supervised;

/// The most messages that wait for their acknowledgement at once.
pub(crate) const WINDOW: usize = 512;

/// How much an outbox holds, and how long a caller waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxLimits {
    /// The most messages that are in memory, those under way among them. Default 65,536, at least 1.
    pub messages: usize,
    /// The most bytes that they take, with their headers. Default 64 MiB. One message fits in any case.
    pub bytes: usize,
    /// How long a caller waits for the acknowledgement before it is told that its message is still on its way.
    /// Default 10 s.
    pub patience: Duration,
}

impl Default for OutboxLimits {
    fn default() -> Self {
        Self { messages: 65_536, bytes: 64 << 20, patience: Duration::from_secs(10) }
    }
}

/// Messages on their way. Cheap to clone. When the last clone is dropped, what it holds is still sent for as
/// long as the runtime lives.
#[derive(Debug, Clone)]
pub(crate) struct Outbox {
    handle: Arc<Handle>,
}

#[derive(Debug)]
struct Handle {
    queue: Arc<Queue>,
    connection: Connection,
    make: MakeStream,
    started: AtomicBool,
}

impl Outbox {
    /// `make` makes the stream again when it is gone.
    pub(crate) fn new(connection: &Connection, limits: OutboxLimits, make: MakeStream) -> Self {
        let queue = Arc::new(Queue::new(limits));
        let handle = Handle { queue, connection: connection.clone(), make, started: false.into() };
        Self { handle: Arc::new(handle) }
    }

    /// Takes the message in. Waits for room while JetStream takes messages, and refuses when there is none
    /// while it does not.
    ///
    /// # Cancel safety
    /// Cancel-safe: the message is taken in, or it is not.
    pub(crate) async fn put(&self, message: Message) -> Result<Receipt, PublishError> {
        let size = message.size();
        let most = self.handle.queue.most_bytes(self.handle.connection.client());
        if message.payload_size() > most {
            let error = PublishError::TooLarge { size: message.payload_size(), most };
            return Err(queue::refused(message.meter, error));
        }
        if !self.handle.started.swap(true, Ordering::Relaxed) {
            let Handle { connection, queue, make, .. } = &*self.handle;
            let (connection, queue, make) = (connection.clone(), Arc::clone(queue), make.clone());
            // What is under way when it panics is sent again, under the same ids.
            tokio::spawn(supervised("an outbox", async move || {
                queue.rewind(false);
                Pump::new(&connection, Arc::clone(&queue), make.clone()).run().await;
            }));
        }
        self.handle.queue.put(message, size).await
    }

    /// Waits until everything that it holds is acknowledged or refused.
    ///
    /// # Errors
    /// How many messages were left when the time was over. They are not forgotten by that.
    pub(crate) async fn flush(&self, within: Duration) -> Result<(), usize> {
        let flushed = tokio::time::timeout(within, self.handle.queue.drained()).await;
        flushed.map_err(|_elapsed| self.handle.queue.len())
    }

    /// How long a caller waits for an acknowledgement.
    pub(crate) fn patience(&self) -> Duration {
        self.handle.queue.limits().patience
    }

    /// How many messages it holds.
    pub(crate) fn len(&self) -> usize {
        self.handle.queue.len()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.queue.close();
    }
}
