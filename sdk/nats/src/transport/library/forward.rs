//! The task that hands the messages of one subscription over.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use async_nats::Subscriber;
use futures_util::StreamExt as _;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::pace::Pace;
use crate::supervise;
use crate::transport::{Headers, Message, Sink};

thread_local! {
    /// Of the message that is being handed over on this thread.
    static WAITING_SINCE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Since when the message may have waited that is being handed over on this thread.
pub(super) fn waiting_since() -> Option<Instant> {
    WAITING_SINCE.get()
}

pub(super) struct Forwarder {
    pub(super) sink: Sink,
    pub(super) pace: Arc<Pace>,
    /// Unsubscribes, and goes on until the library has given all that it has read.
    pub(super) drain: CancellationToken,
    /// What was subscribed to once more, because it had been denied.
    pub(super) replaced: mpsc::Receiver<Subscriber>,
}

impl Forwarder {
    pub(super) async fn run(mut self, mut subscriber: Subscriber) {
        let (mut empty, mut draining) = (Instant::now(), false);
        loop {
            tokio::select! {
                biased;
                () = self.drain.cancelled(), if !draining => {
                    draining = true;
                    if subscriber.drain().await.is_err() {
                        return;
                    }
                }
                Some(newer) = self.replaced.recv() => subscriber = newer,
                message = next(&mut subscriber, &self.pace, &mut empty) => match message {
                    Some(message) => self.hand_over(message, empty),
                    None => return,
                },
            }
        }
    }

    fn hand_over(&self, message: async_nats::Message, empty: Instant) {
        WAITING_SINCE.set(self.pace.waiting_since(empty, Instant::now()));
        let message = Message {
            headers: Headers::from_library(message.headers.as_ref(), message.status.map(|it| it.as_u16())),
            subject: message.subject,
            reply: message.reply,
            payload: message.payload,
        };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (self.sink)(message))) {
            supervise::note("the handling of a message", &*panic);
        }
    }
}

/// The next message. Notes when there was none.
async fn next(subscriber: &mut Subscriber, pace: &Pace, empty: &mut Instant) -> Option<async_nats::Message> {
    std::future::poll_fn(|cx| {
        let polled = subscriber.poll_next_unpin(cx);
        if matches!(polled, Poll::Pending) {
            let now = Instant::now();
            if pace.is_settled(now) {
                *empty = now;
            }
        }
        polled
    })
    .await
}
