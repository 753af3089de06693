//! The entries of a stream in batches, decoded on a task of their own.

use std::panic::AssertUnwindSafe;

use aegis_domain::Sequence;
use aegis_journal::hash;
use aegis_nats::follow::Followed;
use aegis_nats::supervise::recover;
use futures_util::FutureExt as _;
use tokio::sync::mpsc;

use super::{Entry, Feed};

/// The most entries in one batch.
pub(crate) const BATCH: usize = 2048;
/// How many batches wait at most between decoding and writing.
const QUEUE: usize = 2;

/// What a source has to say.
#[derive(Debug)]
pub(crate) enum Sourced<T> {
    /// Entries, at least one, in order, and delivered by one consumer. The last has its anchor.
    Entries(Vec<Entry<T>>),
    /// What follows comes from a new consumer: the stream could not be read for a moment.
    Resumed,
    /// Everything there is has come.
    Idle,
    /// The stream cannot be read now.
    Blind,
}

/// A stream, followed and decoded. Dropping it ends both.
#[derive(Debug)]
pub(crate) struct Source<T> {
    batches: mpsc::Receiver<Sourced<T>>,
    task: tokio::task::JoinHandle<()>,
}

impl<T: Send + 'static> Source<T> {
    pub(crate) fn start<F: Feed<Value = T>>(feed: &F, from: Sequence) -> Self {
        let (sender, batches) = mpsc::channel(QUEUE);
        let (feed, mut next) = (feed.clone(), from);
        let work = async move {
            for attempt in 1.. {
                match AssertUnwindSafe(read(&feed, &mut next, &sender)).catch_unwind().await {
                    Ok(()) => return,
                    Err(panic) => recover("the decoding of a stream", attempt, panic).await,
                }
            }
        };
        Self { batches, task: tokio::spawn(work) }
    }

    /// The next thing it has to say; never ends.
    ///
    /// # Cancel safety
    /// Cancel-safe: a batch is taken whole or stays in the queue.
    pub(crate) async fn next(&mut self) -> Sourced<T> {
        match self.batches.recv().await {
            Some(sourced) => sourced,
            // The reader ends only when this handle is dropped, or with its runtime.
            None => std::future::pending().await,
        }
    }
}

impl<T> Drop for Source<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads from `next` on, which moves along.
async fn read<F: Feed>(feed: &F, next: &mut Sequence, sender: &mpsc::Sender<Sourced<F::Value>>) {
    let mut follower = feed.follow(*next);
    let mut held = None;
    let mut consumer = 0;
    loop {
        let first = match held.take() {
            Some(followed) => followed,
            None => follower.next().await,
        };
        let sourced = match first {
            Followed::Idle => Sourced::Idle,
            Followed::Blind => Sourced::Blind,
            // Whoever reads it holds what it has to the stream, as after any time without access to it.
            Followed::Replaced => Sourced::Resumed,
            Followed::Message(message) if message.consumer != consumer => {
                consumer = message.consumer;
                held = Some(Followed::Message(message));
                Sourced::Resumed
            }
            Followed::Message(message) => {
                let mut entries =
                    Vec::with_capacity(BATCH.min(usize::try_from(message.pending).unwrap_or(BATCH) + 1));
                let mut following = Some(message);
                while let Some(message) = following.take() {
                    if entries.len() + 1 < BATCH {
                        match follower.try_next() {
                            Some(Followed::Message(message)) if message.consumer == consumer => {
                                following = Some(message);
                            }
                            other => held = other,
                        }
                    }
                    let (sequence, recorded_at) = (Sequence(message.sequence), message.recorded_at);
                    let pending = message.pending;
                    let anchor = following
                        .is_none()
                        .then(|| hash(&message.subject, message.headers.as_ref(), &message.body));
                    let value = feed.decode(message).await;
                    entries.push(Entry { sequence, recorded_at, pending, anchor, value });
                }
                Sourced::Entries(entries)
            }
        };
        let last = match &sourced {
            Sourced::Entries(entries) => entries.last().map(|entry| entry.sequence),
            Sourced::Resumed | Sourced::Idle | Sourced::Blind => None,
        };
        if sender.send(sourced).await.is_err() {
            return;
        }
        if let Some(last) = last {
            *next = last.next();
        }
    }
}
